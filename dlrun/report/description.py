"""What `dlrun describe` and `dlrun check --data` print: data as tensors, the layer table, rows of each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.report.glyphs import clean, columns, grouped, number, settle
from dlrun.report.lines import Line, broken, layout
from dlrun.report.protocol import division_words, protocol_label
from dlrun.report.reading import part, sections, whole
from dlrun.report.tables import table

Part = Mapping[str, Any]
_MOST_FOLDS = 20
_MOST_FEATURES = 30
_MOST_CLASSES = 50
_MOST_TARGETS = 12
_LABEL = 11
"""Columns of an indented label: ``  protocol ``."""
_ALSO_SAID = ("receptive_field", "first_dense")


def render_description(description: Part, width: int = 100, unicode: bool = True) -> str:
    """Write everything that is known before training."""
    capacity = description["capacity"]
    rows = [
        [layer["name"], layer["kind"], _shape(layer["output_shape"], "rows"), layer["parameters"]]
        for layer in description["layers"]
    ]
    total = (
        f"{grouped(capacity['parameters'])} parameters for {grouped(capacity['training_rows'])} training rows: "
        f"{number(capacity['parameters_per_row'])} trainable ones a row"
    )
    blocks = [
        render_data(description, width, unicode),
        "\n".join([table(["layer", "kind", "output", "parameters"], rows, width, unicode), *broken(total, width)]),
        *_shapes(description, width, unicode),
        *(["\n".join(_warnings(description["warnings"], width, unicode))] if description["warnings"] else []),
    ]
    return settle("\n\n".join(blocks), unicode)


def _shapes(description: Part, width: int, unicode: bool) -> list[str]:
    """Say of each layer that changes the shape why it does, and what reaches the first Dense layer."""
    shapes = part(description, "shapes")
    said = [(change["layer"], change["words"]) for change in sections(shapes, "changes")]
    said += [(each["layer"], each["words"]) for key in _ALSO_SAID if (each := part(shapes, key))]
    lines = [Line(clean(layer, unicode), (clean(words, unicode),)) for layer, words in said]
    if not lines:
        return []
    title = "why these shapes" if sections(shapes, "changes") else "where the parameters are"
    return ["\n".join([title, *(f"  {line}" for line in layout(lines, width - 2))])]


def render_data(description: Part, width: int = 100, unicode: bool = True) -> str:
    """Write the data as tensors, their flaws, the balance of the classes, and the rows of each part."""
    data, summary = description["data"], description["data"]["summary"]
    encoded, targets = description["encoded"], description["data"]["targets"]
    axes = ", ".join(summary["axes"])
    steps = f" after {', '.join(encoded['steps'])}" if encoded["steps"] else ""
    lines = [
        f"{data['source']}   {description['task'].replace('_', ' ')}",
        f"  inputs   rank {summary['rank']} ({axes}), shape {_shape(summary['shape'])}, {summary['dtype']}",
        *_lengths(summary),
        f"  model    shape {_shape(encoded['shape'])}, {encoded['dtype']}{steps}",
        f"  targets  shape {_shape(targets['shape'])}, {targets['dtype']}",
        *_division(description),
        f"  flaws    {_flaws(summary)}",
        *(f"  note     {note}" for note in data["notes"]),
    ]
    blocks = ["\n".join(row for line in lines for row in _wrapped(clean(line, unicode), width))]
    blocks += [
        block
        for block in (
            _folds(description, width, unicode),
            _classes(summary, width, unicode),
            _numbers(summary, width, unicode),
        )
        if block
    ]
    return settle("\n\n".join(blocks), unicode)


def _wrapped(line: str, width: int) -> list[str]:
    """Break a line behind its label where it is too long, and set the rest below its text."""
    if columns(line) <= width or not line.startswith("  "):
        return [line]
    first, *rest = broken(line[_LABEL:], max(width - _LABEL, 20))
    return [line[:_LABEL] + first, *(f"{'':{_LABEL}}{row}" for row in rest)]


def _warnings(texts: Sequence[str], width: int, unicode: bool) -> list[str]:
    rows = []
    for text in texts:
        first, *rest = broken(clean(f"warning: {text}", unicode), max(width - 2, 20))
        rows += [first, *(f"  {row}" for row in rest)]
    return rows


def _division(description: Part) -> list[str]:
    """Say by which protocol rows are held out, and how many; of several folds the first one's."""
    facts = {
        "protocol": description.get("protocol"),
        "splits": description.get("splits"),
        "data": {"duplicates": description["data"]["summary"]["duplicates"]},
    }
    words = [protocol_label(facts), *division_words(facts)]
    parts = ", ".join(f"{name} {grouped(rows)}" for name, rows in description["parts"].items())
    several = (whole(part(facts, "protocol").get("k")) or 1) > 1
    return [
        *([f"  protocol {', '.join(word for word in words if word)}"] if any(words) else []),
        f"  parts    {parts} rows" + (" (fold 1)" if several else ""),
    ]


