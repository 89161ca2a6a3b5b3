"""A run's record as the lines that a person reads at the end of `dlrun train` and from `dlrun show`.

A record is read as it comes: whatever is missing (a run that failed has no scores) is left out.
"""

from __future__ import annotations

from typing import Any

from dlrun.report.glyphs import clean, group_digits, grouped, settle
from dlrun.report.lines import Line, layout
from dlrun.report.reading import Record, part, whole, words
from dlrun.report.scores import fold_table, result_lines

_PROTOCOLS = {"holdout": "hold-out", "kfold": "K-fold", "iterated_kfold": "iterated K-fold"}
_NEXT = "dlrun show latest"


def render_record(record: Record, width: int = 100, unicode: bool = True) -> str:
    """Write a run's whole record as text: what was run, what came of it, what was warned of.

    Args:
        record: see ``docs/run-folder.md``; ``run`` is the folder's path.
        width: of the terminal, in columns.
        unicode: whether the stream can show more than ASCII.
    """
    remarked = "\n".join(layout(remarks(record, unicode), width))
    blocks = [render_headline(record, width, unicode), _scored(record, width, unicode), settle(remarked, unicode)]
    return "\n\n".join(block for block in (*blocks, clean(words(record, "run"), unicode)) if block)


def render_headline(record: Record, width: int = 100, unicode: bool = True) -> str:
    """Write the lines that introduce a run."""
    return settle("\n".join(layout(headline(record, unicode), width)), unicode)


def render_result(record: Record, width: int = 100, unicode: bool = True, next_step: str = _NEXT) -> str:
    """Write what came of a run, where it lies, and which command comes next; warnings were told while it ran."""
    where = f"{clean(words(record, 'run'), unicode)}      next: {next_step}"
    return "\n\n".join(block for block in (_scored(record, width, unicode), where) if block)


def _scored(record: Record, width: int, unicode: bool) -> str:
    folds = [f"  {line}" for line in fold_table(record, width - 2, unicode).splitlines()]
    blocks = (folds, layout(result_lines(record, unicode), width))
    return settle("\n\n".join("\n".join(block) for block in blocks if block), unicode)


def headline(record: Record, unicode: bool = True) -> list[Line]:
    """Say what was run, in three lines: the data, the model, the protocol."""
    data, model, protocol = (part(record, key) for key in ("data", "model", "protocol"))
    task = words(record, "task").replace("_", " ")
    shape = _listed(group_digits(words(data, "input_words")), task)
    seed = whole(record.get("seed"))
    settings = _listed(words(model, "optimiser"), words(model, "loss"))
    name = words(protocol, "name")
    lines = [
        (words(record, "name"), (shape, _flaws(data), "" if seed is None else f"seed {seed}")),
        ("", (words(model, "outline"), _count(model.get("parameters"), "parameter"), settings)),
        (_PROTOCOLS.get(name, name), (_training_words(record), _rows_words(protocol), _engine_words(record))),
    ]
    kept = [(label, [clean(item, unicode) for item in items if item]) for label, items in lines]
    return [Line(clean(label, unicode), tuple(items)) for label, items in kept if label or items]


def remarks(record: Record, unicode: bool = True) -> list[Line]:
    """Say what went wrong with a run that is not done, and what was warned of."""
    status = words(record, "status")
    lines = []
    if status not in ("done", ""):
        lines.append(Line(clean(status, unicode), (clean(words(record, "failure") or "no result", unicode),)))
    warnings = record.get("warnings")
    texts = warnings if isinstance(warnings, list | tuple) else []
    return lines + [Line("warning", (clean(text, unicode),)) for text in texts]


def _flaws(data: Record) -> str:
    found = [(whole(data.get(key)), what) for key, what in (("duplicates", "duplicate"), ("missing", "missing value"))]
    return _listed(*(_count(count, what) if count else f"no {what}s" for count, what in found if count is not None))


def _training_words(record: Record) -> str:
    training = part(record, "training")
    batch = whole(training.get("batch_size"))
    trained = training.get("epochs_trained")
    only = whole(trained[0]) if isinstance(trained, list) and len(trained) == 1 else None
    of = f"{only} of " if only is not None and training.get("stopped_early") is True else ""
    return _listed(of + _count(training.get("epochs"), "epoch"), "" if batch is None else f"batch {grouped(batch)}")


def _rows_words(protocol: Record) -> str:
    names = {"train": "train", "monitor": "early stopping", "validation": "validation", "test": "test"}
    counts = [(words, whole(protocol.get(name))) for name, words in names.items()]
    listed = _listed(*(f"{name} {grouped(rows)}" for name, rows in counts if rows))
    return f"{listed} rows" if listed else ""


def _engine_words(record: Record) -> str:
    name = words(part(record, "engine"), "name")
    return f"{name} engine" if name else ""


def _count(value: Any, what: str) -> str:
    count = whole(value)
    return "" if count is None else f"{grouped(count)} {what}{'' if count == 1 else 's'}"


def _listed(*texts: str) -> str:
    return ", ".join(text for text in texts if text)
