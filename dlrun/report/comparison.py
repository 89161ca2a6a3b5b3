"""Runs side by side: as text for a terminal, as rows of a table and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlrun.report.glyphs import clean, settle
from dlrun.report.lines import Line, layout
from dlrun.report.scores import interval_words, value_words
from dlrun.report.tables import table

Record = Mapping[str, Any]
COLUMNS = ("letter", "run", "mean", "std", "low", "high", "n", "difference", "difference_low", "difference_high", "p")
_HEADER = ("", "run", "score", "95 %", "seed")
_WHOLE = frozenset({1, 2, 3})
"""Columns that are never cut: a name is copied, and half a figure is another one."""


def render_comparison(comparison: Record, width: int = 100, unicode: bool = True) -> str:
    """Write the runs as a table and each comparison as a sentence.

    Args:
        comparison: as `dlrun.experiment.compare_runs` gives it.
        width: of the terminal, in columns.
        unicode: whether the stream can show more than ASCII.
    """
    way = "higher" if comparison["higher_is_better"] else "lower"
    head = f"{comparison['metric']} of validation rows ({way} is better)"
    runs = table(_HEADER, [_cells(run) for run in comparison["runs"]], width, unicode, _WHOLE)
    lines = [line for each in comparison["comparisons"] for line in _lines(each, comparison["rope"])]
    lines += [Line("note", (note,)) for note in comparison["notes"]]
    cleaned = [Line(line.label, tuple(clean(item, unicode) for item in line.items)) for line in lines]
    told = settle("\n".join(layout(cleaned, width)), unicode)
    return "\n\n".join([clean(head, unicode), runs, told])


def comparison_rows(comparison: Record) -> list[list[Any]]:
    """List the runs, with what the comparison with the first one found, in the order of `COLUMNS`."""
    found = {each["letter"]: each for each in comparison["comparisons"]}
    rows = []
    for run in comparison["runs"]:
        each = found.get(run["letter"], {})
        beside = [each.get(key) for key in ("difference", "low", "high", "p")]
        rows.append([run["letter"], run["run"], *(run[key] for key in ("mean", "std", "low", "high", "n")), *beside])
    return rows


def comparison_markdown(comparison: Record) -> str:
    """Write a table and the sentences below it; what Markdown or a page would read as markup is escaped."""
    header = ["", "run", str(comparison["metric"]), "95 %", "against A"]
    words = {each["letter"]: each["words"] for each in comparison["comparisons"]}
    rows = [
        [run["letter"], Path(run["run"]).name, value_words(run), interval_words(run), words.get(run["letter"], "")]
        for run in comparison["runs"]
    ]
    lines = [[_escaped(cell) for cell in row] for row in [header, *rows]]
    lines.insert(1, ["---"] * len(header))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(run: Record) -> Sequence[Any]:
    seed = run.get("seed")
    interval = interval_words(run).removeprefix("(95 % ").removesuffix(")")
    return [run["letter"], Path(run["run"]).name, value_words(run), interval, None if seed is None else str(seed)]


def _lines(each: Record, rope: float | None) -> list[Line]:
    label = f"{each['letter']} / {each['against']}"
    lines = [Line(label, (each["words"],))]
    if each["test"]:
        lines.append(Line("", (f"test: {each['test']}",)))
    if (belief := each["posterior"]) is not None:
        parts = (f"worse {belief['worse']:.0%}", f"within {rope:g} {belief['equivalent']:.0%}")
        lines.append(Line("", (f"probability: {', '.join(parts)}, better {belief['better']:.0%}",)))
    return lines


def _escaped(text: str) -> str:
    spoken = clean(text)
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("`", "\\`"), ("*", "\\*"), ("_", "\\_")):
        spoken = spoken.replace(sign, written)
    return spoken
