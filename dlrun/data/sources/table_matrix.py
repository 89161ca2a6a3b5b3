"""The input columns of a table side by side: in memory, or, where they are large, mapped from a scratch file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dlrun.data import scratch, targets
from dlrun.data.dataset import Array, Indices
from dlrun.data.sources import columns, parquet_files
from dlrun.errors import DataError

Table = Mapping[str, Array]
"""Plain columns (see `columns.plain`) by name."""


@dataclass(frozen=True)
class Matrix:
    """Input columns side by side, what the codes of text columns mean, and what a person should know."""

    values: Array
    categories: Mapping[int, tuple[str, ...]]
    notes: tuple[str, ...]


def matrix_of(table: Table, features: Sequence[str], rows: int, what: str) -> Matrix:
    """Put the input columns that the table has side by side, (rows, features) float64; texts become codes."""
    matrix = scratch.array_for((rows, len(features)), np.dtype(np.float64), what)
    categories, notes = {}, []
    for index, name in enumerate(features):
        if name not in table:
            continue
        values = table[name]
        if columns.is_all_missing(values):
            raise _empty(name)
        if columns.is_text(values):
            matrix[:, index], categories[index] = columns.encode_texts(values)
            if culprit := columns.almost_numbers(categories[index]):
                notes.append(f"Column '{name}' is taken for text because of values such as '{culprit}'.")
            continue
        matrix[:, index] = values
        if (infinite := np.isinf(matrix[:, index])).any():
            raise _infinite(name, np.flatnonzero(infinite))
    return Matrix(matrix, categories, tuple(notes))


def fill(matrix: Array, paths: Sequence[str], names: Sequence[str], features: Sequence[str]) -> None:
    """Bring columns of numbers from Parquet files into their places in the matrix, a part of the rows at a time."""
    places, start = [features.index(name) for name in names], 0
    there, infinite = np.zeros(len(names), bool), [np.empty(0, np.int64)] * len(names)
    for path in paths:
        for part in parquet_files.number_parts(path, names):
            matrix[start : start + len(part), places] = part
            there |= ~np.isnan(part).all(axis=0)
            for index in np.flatnonzero(np.isinf(part).any(axis=0)).tolist():
                rows = start + np.flatnonzero(np.isinf(part[:, index]))
                infinite[index] = np.concatenate([infinite[index], rows])
            start += len(part)
    for index, name in enumerate(names):
        if not there[index]:
            raise _empty(name)
        if len(infinite[index]):
            raise _infinite(name, infinite[index])


def _empty(name: str) -> DataError:
    return DataError(f"column '{name}' has no values at all", hint="leave it out with `features`")


def _infinite(name: str, rows: Indices) -> DataError:
    return DataError(
        f"column '{name}' is infinite in {targets.rows_text(rows)}",
        hint="put a number or a missing marker there, or leave the column out with `features`",
    )
