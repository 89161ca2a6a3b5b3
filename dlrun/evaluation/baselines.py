"""What a model has to beat: predictors that never look at the inputs, fitted on the training targets of a fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.data.periods import FORECAST_WORDS

WORDS = {
    "majority": "always predicting the largest class",
    "frequencies": "always predicting the label frequencies",
    "mean": "always predicting the training mean",
    "median": "always predicting the training median",
    **FORECAST_WORDS,
}
"""What each naive baseline does, in words that follow "beats"."""

LINEAR = "linear"
"""The one baseline that looks at the inputs (see `dlrun.evaluation.linear`); all others are naive."""


@dataclass(frozen=True)
class Baseline:
    """One prediction for every row.

    Args:
        name: what scores and tables call it.
        prediction: as metrics take one row's, shape (outputs,), float32.
    """

    name: str
    prediction: npt.NDArray[np.float32]

    def predict(self, rows: int) -> npt.NDArray[np.float32]:
        """Say the same for every row, shape (rows, outputs)."""
        return np.tile(self.prediction, (rows, 1))


def naive_baselines(task: str, train_targets: Array, outputs: int) -> tuple[Baseline, ...]:
    """Fit the naive baselines of a task.

    Binary and multi-class: ``majority`` says the classes' frequencies, so that the largest class wins (accuracy is its
    share) and rows are not ranked (ROC AUC is 0.5). Multi-label: ``frequencies`` of the labels. Regression: ``mean``
    and ``median`` of each column; targets in 0..1, forecasting, and an autoencoder: ``mean``. A series brings forecasts
    of its own (`Dataset.forecasts`).

    Args:
        task: what kind of problem the targets make.
        train_targets: of the training rows of one fold, as `Dataset.targets` holds them; at least one row.
        outputs: columns of the predictions.
    """
    if task == "binary":
        return (_baseline("majority", np.mean(train_targets == 1)),)
    if task == "multiclass":
        return (_baseline("majority", np.bincount(train_targets, minlength=outputs) / len(train_targets)),)
    if task == "multilabel":
        return (_baseline("frequencies", np.mean(train_targets, axis=0)),)
    mean = _baseline("mean", np.mean(train_targets, axis=0, dtype=np.float64))
    if task in ("unit_regression", "forecasting", "autoencoder"):
        return (mean,)
    return mean, _baseline("median", np.median(train_targets, axis=0))


def _baseline(name: str, prediction: Array | np.floating) -> Baseline:
    """Give the prediction the shape and type of a net's."""
    return Baseline(name, np.atleast_1d(np.asarray(prediction, np.float32)))
