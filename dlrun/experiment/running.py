"""Carrying out an experiment and leaving a run folder: the chain of verbs, on one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlrun.errors import TrainingError
from dlrun.evaluation import EvaluationResult, FoldOutcome, Split, naive_baselines, summarise
from dlrun.events import EpochEnded, Event, OnEvent, RunStarted, Warned, ignore
from dlrun.experiment import recording
from dlrun.experiment.folds import encode_fold, fold_data, probabilities
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.tables import HISTORY_HEADER, HistoryRow, history_rows
from dlrun.experiment.training import training_plan, trial_model
from dlrun.report.progress import log_line
from dlrun.runs import RunFolder, create_run
from dlrun.spec import LoadedSpec
from dlrun.training.contract import FitResult, FoldData, FoldTask


@dataclass(frozen=True)
class RunRecord:
    """What came of a run: its folder, and what ``record.json`` in it says."""

    folder: Path
    record: Mapping[str, Any]


def run(
    loaded: LoadedSpec,
    experiment: Experiment | None = None,
    *,
    runs_dir: Path = Path("runs"),
    on_event: OnEvent = ignore,
    command: Sequence[str] = (),
) -> RunRecord:
    """Run one experiment from its spec to a finished run folder.

    Args:
        loaded: from `dlrun.spec.load_spec`.
        experiment: what `plan` made of it, if that was called already.
        runs_dir: where the folder is made.
        on_event: is told what happens, from the thread that trains.
        command: how the run was asked for, kept in the record.

    Raises:
        DlrunError: see `dlrun.errors`; what had been finished by then is in the run folder, whose status says so.
    """
    experiment = experiment or plan(loaded)
    parameters = int(trial_model(experiment, loaded).count_params())
    with create_run(runs_dir, experiment.spec.name) as folder:
        record = folder.update(recording.opening(experiment, parameters, Path(loaded.file), command))
        recording.write_plan(folder, experiment, loaded.spec)
        listener = _Listener(folder, on_event)
        listener(RunStarted(str(folder.path), record, len(experiment.splits.splits), experiment.spec.training.epochs))
        for warning in experiment.warnings:
            listener(Warned(warning))
        try:
            results = _fit(experiment, listener)
        finally:
            # Also when the run is interrupted: the epochs that were finished are kept.
            folder.write_rows("history.csv", HISTORY_HEADER, listener.history)
        _raise_failures(results)
        summary = _summarise(experiment, results)
        recording.write_results(folder, experiment, results, listener.history)
        return RunRecord(folder.path, folder.finish(recording.closing(experiment, results, summary)))


def _fit(experiment: Experiment, on_event: OnEvent) -> list[FitResult]:
    seed = experiment.spec.seed
    tasks = [FoldTask(split.iteration, split.fold, seed) for split in experiment.splits.splits]
    return experiment.engine.load().fit(tasks, _preparer(experiment), training_plan(experiment), on_event)


def _preparer(experiment: Experiment) -> Callable[[FoldTask], FoldData]:
    """Return the function that encodes a fold's data when an engine asks; the first fold's are there already."""
    splits = {(split.iteration, split.fold): split for split in experiment.splits.splits}

    def prepare(task: FoldTask) -> FoldData:
        split = splits[task.iteration, task.fold]
        first = experiment.first
        fold = first if split is first.split else encode_fold(experiment.spec, experiment.dataset, split)
        return fold_data(experiment.spec, experiment.dataset, fold, experiment.metrics)

    return prepare


def _raise_failures(results: Sequence[FitResult]) -> None:
    failures = [result.failure for result in results if result.failure]
    if failures:
        raise TrainingError(
            failures[0],
            hint="a smaller learning rate or `- normalise` in preprocessing usually helps; history.csv has the epochs",
        )


def _summarise(experiment: Experiment, results: Sequence[FitResult]) -> EvaluationResult:
    dataset, splits = experiment.dataset, experiment.splits.splits
    return summarise(
        [_outcome(experiment, result, split) for result, split in zip(results, splits, strict=True)],
        dataset.targets,
        experiment.metrics,
        [naive_baselines(dataset.task, dataset.targets[split.train], dataset.outputs) for split in splits],
        seed=experiment.spec.evaluation.split_seed,
    )


def _outcome(experiment: Experiment, result: FitResult, split: Split) -> FoldOutcome:
    task, losses = experiment.dataset.task, result.history.validation["loss"]
    return FoldOutcome(
        iteration=split.iteration,
        fold=split.fold,
        validation_rows=split.validation,
        predictions=probabilities(experiment.spec, task, result.predictions),
        best_predictions=probabilities(experiment.spec, task, result.best_predictions),
        best_epoch=result.best_epoch,
        history_loss_final=losses[result.final_epoch - 1],
        history_loss_best=losses[result.best_epoch - 1],
    )


class _Listener:
    """Passes events on, and keeps what a run folder should have even if the run dies: history and log."""

    def __init__(self, folder: RunFolder, on_event: OnEvent) -> None:
        self.history: list[HistoryRow] = []
        self._folder, self._on_event = folder, on_event

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            self.history.extend(history_rows(event))
        if line := log_line(event):
            self._folder.log_line(line)
        self._on_event(event)
