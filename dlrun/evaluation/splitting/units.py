"""Which rows must stay together: equal rows, rows of one group, and whatever hangs together by both."""

from __future__ import annotations

import numpy as np

from dlrun.data.dataset import Array, Indices
from dlrun.data.repeats import first_of_each
from dlrun.data.targets import rows_text
from dlrun.errors import DataError


def connected(*keys: Indices) -> Indices:
    """Join rows that share a value in any of several columns, directly or through other rows.

    Args:
        keys: whole numbers from 0, (rows,) each.

    Returns:
        For each row the smallest row that hangs together with it, (rows,).
    """
    units: Indices = np.arange(len(keys[0]), dtype=np.int64)
    while True:
        before = units
        for key in keys:
            lowest = np.full(int(key.max(initial=-1)) + 1, len(units), np.int64)
            np.minimum.at(lowest, key, units)
            units = lowest[key]
        # Each row points to a smaller one of its component; jumping along the pointers halves long chains.
        units = units[units]
        if np.array_equal(units, before):
            return units


def twins(hashes: Array, rows: Indices) -> Indices:
    """For each of some rows, find the first of them that equals it: row numbers, (chosen,)."""
    ordered = np.sort(rows)
    first = ordered[first_of_each(hashes[ordered])]
    return first[np.searchsorted(ordered, rows)]


def group_numbers(values: Array, rows: Indices, column: str) -> Indices:
    """Number the groups of a column.

    Args:
        values: one for each row of the data set, (rows,); NaN and None are missing.
        rows: those that are in play; only they need a group.
        column: for messages.

    Returns:
        Numbers from 0 for rows in play, -1 for others, (rows of the data set,).

    Raises:
        DataError: a row in play has no group.
    """
    import pandas as pd

    numbers = np.full(len(values), -1, np.int64)
    numbers[rows] = pd.factorize(values[rows])[0]
    if (missing := rows[numbers[rows] < 0]).size:
        raise DataError(
            f"the group column '{column}' is empty in {rows_text(np.sort(missing))}",
            hint="say in the file which group they belong to, or take these rows out",
        )
    return numbers
