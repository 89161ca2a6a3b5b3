"""The data of one fit: which rows, encoded by steps that were fitted on its training rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Dataset, Indices
from dlrun.data.encoded import Encoded
from dlrun.data.labels import class_weights, encode_targets
from dlrun.data.preprocessing.fitting import FittedSteps, fit_steps
from dlrun.data.target_steps import AS_THEY_ARE, FittedTargets, fit_targets
from dlrun.evaluation import Metric, Split, SplitPlan, as_probabilities
from dlrun.experiment.reconstruction import own_targets
from dlrun.models import gives_logits, output_activation
from dlrun.spec.sections import ExperimentSpec
from dlrun.spec.steps import Augment
from dlrun.training.contract import FoldData, Score, Scores


@dataclass(frozen=True)
class FoldInputs:
    """Encoded inputs of the rows that one fit may see, end to end: training, inner monitor rows, validation.

    Args:
        split: which split this is.
        train: training rows in the numbering of the data set, without those that early stopping watches.
        monitor: rows cut off the training rows for early stopping; empty where there are none.
        inputs: encoded rows, (training + monitor + validation rows, ...).
        fitted: the steps, fitted on ``train``.
        targets: of each encoded row, (rows, outputs), where they are made of the encoded inputs; None: the data set's.
        target_steps: the steps for targets, fitted on ``train``.
    """

    split: Split
    train: Indices
    monitor: Indices
    inputs: Encoded
    fitted: FittedSteps
    targets: Array | None = None
    target_steps: FittedTargets = AS_THEY_ARE

    @property
    def rows(self) -> Indices:
        """The data set's row of each encoded row."""
        return np.concatenate([self.train, self.monitor, self.split.validation])

    def targets_in(self, dataset: Dataset) -> Array:
        """Return the targets of each encoded row, as metrics take them."""
        return dataset.targets[self.rows] if self.targets is None else self.targets

    def outputs_in(self, dataset: Dataset) -> int:
        """Return how many columns predictions have."""
        return dataset.outputs if self.targets is None else self.targets.shape[1]


def watching_plan(spec: ExperimentSpec, splits: SplitPlan) -> SplitPlan:
    """Cut off the rows that early stopping watches, of every split at once: all errors come before any training."""
    stopping = spec.training.early_stopping
    return splits if stopping is None or stopping.on != "inner" else splits.watching(stopping.inner)


def inner_rows(spec: ExperimentSpec, splits: SplitPlan, split: Split) -> tuple[Indices, Indices]:
    """Divide a split's training rows into those that train and those that early stopping watches (maybe none).

    Args:
        spec: without early stopping nothing is cut off, whatever ``splits`` hold.
        splits: from `watching_plan`.
        split: one of ``splits``, or where nothing is cut off any other.
    """
    stopping = spec.training.early_stopping
    if stopping is None or stopping.on != "inner":
        return split.train, np.empty(0, np.int64)
    assert splits.watched is not None, "the plan does not know the inner rows"
    return splits.watched[split.iteration, split.fold]


def fit_preprocessing(spec: ExperimentSpec, dataset: Dataset, train: Indices) -> FittedSteps:
    """Fit the steps of a spec, complete or not, on training rows."""
    steps = [step for step in spec.preprocessing if not isinstance(step, Augment)]  # which is a matter of the model
    return fit_steps(steps, dataset, train, seed=spec.seed)


def encode_fold(spec: ExperimentSpec, dataset: Dataset, splits: SplitPlan, split: Split) -> FoldInputs:
    """Fit the preprocessing on a split's training rows and encode every row of the split."""
    train, monitor = inner_rows(spec, splits, split)
    fitted = fit_preprocessing(spec, dataset, train)
    inputs = fitted.apply(np.concatenate([train, monitor, split.validation]))
    targets = own_targets(inputs) if dataset.task == "autoencoder" else None
    target_steps = fit_targets(spec.targets, dataset.targets[train]) if spec.targets else AS_THEY_ARE
    return FoldInputs(split, train, monitor, inputs, fitted, targets, target_steps)


def fold_data(spec: ExperimentSpec, dataset: Dataset, fold: FoldInputs, metrics: Sequence[Metric]) -> FoldData:
    """Put together what an engine needs for one fit. ``spec`` is complete."""
    rows, targets = fold.rows, fold.targets_in(dataset)
    train, inner = len(fold.train), len(fold.monitor)
    positions = np.arange(len(rows), dtype=np.int64)
    validation = positions[train + inner :]
    watched = targets[train : train + inner]
    stopping = spec.training.early_stopping
    return FoldData(
        inputs=fold.inputs,
        targets=encode_targets(fold.target_steps.transform(targets), dataset.task, dataset.outputs, spec.labels),
        train=positions[:train],
        validation=validation,
        score=_scorer(spec, dataset.task, fold.target_steps, targets[validation], metrics),
        monitor=positions[train : train + inner] if stopping is not None and inner else None,
        score_monitor=_scorer(spec, dataset.task, fold.target_steps, watched, metrics) if inner else None,
        weights=_row_weights(spec, dataset, rows, fold.train),
    )


def read_predictions(
    spec: ExperimentSpec, task: str, steps: FittedTargets, predictions: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Turn what the net gives into what metrics and people read: probabilities, or numbers in the targets' own units.

    Args:
        spec: complete.
        task: what kind of problem it is.
        steps: those for targets, which are undone.
        predictions: as the net gives them, (rows, outputs).
    """
    return steps.inverse(as_probabilities(predictions, task, output_activation(spec), gives_logits(spec)))


def _scorer(spec: ExperimentSpec, task: str, steps: FittedTargets, targets: Array, metrics: Sequence[Metric]) -> Score:
    def score(predictions: npt.NDArray[np.float32]) -> Scores:
        read = read_predictions(spec, task, steps, predictions)
        return {metric.name: metric.score(targets, read) for metric in metrics}

    return score


def _row_weights(
    spec: ExperimentSpec, dataset: Dataset, rows: Indices, train: Indices
) -> npt.NDArray[np.float32] | None:
    """Weigh rows by their class, counted over training rows."""
    weights = class_weights(spec.training.class_weight, dataset, dataset.targets[train])
    return None if weights is None else weights[dataset.targets[rows]]
