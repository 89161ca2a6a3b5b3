"""dlrun's own metrics of decided classes, exact on whole arrays in plain NumPy.

They run after every epoch, so they stay in the microseconds. What each does with an absent class is in
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
from dlrun.evaluation.columns import ANY_CLASSES, indicators, ratio

Predictions = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Accuracy:
    """Share of rows whose class is right; multi-label: share of right labels. Binary: class 1 above 0.5."""

    name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
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
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
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
class Precision:
    """Share of what is said to be of a class that is. Binary: class ``positive``; else the average over classes."""

    positive: int = 1
    name: ClassVar[str] = "precision"
    higher_is_better: ClassVar[bool] = True
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "no row is of the class (binary: of the positive one)"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the share, 0..1."""
        return _once(self.reweighted, targets, predictions)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: it is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        right, said, real = _tallies(targets, predictions, counts, self.positive)
        return _over_present(right, said, real)


@dataclass(frozen=True)
class Recall:
    """Share of a class that is found. Binary: class ``positive``; else the plain average over classes."""

    positive: int = 1
    name: ClassVar[str] = "recall"
    higher_is_better: ClassVar[bool] = True
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "no row is of the class (binary: of the positive one)"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the share, 0..1."""
        return _once(self.reweighted, targets, predictions)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: it is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        right, _, real = _tallies(targets, predictions, counts, self.positive)
        return _over_present(right, real, real)


@dataclass(frozen=True)
class F1:
    """Harmonic mean of precision and recall. Binary: class ``positive``; else the plain average over classes."""

    positive: int = 1
    name: ClassVar[str] = "f1"
    higher_is_better: ClassVar[bool] = True
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    tasks: ClassVar[frozenset[str]] = ANY_CLASSES
    undefined: ClassVar[str] = "no row is of the class (binary: of the positive one)"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the mean, 0..1."""
        return _once(self.reweighted, targets, predictions)

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: it is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        right, said, real = _tallies(targets, predictions, counts, self.positive)
        return _over_present(2 * right, said + real, real)


def _mean(values: Array, predictions: Predictions) -> float:
    """Average over rows; NaN without rows, or where a prediction is not finite."""
    return float(values.mean()) if values.size and np.isfinite(predictions).all() else np.nan


def _tallies(targets: Array, predictions: Predictions, counts: Array, positive: int) -> tuple[Array, Array, Array]:
    """Count by resample and class: rightly said, said, and really of it; each (resamples, classes)."""
    columns = predictions.shape[1]
    real = indicators(targets, columns)
    one_of_many = targets.ndim == 1 and columns > 1
    said = indicators(predictions.argmax(axis=1), columns) if one_of_many else predictions > 0.5
    if positive == 0:  # of a binary problem; a probability of 0.5 says class 0
        real, said = ~real, ~said
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
