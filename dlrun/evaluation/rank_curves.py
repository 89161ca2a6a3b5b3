"""ROC and precision-recall curves of one class against the rest, by fold and on average, thinned to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array

_GRID = 101
_MOST_POINTS = 150
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RankCurve:
    """One curve.

    Args:
        x: ROC: the false positive rate; precision-recall: the recall. Ascending.
        y: ROC: the true positive rate; precision-recall: the precision.
        area: below it: the ROC AUC, or the average precision.
    """

    x: Floats
    y: Floats
    area: float


def roc_curve(labels: Array, scores: Array) -> RankCurve | None:
    """Draw up the ROC curve of some rows.

    Args:
        labels: 1 where the row is of the class, else 0, (rows,).
        scores: higher where the model thinks so, (rows,).

    Returns:
        The curve; None where all rows are of one kind, so that there is none.
    """
    from sklearn import metrics

    if len(np.unique(labels)) < 2:
        return None
    false, true, _ = metrics.roc_curve(labels, scores)
    return RankCurve(*_thin(false, true), float(metrics.auc(false, true)))


def precision_recall_curve(labels: Array, scores: Array) -> RankCurve | None:
    """Draw up the precision-recall curve of some rows; arguments and None as for `roc_curve`."""
    from sklearn import metrics

    if len(np.unique(labels)) < 2:
        return None
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    area = float(metrics.average_precision_score(labels, scores))
    # The last point is scikit-learn's (recall 0, precision 1), which no threshold has.
    return RankCurve(*_thin(recall[-2::-1], precision[-2::-1]), area)


def mean_roc(curves: Sequence[RankCurve]) -> RankCurve:
    """Average ROC curves vertically (Fawcett 2006, "An introduction to ROC analysis", section 8.1)."""
    grid = np.linspace(0, 1, _GRID)
    mean = np.mean([np.interp(grid, curve.x, curve.y) for curve in curves], axis=0)
    mean[0] = min(float(np.mean([curve.y[0] for curve in curves])), mean[0])
    return RankCurve(grid, mean, _mean_area(curves))


def mean_precision_recall(curves: Sequence[RankCurve]) -> RankCurve:
    """Average precision at each recall, read as steps.

    Between two recalls the precision of the next threshold holds, as in average precision: straight lines between
    points promise what no threshold reaches (Davis and Goadrich 2006).
    """
    grid = np.linspace(0, 1, _GRID)[1:]
    steps = [curve.y[np.minimum(np.searchsorted(curve.x, grid), len(curve.y) - 1)] for curve in curves]
    return RankCurve(grid, np.mean(steps, axis=0), _mean_area(curves))


def _mean_area(curves: Sequence[RankCurve]) -> float:
    return float(np.mean([curve.area for curve in curves]))


def _thin(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Keep as many points as a figure can show, the first and the last among them."""
    if len(x) <= _MOST_POINTS:
        return x, y
    kept = np.unique(np.linspace(0, len(x) - 1, _MOST_POINTS).round().astype(int))
    return x[kept], y[kept]
