"""From splits to outcomes: what an engine is given for each fold, and what is kept of what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dlrun.data.dataset import Array
from dlrun.data.encoded import stretch_of
from dlrun.evaluation import (
    LINEAR,
    FoldOutcome,
    LinearBaseline,
    Predictions,
    Split,
    linear_baseline,
    naive_baselines,
)
from dlrun.evaluation.pca import pca_baseline
from dlrun.events import OnEvent
from dlrun.experiment.folds import FoldInputs, encode_fold, fold_data, read_predictions
from dlrun.experiment.planning import Experiment
from dlrun.experiment.reconstruction import code_width
from dlrun.experiment.training import training_plan
from dlrun.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from dlrun.training.contract import FitResult, FoldData, FoldTask

Keep = Callable[[FitResult, FoldInputs | None, FoldOutcome], None]
"""Stores what a fold left, its model among it; the inputs are missing where they could not be prepared."""


@dataclass
class _Fold:
    """What is known of a fold between its preparation and its end."""

    inputs: FoldInputs | None = None
    baselines: dict[str, Predictions] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def fit_folds(
    experiment: Experiment,
    splits: Sequence[Split],
    on_event: OnEvent,
    keep: Keep,
    *,
    follow: bool = True,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> list[FoldOutcome]:
    """Fit every split of a run, or some of them; each fold is handed to ``keep`` before the next one is trained.

    With ``follow``, validation rows are scored after every epoch; without it they are predicted once, at the end.
    Weights are the affair of ``keep`` alone: outcomes hold none, so that 200 folds take the memory of one.
    """
    numbers = {(split.iteration, split.fold): number for number, split in enumerate(experiment.splits.splits)}
    tasks = [
        FoldTask(split.iteration, split.fold, experiment.spec.seed, numbers.get((split.iteration, split.fold), 0))
        for split in splits
    ]
    by_place = {(split.iteration, split.fold): split for split in splits}
    prepared: dict[tuple[int, int], _Fold] = {}

    def prepare(task: FoldTask) -> FoldData:
        fold = prepared[task.iteration, task.fold] = _Fold()
        fold.inputs = _encoded(experiment, by_place[task.iteration, task.fold])
        fold.baselines, fold.notes = fold_baselines(experiment, fold.inputs)
        return fold_data(experiment.spec, experiment.dataset, fold.inputs, experiment.metrics)

    def finish(result: FitResult) -> FoldOutcome:
        place = result.task.iteration, result.task.fold
        fold = prepared.pop(place, _Fold())
        outcome = _outcome(experiment, result, by_place[place], fold)
        keep(result, fold.inputs, outcome)
        return outcome

    assert experiment.engine is not None, "no engine was chosen"
    planned = training_plan(experiment, follow=follow)
    return list(map(finish, experiment.engine.load().fit(tasks, prepare, planned, on_event, checkpoints)))


def _encoded(experiment: Experiment, split: Split) -> FoldInputs:
    """Encode a fold; the first one was encoded when the experiment was planned."""
    if split is experiment.first.split:
        return experiment.first
    return encode_fold(experiment.spec, experiment.dataset, experiment.splits, split)


def fold_baselines(experiment: Experiment, fold: FoldInputs) -> tuple[dict[str, Predictions], tuple[str, ...]]:
    """Predict a fold's validation rows by what a net has to beat, fitted on the fold's training rows alone.

    Returns:
        Predictions by baseline, (validation rows, outputs) each, and what a person should know about them.
    """
    dataset, split = experiment.dataset, fold.split
    rows = len(split.validation)
    if not rows:
        return {}, ()
    known = np.concatenate([fold.train, fold.monitor])
    targets, outputs = fold.targets_in(dataset)[: len(known)], fold.outputs_in(dataset)
    naive = naive_baselines(dataset.task, targets, outputs)
    predictions = {baseline.name: baseline.predict(rows) for baseline in naive}
    for forecast in dataset.forecasts:
        predictions[forecast.name] = forecast.values[split.validation].reshape(rows, -1).astype(np.float32)
    linear = _linear(experiment, fold, targets, outputs)
    if linear is None:
        return predictions, ()
    return {**predictions, LINEAR: linear.predictions}, (linear.note,) if linear.note else ()


def baseline_names(experiment: Experiment) -> tuple[str, ...]:
    """Name what a run will stand beside, before it runs."""
    dataset, first = experiment.dataset, experiment.first
    naive = naive_baselines(dataset.task, first.targets_in(dataset)[: len(first.train)], first.outputs_in(dataset))
    return (*(each.name for each in naive), *(each.name for each in dataset.forecasts), LINEAR)


def _linear(experiment: Experiment, fold: FoldInputs, targets: Array, outputs: int) -> LinearBaseline | None:
    """Predict a fold's validation rows by a linear model; None for an autoencoder whose code has no known width.

    It gets what the net gets: the same inputs, and targets after the same steps, which are undone again.
    """
    known, seed = len(targets), experiment.spec.evaluation.split_seed
    if fold.targets is not None:
        width = code_width(experiment.spec)
        return None if width is None else pca_baseline(width, targets, fold.targets[known:], seed=seed)
    train, validation = stretch_of(fold.inputs, 0, known), stretch_of(fold.inputs, known, len(fold.inputs))
    steps, task = fold.target_steps, experiment.dataset.task
    linear = linear_baseline(task, outputs, train, steps.transform(targets), validation, seed=seed)
    return replace(linear, predictions=steps.inverse(linear.predictions))


def _outcome(experiment: Experiment, result: FitResult, split: Split, fold: _Fold) -> FoldOutcome:
    def read(predictions: Predictions) -> Predictions:
        if not len(predictions):  # the fit failed, or nothing was to be predicted
            return predictions
        assert fold.inputs is not None
        return read_predictions(experiment.spec, experiment.dataset.task, fold.inputs.target_steps, predictions)

    return FoldOutcome(
        iteration=split.iteration,
        fold=split.fold,
        train_rows=len(split.train),
        validation_rows=split.validation,
        predictions=read(result.predictions),
        best_predictions=read(result.best_predictions),
        train=result.history.train,
        validation=result.history.validation,
        final_epoch=result.final_epoch,
        best_epoch=result.best_epoch,
        stopped_early=result.stopped_early,
        baselines=fold.baselines,
        failure=result.failure,
        hint=result.hint,
        notes=fold.notes,
        targets=None if fold.inputs is None or fold.inputs.targets is None else _scored(fold.inputs.targets, split),
    )


def _scored(targets: Array, split: Split) -> Array:
    """Take the targets of the validation rows, which stand last."""
    return targets[len(targets) - len(split.validation) :]
