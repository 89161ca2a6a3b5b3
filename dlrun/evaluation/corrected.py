"""How sure a mean over folds is: intervals with the corrected variance for resampled training sets.

Source: C. Nadeau and Y. Bengio, "Inference for the Generalization Error", *Machine Learning* 52 (2003), 239-281; for
repeated K-fold R. Bouckaert and E. Frank, "Evaluating the Replicability of Significance Tests for Comparing Learning
Algorithms", *PAKDD* (2004).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def corrected_interval(
    values: Sequence[float], train_rows: Sequence[int], validation_rows: Sequence[int], level: float = 0.95
) -> tuple[float, float]:
    """Bound the mean of fold scores: mean ± t(n - 1) · sqrt((1/n + validation rows / training rows) · s²).

    The n folds share training rows, so their scores are not independent, and s²/n is too small, the more so the more
    iterations there are. The second term stands in for the covariance that cannot be estimated from the folds.

    What it does not know: other sets of data (all folds come from the same rows), other initial weights, folds of
    very different size (the shares are averaged), growing training sets under forward chaining, and that a score may
    have been chosen from several. It is an approximation: no unbiased estimate of the variance exists.

    Args:
        values: one score, or one paired difference of two scores, a fold; all iterations together.
        train_rows: training rows of each fold.
        validation_rows: scored rows of each fold.
        level: how often the interval is meant to hold the expected score.

    Returns:
        Low and high; (NaN, NaN) for fewer than two folds, or where a value is not finite.
    """
    reach = corrected_reach(values, train_rows, validation_rows, level)
    mean = float(np.mean(values)) if len(values) else np.nan
    return mean - reach, mean + reach


def corrected_reach(
    values: Sequence[float], train_rows: Sequence[int], validation_rows: Sequence[int], level: float = 0.95
) -> float:
    """Return half the width of `corrected_interval`, for a mean that weighs folds in its own way; NaN without one."""
    from scipy.special import stdtrit

    folds = len(values)
    if folds < 2 or not np.isfinite(values).all():
        return np.nan
    share = np.mean(np.asarray(validation_rows, np.float64) / np.asarray(train_rows, np.float64))
    variance = (1 / folds + share) * np.var(values, ddof=1)
    return float(stdtrit(folds - 1, (1 + level) / 2) * np.sqrt(variance))
