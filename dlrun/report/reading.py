"""Reading a record that may lack anything, and may have been edited by hand: what is not as agreed is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]
_BEYOND_USE = 10**18
"""Whole numbers of this size count nothing; Python may refuse to write them out or to make floats of them."""


def part(record: Record, *keys: str) -> Record:
    """Return a section of a record; an empty one when there is none."""
    for key in keys:
        inner = record.get(key)
        record = inner if isinstance(inner, Mapping) else {}
    return record


def parts(record: Record, *keys: str) -> dict[str, Record]:
    """Return the sections of a section by name, such as the scores by metric."""
    return {str(name): inner for name, inner in part(record, *keys).items() if isinstance(inner, Mapping)}


def sections(record: Record, key: str) -> list[Record]:
    """Return the sections in a list, such as the folds; empty when there is no list."""
    value = record.get(key)
    return [inner for inner in value if isinstance(inner, Mapping)] if isinstance(value, list | tuple) else []


def items(record: Record, key: str) -> list[Any]:
    """Return what a list holds; empty when there is none."""
    value = record.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def words(record: Record, key: str) -> str:
    """Return text; empty when there is none."""
    value = record.get(key)
    return value if isinstance(value, str) else ""


def real(value: Any) -> float | None:
    """Return a number as it is, and None for anything else."""
    return value if isinstance(value, float) else whole(value)


def whole(value: Any) -> int | None:
    """Return a whole number as it is, and None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _BEYOND_USE else None