def _folds(description: Part, width: int, unicode: bool) -> str:
    """Write the rows of each fold's parts; nothing for a single split."""
    folds = sections(part(description, "splits"), "folds")
    if len(folds) < 2:
        return ""
    shown = ["fold", "train", "monitor", "validation"]
    if not any(whole(fold.get("monitor")) for fold in folds):
        shown.remove("monitor")
    if len({whole(fold.get("iteration")) for fold in folds}) > 1:
        shown.insert(0, "iteration")
    rows = [[whole(fold.get(name)) for name in shown] for fold in folds]
    header = ["early stopping" if name == "monitor" else name for name in shown]
    return table(header, rows[:_MOST_FOLDS], width, unicode) + _more(rows, _MOST_FOLDS)


def _classes(summary: Part, width: int, unicode: bool) -> str:
    classes: Mapping[str, int] = summary["classes"]
    if not classes:
        return ""
    rows = [[name, count, f"{100 * count / summary['rows']:.1f} %"] for name, count in classes.items()]
    return table(["class", "rows", "share"], rows[:_MOST_CLASSES], width, unicode) + _more(rows, _MOST_CLASSES)


def _numbers(summary: Part, width: int, unicode: bool) -> str:
    targets = summary["targets"]
    rows = [
        [each["name"], each.get("missing", 0), each["minimum"], each["maximum"], each["mean"]]
        for each in (*(targets if len(targets) <= _MOST_TARGETS else ()), *summary["features"])
    ]
    if len(targets) > _MOST_TARGETS:  # such as the pixels of a frame: one by one they say nothing
        low, high = min(each["minimum"] for each in targets), max(each["maximum"] for each in targets)
        mean = sum(each["mean"] for each in targets) / len(targets)
        rows.insert(0, [f"all {grouped(len(targets))} targets", 0, low, high, mean])
    if not rows:
        return ""
    header = ["column", "missing", "lowest", "highest", "mean"]
    return table(header, rows[:_MOST_FEATURES], width, unicode) + _more(rows, _MOST_FEATURES)


def _more(rows: Sequence[Any], most: int) -> str:
    return f"\nand {len(rows) - most} more" if len(rows) > most else ""


def _flaws(summary: Part) -> str:
    missing = sum(summary["missing"].values())
    constant = summary["constant"]
    return ", ".join(
        [
            _repeated(summary["duplicates"]),
            f"{grouped(missing)} missing values" if missing else "no missing values",
            *([f"constant columns: {', '.join(constant[:10])}"] if constant else []),
        ]
    )


def _lengths(summary: Part) -> list[str]:
    """Say how long rows are that differ in length: tokens, or the words of texts."""
    lengths = summary.get("lengths")
    if not lengths:
        return []
    median = lengths["median"]
    middle = grouped(int(median)) if median == int(median) else number(median)
    words = f"{middle} in the median, {grouped(lengths['minimum'])} to {grouped(lengths['maximum'])}"
    empty = lengths["empty"]
    none = f"; {grouped(empty)} row{' is' if empty == 1 else 's are'} empty" if empty else ""
    return [f"  lengths  {lengths['unit']} in a row: {words}{none}"]


def _shape(sizes: Sequence[int | None], first: str | None = None) -> str:
    shown = ["any" if size is None else grouped(size) for size in sizes]
    return f"({', '.join([first, *shown[1:]] if first else shown)})"


def _repeated(rows: int) -> str:
    return f"{grouped(rows)} duplicate row{'' if rows == 1 else 's'}" if rows else "no duplicates"
