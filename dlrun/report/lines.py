"""Laying out ``label   item   item`` lines: as many items on a line as its width holds, the rest below them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dlrun.report.glyphs import columns

_GAP = "   "
_WIDEST_LABEL = 20


@dataclass(frozen=True)
class Line:
    """A labelled line. Items stay whole where the width allows it; without a label it goes on from the line above."""

    label: str
    items: tuple[str, ...]


def indent_of(labels: Iterable[str]) -> int:
    """Return the column in which items begin beside these labels; a very wide label stands above its items."""
    return 2 + max((columns(label) for label in labels if columns(label) <= _WIDEST_LABEL), default=0)


def layout(lines: Sequence[Line], width: int) -> list[str]:
    """Write lines with their items in one left-aligned column, none wider than ``width`` where words can be broken."""
    indent = indent_of(line.label for line in lines)
    written: list[str] = []
    for line in lines:
        label = line.label
        if columns(label) > _WIDEST_LABEL and line.items:
            written.append(label)
            label = ""
        for row in _fill(line.items, max(width - indent, 20)):
            written.append((pad(label, indent) + row).rstrip())
            label = ""
        if not line.items:
            written.append(label)
    return written


def pad(text: str, width: int, right: bool = False) -> str:
    """Fill text up to a number of terminal columns."""
    space = " " * (width - columns(text))
    return space + text if right else text + space


def _fill(items: Sequence[str], width: int) -> Iterator[str]:
    row = ""
    for item in items:
        if row and columns(row) + len(_GAP) + columns(item) > width:
            yield row
            row = ""
        *full, item = broken(item, width)
        yield from full
        row = f"{row}{_GAP}{item}" if row else item
    if row:
        yield row


def broken(item: str, width: int) -> list[str]:
    """Break one item at its plain spaces; a word that is too long stays whole."""
    if columns(item) <= width:
        return [item]  # as it is, with the spaces that align it
    rows = [""]
    for word in item.split(" "):
        longer = f"{rows[-1]} {word}" if rows[-1] else word
        if rows[-1] and columns(longer) > width:
            rows.append(word)
        else:
            rows[-1] = longer
    return rows
