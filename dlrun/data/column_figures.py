"""Figures of every column of a table, computed while going over its rows a part at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.chunks import parts_of
from dlrun.data.dataset import Array, Indices

Floats = npt.NDArray[np.float64]
_SQUARES_END = 1e150  # squares of larger numbers leave float64, so they are taken in a unit of their own


@dataclass(frozen=True)
class ColumnFigures:
    """Of each column, over the rows that have a value there; all arrays of shape (columns,).

    Where every value is missing, and for codes of texts, the figures mean nothing.

    Args:
        rows: how many were looked at.
        missing: how many of them have no value.
        minimum: the smallest value.
        maximum: the largest.
        mean: computed in float64.
        std: likewise, divided by n.
        codes: of columns of texts: the different codes, by column.
    """

    rows: int
    missing: Indices
    minimum: Floats
    maximum: Floats
    mean: Floats
    std: Floats
    codes: Mapping[int, Floats]


def column_figures(inputs: Array, rows: Indices, texts: Sequence[int]) -> ColumnFigures:
    """Look at some rows of a table twice: for ranges and gaps, then for means and deviations.

    Args:
        inputs: (all rows, columns), NaN: missing.
        rows: which to look at, (rows,), at least one.
        texts: columns that hold codes of texts.
    """
    columns = inputs.shape[1]
    missing, codes = np.zeros(columns, np.int64), {place: np.empty(0) for place in texts}
    minimum, maximum = np.full(columns, np.nan), np.full(columns, np.nan)
    for part in parts_of(inputs, rows):
        gaps = np.isnan(part) if part.dtype.kind == "f" else np.zeros(part.shape, bool)
        missing += gaps.sum(axis=0)
        minimum = np.fmin(minimum, np.fmin.reduce(part, axis=0))
        maximum = np.fmax(maximum, np.fmax.reduce(part, axis=0))
        codes = {place: np.union1d(seen, part[~gaps[:, place], place]) for place, seen in codes.items()}
    mean, std = _moments(inputs, rows, np.fmax(np.abs(minimum), np.abs(maximum)))
    return ColumnFigures(len(rows), missing, minimum, maximum, mean, std, codes)


def _moments(inputs: Array, rows: Indices, largest: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each column; parts are merged as Chan, Golub and LeVeque (1979) do."""
    unit = np.where(largest > _SQUARES_END, largest, 1.0)
    count, mean, squares = np.zeros(len(unit)), np.zeros(len(unit)), np.zeros(len(unit))
    for part in parts_of(inputs, rows):
        values = part.astype(np.float64) / unit  # sums of bytes and of float32 lose digits
        there = ~np.isnan(values)
        here = there.sum(axis=0)
        total = count + here
        own = np.where(there, values, 0.0).sum(axis=0) / np.maximum(here, 1)
        apart = own - mean
        squares += (np.where(there, values - own, 0.0) ** 2).sum(axis=0)
        squares += apart**2 * count * here / np.maximum(total, 1)
        mean += apart * here / np.maximum(total, 1)
        count = total
    return mean * unit, np.sqrt(squares / np.maximum(count, 1)) * unit
