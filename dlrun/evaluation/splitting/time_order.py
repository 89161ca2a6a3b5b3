"""From a column of times to an order: numbers as they are, texts only where they are dates beyond doubt (ISO 8601)."""

from __future__ import annotations

import numpy as np

from dlrun.data.dataset import Array, Indices
from dlrun.data.times import comparable_times


def time_ranks(values: Array, rows: Indices, column: str) -> Indices:
    """Rank the times of rows: equal times have equal ranks.

    Args:
        values: one for each row of the data set, (rows,): numbers, datetime64, or texts that are ISO dates.
        rows: those that are in play; only they need a time.
        column: for messages.

    Returns:
        Ranks from 0 without gaps for rows in play, -1 for others, (rows of the data set,).

    Raises:
        DataError: a row in play has no time, or one that is neither a number nor an ISO date.
    """
    times = comparable_times(values[rows], rows, column)
    ranks = np.full(len(values), -1, np.int64)
    ranks[rows] = np.unique(times, return_inverse=True)[1]
    return ranks
