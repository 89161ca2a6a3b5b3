"""Ranking scores of many resamples at once: sort the rows once, then weight them by how often each was drawn.

A resample with replacement holds each row some number of times. Both scores here need only those counts and the order
of the rows, so a thousand resamples cost a thousand cumulative sums instead of a thousand sorts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.evaluation.columns import ratio

Floats = npt.NDArray[np.float64]


def roc_auc_of_counts(positive: Array, scores: Array, counts: Array) -> Floats:
    """Area under the ROC curve of each resample: the chance that a positive row is ranked above a negative one.

    A tie counts as half (Mann-Whitney's U).

    Args:
        positive: whether each row is positive, shape (rows,), bool.
        scores: higher means more likely positive, shape (rows,).
        counts: how often each resample holds each row, shape (resamples, rows).

    Returns:
        Shape (resamples,); NaN where a resample lacks positive or negative rows.
    """
    order = np.argsort(scores, kind="stable")
    above = _by_tie(counts[:, order] * positive[order], scores[order])  # positives in each group of equal scores
    below = _by_tie(counts[:, order] * ~positive[order], scores[order])
    ranked_below = np.cumsum(below, axis=1) - below / 2
    pairs = above.sum(axis=1) * below.sum(axis=1)
    return ratio((above * ranked_below).sum(axis=1), pairs)


def average_precision_of_counts(positive: Array, scores: Array, counts: Array) -> Floats:
    """Average precision of each resample: precision at every threshold, weighted by the gain in recall.

    Arguments and result as in `roc_auc_of_counts`; NaN where a resample lacks positive rows.
    """
    order = np.argsort(-scores, kind="stable")
    gained = _by_tie(counts[:, order] * positive[order], scores[order])
    found = np.cumsum(gained, axis=1)
    taken = np.cumsum(_by_tie(counts[:, order], scores[order]), axis=1)
    precision = found / np.maximum(taken, 1)
    return ratio((gained * precision).sum(axis=1), found[:, -1])


def _by_tie(values: Array, ordered_scores: Array) -> Array:
    """Add up the columns that share a score: one threshold cannot tell them apart."""
    starts = np.flatnonzero(np.concatenate([[True], ordered_scores[1:] != ordered_scores[:-1]]))
    return values if len(starts) == len(ordered_scores) else np.add.reduceat(values, starts, axis=1)
