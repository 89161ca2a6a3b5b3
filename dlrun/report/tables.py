"""Small text tables: aligned, numbers to the right, cut to the width of the terminal, no colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlrun.report.glyphs import clean, columns, grouped, number, settle
from dlrun.report.lines import pad

_GAP = "  "
_NARROWEST = 8


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    width: int | None = None,
    unicode: bool = True,
    keep: frozenset[int] = frozenset(),
) -> str:
    """Write rows under a header; no newline at the end.

    Args:
        header: one name a column.
        rows: cells: whole numbers get their thousands apart, other numbers three significant digits, None is empty.
            What only looks like a number (a seed, a year) comes as text.
        width: columns of the terminal; the widest text columns are cut with an ellipsis until the table fits.
        unicode: whether the stream can show more than ASCII.
        keep: columns that are never cut, by index: names that a person will type or copy.
    """
    right = [_is_numeric([row[column] for row in rows]) for column in range(len(header))]
    cells = [[clean(_cell(value), unicode) for value in row] for row in [header, *rows]]
    widths = [max(columns(row[column]) for row in cells) for column in range(len(header))]
    if width is not None:
        widths = _narrowed(widths, [fixed or column in keep for column, fixed in enumerate(right)], width)
    lines = [
        _GAP.join(
            pad(_cut(cell, size, unicode), size, at_right)
            for cell, size, at_right in zip(row, widths, right, strict=True)
        )
        for row in cells
    ]
    return settle("\n".join(line.rstrip() for line in lines), unicode)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return grouped(value)
    return number(value) if isinstance(value, float) else str(value)


def _is_numeric(values: Sequence[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present)


def _narrowed(widths: list[int], fixed: Sequence[bool], width: int) -> list[int]:
    """Take columns from the widest text column until the table fits, or none can give any more."""
    widths = list(widths)
    room = width - len(_GAP) * (len(widths) - 1)
    givers = [column for column, stays in enumerate(fixed) if not stays]
    while sum(widths) > room and (widest := max(givers, key=lambda column: widths[column], default=-1)) >= 0:
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths


def _cut(text: str, width: int, unicode: bool) -> str:
    if columns(text) <= width:
        return text
    ellipsis = "…" if unicode else "..."
    if text.isascii():
        text = text[: max(width, 0)]
    while text and columns(text) + len(ellipsis) > width:
        text = text[:-1]
    return text + ellipsis
