"""Walking over rows a part at a time, so that inputs that are mapped from a file are never copied as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from dlrun.data.dataset import Array, Indices

CHUNK_CELLS = 1 << 22
"""Values in one part: 32 MB as doubles."""


def rows_in_part(row_shape: Sequence[int], *, most: int | None = None) -> int:
    """Return how many rows of a shape make one part: at least one, and at most ``most``."""
    rows = max(1, CHUNK_CELLS // max(1, math.prod(row_shape)))
    return rows if most is None else min(rows, most)


def stretches(rows: int, size: int) -> Iterator[slice]:
    """Cut the numbers 0..rows-1 into stretches of at most ``size``."""
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def parts_of(array: Array, rows: Indices | None = None) -> Iterator[Array]:
    """Yield an array's rows in parts.

    Args:
        array: of any shape (rows, ...).
        rows: which rows, in the order asked for, (chosen,); None for all of them, as views.
    """
    for stretch in stretches(len(array) if rows is None else len(rows), rows_in_part(array.shape[1:])):
        yield array[stretch] if rows is None else array[rows[stretch]]


def any_row(array: Array, test: np.ufunc) -> bool:
    """Whether a test such as ``np.isnan`` holds for any value."""
    return any(bool(test(part).any()) for part in parts_of(array))


def rows_where(array: Array, test: np.ufunc) -> Indices:
    """Find the rows in which a test such as ``np.isinf`` holds for any value, (found,)."""
    found = [test(part).reshape(len(part), -1).any(axis=1) for part in parts_of(array)]
    return np.flatnonzero(np.concatenate(found)) if found else np.empty(0, np.int64)
