"""What one fit leaves to be scored, and how the values of several fits become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices

Predictions = npt.NDArray[np.float32]
Curves = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class FoldOutcome:
    """What one fit leaves to be scored. Iterations, folds and epochs count from 1.

    Args:
        iteration: which reshuffle.
        fold: which part was scored.
        train_rows: how many rows the fit was given to learn from, those that early stopping watched among them.
        validation_rows: indices of the scored rows in the data set, shape (validation rows,).
        predictions: for those rows by the final weights, (validation rows, outputs), as metrics take them.
        best_predictions: the same at ``best_epoch``.
        train: values by epoch of ``loss`` and of the metrics that Keras follows, as Keras reports them.
        validation: values by epoch of ``loss`` and each metric.
        final_epoch: the epoch of the final weights.
        best_epoch: the epoch of the primary metric's best validation score.
        stopped_early: whether early stopping ended the fit.
        baselines: what each baseline predicts for the same rows, by name.
        failure: why there is no score; then nothing else but the place of the fold is read.
        hint: what to do about the failure.
        notes: what a person should know of how the baselines came about, one sentence each.
        targets: of the scored rows, (validation rows, outputs), where a fold makes its own; else None.
    """

    iteration: int
    fold: int
    train_rows: int
    validation_rows: Indices
    predictions: Predictions
    best_predictions: Predictions
    train: Curves
    validation: Curves
    final_epoch: int
    best_epoch: int
    stopped_early: bool
    baselines: Mapping[str, Predictions]
    failure: str | None = None
    hint: str | None = None
    notes: tuple[str, ...] = ()
    targets: Array | None = None


def targets_of(outcome: FoldOutcome, targets: Array) -> Array:
    """Return the targets of a fold's scored rows: its own, else those rows of the data set's ``targets``."""
    return targets[outcome.validation_rows] if outcome.targets is None else outcome.targets


def iteration_mean(outcomes: Sequence[FoldOutcome], values: Sequence[float]) -> float:
    """Return the mean over iterations of the mean over folds, from one value a fold; NaN where one is NaN."""
    by_iteration: dict[int, list[float]] = {}
    for outcome, value in zip(outcomes, values, strict=True):
        by_iteration.setdefault(outcome.iteration, []).append(value)
    return float(np.mean([np.mean(folds) for folds in by_iteration.values()]))
