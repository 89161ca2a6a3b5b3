"""Rows that occur more than once, found by their hashes: all rows at once, never pair by pair."""

from __future__ import annotations

import numpy as np

from dlrun.data.dataset import Hashes, Indices


def first_of_each(hashes: Hashes) -> Indices:
    """For each row, find the first row that equals it.

    Args:
        hashes: such as `Dataset.hashes`, shape (rows,).

    Returns:
        Row numbers, shape (rows,) int64: the row itself where no earlier row equals it.
    """
    _, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    return first[which].astype(np.int64)


def shared_rows(hashes: Hashes, a: Indices, b: Indices) -> Indices:
    """Find the rows of ``b`` that also stand in ``a``.

    Args:
        hashes: such as `Dataset.hashes`, shape (rows,).
        a: row numbers, such as the training rows, in any order.
        b: row numbers, such as the test rows.

    Returns:
        Shape (found, 2) int64, in the order of ``b``: a row of ``b``, and the smallest row of ``a`` that equals it.
    """
    ascending = np.sort(a)
    values, first = np.unique(hashes[ascending], return_index=True)
    wanted = hashes[b]
    places = np.searchsorted(values, wanted)
    # A hash beyond the last one has no place, so it is compared with any.
    found = values[np.minimum(places, len(values) - 1)] == wanted if len(values) else np.zeros(len(b), bool)
    return np.column_stack([b[found], ascending[first[places[found]]]]).astype(np.int64)
