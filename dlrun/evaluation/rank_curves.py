"""ROC and precision-recall curves of one class against the rest, by fold and on average, thinned to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array

Floats = npt.NDArray[np.float64]
_MOST_POINTS = 150
_GRID = np.linspace(0, 1, _MOST_POINTS) ** 2
"""Denser at the left, where ROC curves rise."""


@dataclass(frozen=True)
class RankCurve:
    """One curve.

    Args:
        x: ROC: the false positive rate; precision-recall: the recall. Ascending.
        y: ROC: the true positive rate, straight between points; precision-recall: the precision of the interval that
            ends at x, as steps.
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
        The curve; None where all rows are of one kind, or a score is no number, so that there is none.
    """
    from sklearn import metrics

    if not _can_be_ranked(labels, scores):
        return None
    false, true, _ = metrics.roc_curve(labels, scores)
    return RankCurve(false, true, float(metrics.auc(false, true)))


def precision_recall_curve(labels: Array, scores: Array) -> RankCurve | None:
    """Draw up the precision-recall curve of some rows; arguments and None as for `roc_curve`."""
    from sklearn import metrics

    if not _can_be_ranked(labels, scores):
        return None
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    # From the highest threshold on; scikit-learn's last point (recall 0, precision 1) is that of no threshold. Of those
    # with one recall the first counts: the others only add rows of the rest.
    x, first = np.unique(recall[-2::-1], return_index=True)
    y = precision[-2::-1][first]
    found = x > 0
    return RankCurve(x[found], y[found], float(metrics.average_precision_score(labels, scores)))


def mean_roc(curves: Sequence[RankCurve]) -> RankCurve:
    """Average ROC curves vertically (Fawcett 2006, "An introduction to ROC analysis", section 8.1)."""
    return _roc_on_grid(curves)


def mean_precision_recall(curves: Sequence[RankCurve]) -> RankCurve:
    """Average precision at each recall, read as steps.

    Between two recalls the precision of the next threshold holds, as in average precision: straight lines between
    points promise what no threshold reaches (Davis and Goadrich 2006).
    """
    return _steps_on_grid(curves)


def thin_roc(curve: RankCurve) -> RankCurve:
    """Keep as many points of a ROC curve as a figure can show."""
    return curve if len(curve.x) <= _MOST_POINTS + 1 else _roc_on_grid([curve])


def thin_precision_recall(curve: RankCurve) -> RankCurve:
    """Keep as many steps of a precision-recall curve as a figure can show, from recall 0 on."""
    if len(curve.x) > _MOST_POINTS:
        return _steps_on_grid([curve])
    if curve.x[0] == 0:
        return curve
    return RankCurve(np.append(0.0, curve.x), np.append(curve.y[0], curve.y), curve.area)


def _roc_on_grid(curves: Sequence[RankCurve]) -> RankCurve:
    # Where a curve rises straight up, `interp` takes its upper end; the lower one, (0, 0), is put before the grid.
    heights = [np.interp(_GRID, curve.x, curve.y) for curve in curves]
    y = np.append(0.0, np.mean(heights, axis=0))
    return RankCurve(np.append(0.0, _GRID), y, _mean_area(curves))


def _steps_on_grid(curves: Sequence[RankCurve]) -> RankCurve:
    grid = np.linspace(0, 1, _MOST_POINTS)
    steps = [curve.y[np.minimum(np.searchsorted(curve.x, grid), len(curve.y) - 1)] for curve in curves]
    return RankCurve(grid, np.mean(steps, axis=0), _mean_area(curves))


def _mean_area(curves: Sequence[RankCurve]) -> float:
    return float(np.mean([curve.area for curve in curves]))


def _can_be_ranked(labels: Array, scores: Array) -> bool:
    return len(np.unique(labels)) == 2 and bool(np.isfinite(scores).all())
