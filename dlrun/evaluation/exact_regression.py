"""dlrun's own metrics of regression, exact on whole arrays, in the units of the targets.

Targets (rows,) or (rows, columns); predictions (rows, columns). All columns weigh the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.evaluation.columns import ratio

Predictions = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

REGRESSION = frozenset({"regression", "vector_regression", "unit_regression", "forecasting", "autoencoder"})


@dataclass(frozen=True)
class MeanAbsoluteError:
    """Mean distance between prediction and target; several columns: the mean over all of them."""

    name: ClassVar[str] = "mae"
    higher_is_better: ClassVar[bool] = False
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    tasks: ClassVar[frozenset[str]] = REGRESSION
    undefined: ClassVar[str] = "there are no rows"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the mean, in the targets' units."""
        return _mean(self.rows(targets, predictions))

    def rows(self, targets: Array, predictions: Predictions) -> Array:
        """Return the mean distance of each row, shape (rows,)."""
        return np.asarray(np.abs(_errors(targets, predictions)).mean(axis=1))


@dataclass(frozen=True)
class MeanSquaredError:
    """Mean squared distance between prediction and target; several columns: the mean over all of them."""

    name: ClassVar[str] = "mse"
    higher_is_better: ClassVar[bool] = False
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    tasks: ClassVar[frozenset[str]] = REGRESSION
    undefined: ClassVar[str] = "there are no rows"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the mean, in the targets' units squared."""
        return _mean(self.rows(targets, predictions))

    def rows(self, targets: Array, predictions: Predictions) -> Array:
        """Return the mean squared distance of each row, shape (rows,)."""
        return np.asarray((_errors(targets, predictions) ** 2).mean(axis=1))


@dataclass(frozen=True)
class RootMeanSquaredError:
    """Square root of the mean squared error over all rows and columns."""

    name: ClassVar[str] = "rmse"
    higher_is_better: ClassVar[bool] = False
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    tasks: ClassVar[frozenset[str]] = REGRESSION
    undefined: ClassVar[str] = "there are no rows"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the root, in the targets' units."""
        return math.sqrt(MeanSquaredError().score(targets, predictions))

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: a root is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        squares = MeanSquaredError().rows(targets, predictions)
        return np.asarray(np.sqrt(counts @ squares / counts.sum(axis=1)))


@dataclass(frozen=True)
class R2:
    """Share of the targets' variance that is explained; several columns: the plain average over those that vary."""

    name: ClassVar[str] = "r2"
    higher_is_better: ClassVar[bool] = True
    range: ClassVar[tuple[float, float]] = (-math.inf, 1.0)
    tasks: ClassVar[frozenset[str]] = REGRESSION
    undefined: ClassVar[str] = "the targets do not vary"

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Return the share: 1 at best, 0 for always predicting the rows' own mean, below 0 for worse."""
        if not np.isfinite(predictions).all():
            return np.nan
        return float(self.reweighted(targets, predictions, np.ones((1, len(targets))))[0])

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: it is no mean over rows."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> Floats:
        """Return the score of each resample, shape (resamples,)."""
        columns = _columns(targets)
        centred = columns - columns.mean(axis=0)  # keeps the difference of large sums exact
        rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        unexplained = counts @ _errors(targets, predictions) ** 2  # (resamples, columns)
        spread = counts @ centred**2 - (counts @ centred) ** 2 / rows
        varies = spread > 1e-12 * np.maximum(counts @ columns**2, np.finfo(np.float64).tiny)
        shares = 1 - np.divide(unexplained, spread, out=np.ones(spread.shape), where=varies)
        return ratio((shares * varies).sum(axis=1), varies.sum(axis=1))


def _columns(targets: Array) -> Floats:
    """Give targets the shape (rows, columns)."""
    return targets.reshape(len(targets), -1).astype(np.float64)


def _errors(targets: Array, predictions: Predictions) -> Floats:
    """Prediction minus target, shape (rows, columns), in double precision."""
    return np.asarray(predictions - _columns(targets))


def _mean(values: Array) -> float:
    """Average over rows; NaN without rows, or where a prediction is not finite."""
    return float(values.mean()) if values.size and np.isfinite(values).all() else np.nan
