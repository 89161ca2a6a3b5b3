"""How sure a score is: percentile bootstrap intervals over the rows that were scored.

Source: B. Efron and R. Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13. The interval says how much
the score would move with other rows of the same kind. It knows nothing of other initial weights or training rows.

Windows over a series overlap, so neighbours are no independent rows: whole stretches of them are drawn. Source:
D. Politis and J. Romano, "A circular block-resampling procedure for stationary data", in *Exploring the Limits of
Bootstrap* (1992), 263-270.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices
from dlrun.evaluation.metrics import Metric, Predictions, Reweighted
from dlrun.seeds import generator

Floats = npt.NDArray[np.float64]

FEWEST = 200
MOST_VALUES = 20_000_000
CHUNK_VALUES = 1_000_000


def bootstrap(
    metric: Metric,
    targets: Array,
    predictions: Predictions,
    *,
    seed: int,
    level: float = 0.95,
    resamples: int = 1000,
    block: int = 1,
) -> tuple[float, float]:
    """Draw the rows again and again with replacement, score each resample, and cut off both tails.

    The number of resamples follows from the sizes alone (see `resamples_for`), and one seed draws the same rows for
    every metric with the same number. A resample without a score (all rows of one class) is left out.

    Args:
        metric: what is scored.
        targets: shape (rows,) or (rows, columns).
        predictions: shape (rows, outputs).
        seed: names the draws.
        level: share of resamples that the interval spans.
        resamples: how many to draw at most.
        block: how many neighbouring rows are drawn together; 1 for rows that are independent.

    Returns:
        Low and high; (NaN, NaN) for fewer than two rows, or where the score itself is not defined.
    """
    scores = resampled_scores(metric, targets, predictions, seed=seed, resamples=resamples, block=block)
    return middle(scores, level)


def resampled_scores(
    metric: Metric, targets: Array, predictions: Predictions, *, seed: int, resamples: int = 1000, block: int = 1
) -> Floats:
    """Score every resample, shape (resamples,), NaN where one has no score; arguments as for `bootstrap`.

    The same seed and the same shapes draw the same rows, so that two predictors' scores are paired: the interval of
    their difference is `middle` of the difference of these arrays. Empty for fewer than two rows, or where a
    prediction is not finite.
    """
    rows = len(targets)
    if rows < 2 or not np.isfinite(predictions).all():
        return np.empty(0)
    count = min(resamples, resamples_for(metric, targets, predictions))
    return np.concatenate([_scores(metric, targets, predictions, drawn) for drawn in _draws(rows, count, seed, block)])


def middle(scores: Floats, level: float = 0.95) -> tuple[float, float]:
    """Cut both tails off resampled scores, those without a value left out; (NaN, NaN) where none has one."""
    defined = scores[np.isfinite(scores)]
    if not len(defined):
        return np.nan, np.nan
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resamples_for(metric: Metric, targets: Array, predictions: Predictions) -> int:
    """Say how many resamples are worth drawing.

    1000, as long as resamples × rows stays under 20 million values (for ranking metrics and others that look at every
    output: resamples × rows × outputs); fewer beyond, but never under 200. A metric that can only be computed one
    resample at a time, as Keras's, always gets 200.
    """
    if metric.rows(targets[:1], predictions[:1]) is not None:
        return _within_budget(len(targets))
    if isinstance(metric, Reweighted):
        return _within_budget(predictions.size)
    return FEWEST


def _within_budget(values: int) -> int:
    """Divide the budget by the values of one resample, between 200 and 1000."""
    return int(np.clip(MOST_VALUES // values, FEWEST, 1000))


def _draws(rows: int, resamples: int, seed: int, block: int) -> Iterator[npt.NDArray[np.int32]]:
    """Draw row indices with replacement, a few resamples at a time: arrays (some resamples, rows).

    Blocks begin anywhere, and go on at the first row after the last one.
    """
    random = generator(seed, "bootstrap")
    chunk = max(1, CHUNK_VALUES // rows)
    for start in range(0, resamples, chunk):
        count = min(chunk, resamples - start)
        if block == 1:
            yield random.integers(0, rows, (count, rows), dtype=np.int32)
            continue
        firsts = random.integers(0, rows, (count, -(-rows // block), 1), dtype=np.int32)
        drawn = (firsts + np.arange(block)) % rows
        yield drawn.reshape(count, -1)[:, :rows].astype(np.int32)


def _scores(metric: Metric, targets: Array, predictions: Predictions, drawn: npt.NDArray[np.int32]) -> Floats:
    """Score some resamples, shape (resamples,), by the quickest way that the metric offers."""
    each = metric.rows(targets, predictions)
    if each is not None:
        return np.asarray(each[drawn].mean(axis=1), np.float64)
    if isinstance(metric, Reweighted):
        return metric.reweighted(targets, predictions, _counts(drawn))
    return np.array([metric.score(targets[rows], predictions[rows]) for rows in drawn], np.float64)


def _counts(drawn: npt.NDArray[np.int32]) -> Floats:
    """Count how often each resample holds each row: (resamples, rows) of indices -> (resamples, rows) of counts."""
    resamples, rows = drawn.shape
    offsets: Indices = np.arange(resamples, dtype=np.int64)[:, None] * rows
    counts = np.bincount((drawn + offsets).ravel(), minlength=resamples * rows)
    return counts.reshape(resamples, rows).astype(np.float64)
