"""dlrun's own metrics of how rows are ranked: scikit-learn's scores, averaged over the classes that have one.

Targets and predictions are as in `dlrun.evaluation.metrics`; predictions that are not finite have no score (NaN).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.evaluation.columns import ANY_CLASSES, indicators, ratio
from dlrun.evaluation.ranking import average_precision_of_counts, roc_auc_of_counts

Predictions = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RocAuc:
    """Area under the ROC curve, scikit-learn's; several classes: each against the rest, then the plain average."""

    name: ClassVar[str] = "roc_auc"
    higher_is_better: ClassVar[bool] = True
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "no class has both rows of its own and rows of others"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the area, 0..1; 0.5 is what guessing gives."""
        from sklearn.metrics import roc_auc_score

        return _score_columns(roc_auc_score, targets, predictions, needs_negatives=True)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: the area is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        return _reweight_columns(roc_auc_of_counts, targets, predictions, counts)


@dataclass(frozen=True)
class PrAuc:
    """Average precision, scikit-learn's: the area under the precision-recall steps; over classes as `RocAuc`.

    Of a binary problem: of class ``positive``.
    """

    positive: int = 1
    name: ClassVar[str] = "pr_auc"
    higher_is_better: ClassVar[bool] = True
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "no row is of the class (binary: of the positive one)"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the area, 0..1; the class's share is what guessing gives."""
        from sklearn.metrics import average_precision_score

        return _score_columns(average_precision_score, *self._turned(targets, predictions), needs_negatives=False)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: the area is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        return _reweight_columns(average_precision_of_counts, *self._turned(targets, predictions), counts)

    def _turned(self, targets: Array, predictions: Predictions) -> tuple[Array, Predictions]:
        """Give targets and a ranking in which the positive class is class 1; 1 - p would lose the smallest p."""
        return (targets, predictions) if self.positive else (1 - targets, -predictions)


@dataclass(frozen=True)
class MeanAveragePrecision:
    """The plain average of the labels' (or classes') average precisions: `PrAuc` under the name it has there."""

    name: ClassVar[str] = "mean_average_precision"
    higher_is_better: ClassVar[bool] = True
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    tasks: ClassVar[frozenset[str]] = frozenset({"multiclass", "multilabel"})
    undefined: ClassVar[str] = "no label has a row"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the average, 0..1."""
        return PrAuc().score(targets, predictions)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: it is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        return PrAuc().reweighted(targets, predictions, counts)


def _score_columns(
    score: Callable[[Array, Array], float], targets: Array, predictions: Predictions, *, needs_negatives: bool
) -> float:
    """Average scikit-learn's score over the columns that it is defined for."""
    if not np.isfinite(predictions).all():
        return np.nan
    positive = indicators(targets, predictions.shape[1])
    defined = positive.any(axis=0)
    if needs_negatives:
        defined &= ~positive.all(axis=0)
    scores = [float(score(positive[:, column], predictions[:, column])) for column in np.flatnonzero(defined)]
    return float(np.mean(scores)) if scores else np.nan


def _reweight_columns(
    of_counts: Callable[[Array, Array, Array], Floats], targets: Array, predictions: Predictions, counts: Array
) -> Floats:
    """Average a ranking score of each resample over the columns that it is defined for, shape (resamples,)."""
    positive = indicators(targets, predictions.shape[1])
    total = np.zeros(len(counts))
    defined = np.zeros(len(counts))
    for column in range(predictions.shape[1]):
        values = of_counts(positive[:, column], predictions[:, column], counts)
        total += np.nan_to_num(values)
        defined += np.isfinite(values)
    return ratio(total, defined)
