"""dlrun's own metrics of classification, exact on whole arrays: plain NumPy, and scikit-learn where rows are ranked.

They run after every epoch, so the simple ones stay in the microseconds. What each does with an absent class is in
`docs/metrics.md`: an average takes the classes that have rows, and a score without any has no value (NaN).
Targets and predictions are as in `dlrun.evaluation.metrics`; predictions that are not finite have no score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.evaluation.ranking import average_precision_of_counts, ratio, roc_auc_of_counts

Predictions = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

SINGLE_LABEL = frozenset({"binary", "multiclass"})
ANY_CLASSES = frozenset({"binary", "multiclass", "multilabel"})


@dataclass(frozen=True)
class Accuracy:
    """Share of rows whose class is right; multi-label: share of right labels. Binary: class 1 above 0.5."""

    name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "there are no rows"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the share, 0..1."""
        return _mean(self.rows(targets, predictions), predictions)

    def rows(self, targets: Array, predictions: Predictions) -> Array:
        """Return the share of each row, shape (rows,)."""
        if targets.ndim == 2:
            return np.asarray(((predictions > 0.5) == (targets > 0.5)).mean(axis=1))
        if predictions.shape[1] == 1:
            return np.asarray((predictions[:, 0] > 0.5) == (targets == 1), np.float64)
        return np.asarray(predictions.argmax(axis=1) == targets, np.float64)


@dataclass(frozen=True)
class TopKAccuracy:
    """Share of rows whose class is among the ``k`` most probable; of equal ones the lower index goes first."""

    k: int = 5
    name: ClassVar[str] = "top_k_accuracy"
    higher_is_better: ClassVar[bool] = True
    tasks: ClassVar[frozenset[str]] = frozenset({"multiclass"})
    undefined: ClassVar[str] = "there are no rows"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the share, 0..1."""
        return _mean(self.rows(targets, predictions), predictions)

    def rows(self, targets: Array, predictions: Predictions) -> Array:
        """Return 1 for each row whose class is among the first ``k``, else 0, shape (rows,)."""
        own = predictions[np.arange(len(targets)), targets][:, None]
        earlier = np.arange(predictions.shape[1]) < targets[:, None]
        ahead = (predictions > own) | ((predictions == own) & earlier)
        return np.asarray(ahead.sum(axis=1) < self.k, np.float64)


@dataclass(frozen=True)
class RocAuc:
    """Area under the ROC curve, scikit-learn's; several classes: each against the rest, then the plain average."""

    name: ClassVar[str] = "roc_auc"
    higher_is_better: ClassVar[bool] = True
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
    """Average precision, scikit-learn's: the area under the precision-recall steps; over classes as `RocAuc`."""

    name: ClassVar[str] = "pr_auc"
    higher_is_better: ClassVar[bool] = True
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "no row is of the class (binary: of class 1)"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the area, 0..1; the class's share is what guessing gives."""
        from sklearn.metrics import average_precision_score

        return _score_columns(average_precision_score, targets, predictions, needs_negatives=False)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: the area is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        return _reweight_columns(average_precision_of_counts, targets, predictions, counts)


@dataclass(frozen=True)
class MeanAveragePrecision:
    """The plain average of the labels' (or classes') average precisions: `PrAuc` under the name it has there."""

    name: ClassVar[str] = "mean_average_precision"
    higher_is_better: ClassVar[bool] = True
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


@dataclass(frozen=True)
class Precision:
    """Share of what is said to be of a class that is of it. Binary: class 1; else the plain average over classes."""

    name: ClassVar[str] = "precision"
    higher_is_better: ClassVar[bool] = True
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "no row is of the class (binary: of class 1)"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the share, 0..1."""
        return _once(self.reweighted, targets, predictions)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: it is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        right, said, real = _tallies(targets, predictions, counts)
        return _over_present(right, said, real)


@dataclass(frozen=True)
class Recall:
    """Share of a class that is found. Binary: class 1; else the plain average over classes."""

    name: ClassVar[str] = "recall"
    higher_is_better: ClassVar[bool] = True
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "no row is of the class (binary: of class 1)"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the share, 0..1."""
        return _once(self.reweighted, targets, predictions)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: it is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        right, _, real = _tallies(targets, predictions, counts)
        return _over_present(right, real, real)


@dataclass(frozen=True)
class F1:
    """Harmonic mean of precision and recall. Binary: class 1; else the plain average over classes."""

    name: ClassVar[str] = "f1"
    higher_is_better: ClassVar[bool] = True
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "no row is of the class (binary: of class 1)"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the mean, 0..1."""
        return _once(self.reweighted, targets, predictions)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: it is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        right, said, real = _tallies(targets, predictions, counts)
        return _over_present(2 * right, said + real, real)


def _mean(values: Array, predictions: Predictions) -> float:
    """Average over rows; NaN without rows, or where a prediction is not finite."""
    return float(values.mean()) if values.size and np.isfinite(predictions).all() else np.nan


def _indicators(targets: Array, columns: int) -> npt.NDArray[np.bool_]:
    """Say which row is of which class, shape (rows, columns); one column means class 1 of two."""
    if targets.ndim == 2:
        return np.asarray(targets > 0.5)
    return np.asarray(targets[:, None] == (np.ones(1) if columns == 1 else np.arange(columns)))


def _tallies(targets: Array, predictions: Predictions, counts: Array) -> tuple[Array, Array, Array]:
    """Count by resample and class: rightly said, said, and really of it; each (resamples, classes)."""
    columns = predictions.shape[1]
    real = _indicators(targets, columns)
    one_of_many = targets.ndim == 1 and columns > 1
    said = _indicators(predictions.argmax(axis=1), columns) if one_of_many else predictions > 0.5
    return counts @ (real & said), counts @ said, counts @ real


def _over_present(above: Array, below: Array, real: Array) -> Floats:
    """Divide and average over the classes that have rows; a class that has rows but is never said counts as 0."""
    shares = np.divide(above, below, out=np.zeros(above.shape), where=below > 0)
    present = real > 0
    return ratio((shares * present).sum(axis=1), present.sum(axis=1))


def _once(reweighted: Callable[[Array, Predictions, Array], Floats], targets: Array, predictions: Predictions) -> float:
    """Score the rows as they are: each of them once."""
    if not np.isfinite(predictions).all():
        return np.nan
    return float(reweighted(targets, predictions, np.ones((1, len(targets))))[0])


def _score_columns(
    score: Callable[[Array, Array], float], targets: Array, predictions: Predictions, *, needs_negatives: bool
) -> float:
    """Average scikit-learn's score over the columns that it is defined for."""
    if not np.isfinite(predictions).all():
        return np.nan
    positive = _indicators(targets, predictions.shape[1])
    defined = positive.any(axis=0)
    if needs_negatives:
        defined &= ~positive.all(axis=0)
    scores = [float(score(positive[:, column], predictions[:, column])) for column in np.flatnonzero(defined)]
    return float(np.mean(scores)) if scores else np.nan


def _reweight_columns(
    of_counts: Callable[[Array, Array, Array], Floats], targets: Array, predictions: Predictions, counts: Array
) -> Floats:
    """Average a ranking score of each resample over the columns that it is defined for, shape (resamples,)."""
    positive = _indicators(targets, predictions.shape[1])
    total = np.zeros(len(counts))
    defined = np.zeros(len(counts))
    for column in range(predictions.shape[1]):
        values = of_counts(positive[:, column], predictions[:, column], counts)
        total += np.nan_to_num(values)
        defined += np.isfinite(values)
    return ratio(total, defined)
