"""The list of runs as a table: one line a run, the best marked, what differs, and below it what holds for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.report.glyphs import clean, columns
from dlrun.report.lines import broken
from dlrun.report.protocol import protocol_name
from dlrun.report.tables import table

Row = Mapping[str, Any]
_GAP = 2
_ENOUGH = 200
"""Lines that are measured to see whether a long table fits."""


@dataclass(frozen=True)
class _Column:
    """A column, and the words for a value that all runs have; a column without such words always stays."""

    header: str
    cell: Callable[[Row], Any]
    shared: str = ""


_COLUMNS = (
    _Column("run", lambda row: row["run"]),
    _Column("status", lambda row: f"{row['status']}: {row['note']}" if row.get("note") else row["status"], "{}"),
    _Column("data", lambda row: row["dataset"], "data {}"),
    _Column("protocol", lambda row: protocol_name(row["protocol"], row.get("k"), row.get("iterations")), "{}"),
    _Column("metric", lambda row: row["metric"], "{}"),
    _Column("score", lambda row: row["score"]),
)
_SEED = _Column("seed", lambda row: None if row["seed"] is None else str(row["seed"]), "seed {}")
_TAGS = _Column("tags", lambda row: " ".join(row.get("tags", ())), "tags {}")


def render_runs(
    rows: Sequence[Row],
    width: int = 100,
    unicode: bool = True,
    *,
    labels: Mapping[str, str] | None = None,
    sorted_by: str | None = None,
    found: int | None = None,
) -> str:
    """Write one line a run.

    Where the lines would be wider than the terminal, what is the same in all of them is told once, below the table.

    Args:
        rows: of `dlrun.runs.overview`.
        width: columns of the terminal.
        unicode: whether the stream can show more than ASCII.
        labels: short forms of paths into the spec.
        sorted_by: a value that gets a column of its own.
        found: how many runs there are, where these are the first of them.
    """
    star = "★" if unicode else "*"
    marked = [row for row in rows if row.get("best")]
    shown = [*_COLUMNS]
    if marked:
        shown.append(_Column("", lambda row: star if row.get("best") else ""))
    shown.append(_SEED)
    if sorted_by is not None:
        shown.append(_Column(sorted_by, lambda row: _sorted_value(row.get(sorted_by))))
    shown += [_TAGS] if any(row.get("tags") for row in rows) else []
    shown += [_differs_column(labels or {})] if any(_differs(row) for row in rows) else []
    cells = [[column.cell(row) for column in shown] for row in rows]
    shown, cells, told = _told_once(shown, cells, width)
    text = table([column.header for column in shown], cells, width, unicode, frozenset({0}))
    notes = [
        f"all: {', '.join(told)}" if told else "",
        _best_words(star, marked),
        f"{len(rows)} of {found} runs" if found is not None and found > len(rows) else "",
    ]
    below = [line for note in notes if note for line in broken(clean(note, unicode), width)]
    return "\n".join([text, *([""] if below else []), *below])


def _told_once(
    shown: list[_Column], cells: list[list[Any]], width: int
) -> tuple[list[_Column], list[list[Any]], list[str]]:
    """Take out the columns that say the same in every line, where the lines are too wide; say it in words."""
    if len(cells) < 2 or _fits(shown, cells, width):
        return shown, cells, []
    same = {at for at, column in enumerate(shown) if column.shared and len({str(row[at]) for row in cells}) == 1}
    told = [shown[at].shared.format(cells[0][at]) for at in sorted(same) if cells[0][at] not in (None, "")]
    kept = [at for at in range(len(shown)) if at not in same]
    return [shown[at] for at in kept], [[row[at] for at in kept] for row in cells], told


def _fits(shown: Sequence[_Column], cells: Sequence[Sequence[Any]], width: int) -> bool:
    room = width + _GAP
    for at, column in enumerate(shown):
        room -= _GAP + max(columns(column.header), *(_cell_width(row[at]) for row in cells[:_ENOUGH]))
        if room < 0:
            return False
    return True


def _cell_width(cell: Any) -> int:
    # Scores have about five columns: three significant digits.
    return 0 if cell is None else 5 if isinstance(cell, float) else columns(str(cell))


def _best_words(star: str, marked: Sequence[Row]) -> str:
    """Say what the mark means: the best of several was chosen by the score that it is shown with."""
    if not marked:
        return ""
    counts = {row["best_of"] for row in marked}
    many = f"{counts.pop()} runs" if len(counts) == 1 and len({row["metric"] for row in marked}) == 1 else "the runs"
    return f"{star} best of {many} on the same data and splits: chosen by this score, which therefore flatters it"


def _differs_column(labels: Mapping[str, str]) -> _Column:
    return _Column(
        "differs",
        lambda row: " ".join(f"{labels.get(path, path)}={_value(value)}" for path, value in _differs(row).items()),
    )


def _differs(row: Row) -> Mapping[str, Any]:
    differs = row.get("differs")
    return differs if isinstance(differs, Mapping) else {}


def _value(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sorted_value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
