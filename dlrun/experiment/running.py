"""Carrying out an experiment and leaving a run folder: the chain of verbs, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from dlrun.errors import TrainingError, UsageError
from dlrun.evaluation import EvaluationResult, FoldOutcome, Split, summarise
from dlrun.events import EpochEnded, Event, OnEvent, RunStarted, Warned, ignore
from dlrun.experiment import recording
from dlrun.experiment.codes import write_codes
from dlrun.experiment.engines import with_engine
from dlrun.experiment.fitting import Keep, fit_folds
from dlrun.experiment.folds import FoldInputs
from dlrun.experiment.outcomes import fold_name, from_arrays
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.run_record import RunRecord
from dlrun.experiment.tables import history_rows
from dlrun.experiment.training import trial_model
from dlrun.report.progress import log_line
from dlrun.runs import RunFiles, RunFolder, SharedRun, create_run, history, join_run
from dlrun.spec import LoadedSpec, load_spec
from dlrun.training.contract import FitResult


def run(
    spec: LoadedSpec | str | PathLike[str],
    experiment: Experiment | None = None,
    *,
    runs_dir: str | PathLike[str] = "runs",
    on_event: OnEvent = ignore,
    command: Sequence[str] = (),
) -> RunRecord:
    """Run one experiment from its spec to a finished run folder.

    Where some folds of several failed, the record's status is ``partial`` and says which and why. Where all failed,
    that is a TrainingError, and the folder, ``failed``, has their histories.

    Args:
        spec: from `dlrun.load_spec`, or the name of a spec's file.
        experiment: what `plan` made of it, if that was called already.
        runs_dir: where the folder is made.
        on_event: is told what happens (`dlrun.events`), from the thread that trains. By default nothing is shown.
        command: how the run was asked for, kept in the record.

    Raises:
        SpecError: the spec has problems; ``problems`` has all that could be found. Nothing was written.
        DataError: the data are missing, damaged, or not what the spec says. Nothing was written.
        TrainingError: no fold could be trained to its end.
        RunFolderError: the folder cannot be made or written.

    All of them are a `dlrun.errors.DlrunError`. What had been finished by then is in the run folder, whose status says
    how it ended.
    """
    loaded = _loaded(spec)
    experiment = experiment or plan(loaded)
    model = trial_model(experiment, loaded)
    experiment = with_engine(experiment, model, loaded)
    runs_folder = Path(runs_dir)
    with create_run(runs_folder, experiment.spec.name) as folder:
        record = folder.update(recording.opening(experiment, model, Path(loaded.file), runs_folder, command))
        recording.write_plan(folder, experiment, loaded.spec)
        listener = _start(folder, experiment, record, on_event, experiment.splits.splits)
        try:
            outcomes = fit_folds(experiment, experiment.splits.splits, listener, _keeper(folder, experiment))
        finally:
            # Also when the run is interrupted: the epochs that were finished are kept.
            folder.write_rows(history.NAME, history.HEADER, listener.history)
        return _finish(folder, experiment, outcomes)


def _loaded(spec: LoadedSpec | str | PathLike[str]) -> LoadedSpec:
    if isinstance(spec, LoadedSpec):
        return spec
    if not isinstance(spec, str | PathLike):
        raise TypeError(f"run takes what load_spec gives, or a spec's file, not {type(spec).__name__}")
    return load_spec(spec)


def run_fold(
    loaded: LoadedSpec,
    number: int,
    into: Path,
    experiment: Experiment | None = None,
    *,
    on_event: OnEvent = ignore,
    command: Sequence[str] = (),
) -> RunRecord:
    """Run one fold of an experiment into a run folder that other processes share; the last fold completes it.

    A fold that is there already is not trained again. The completed run is equal to that of `run`.

    Args:
        loaded: from `dlrun.spec.load_spec`; the same in every process.
        number: which fit, counted from 1 through all iterations: fold 2 of iteration 3 of 4 folds is 10.
        into: the folder; made by whichever process comes first.
        experiment: what `plan` made of the spec, if that was called already.
        on_event: is told what happens.
        command: how the run was asked for.

    Raises:
        UsageError: there is no such fold.
        RunFolderError: the folder belongs to another experiment, or another process runs this fold.
        TrainingError: this fold failed; that is kept, and the other folds go on.
    """
    experiment = experiment or plan(loaded)
    split = _fit_number(number, experiment)
    model = trial_model(experiment, loaded)
    experiment = with_engine(experiment, model, loaded)
    shared = join_run(into, experiment.spec.name)
    opening = recording.opening(experiment, model, Path(loaded.file), into.parent, command)
    shared.begin(
        opening,
        lambda folder: recording.write_plan(folder, experiment, loaded.spec),
        identity=recording.identity(opening),
        folds=[fold_name(each) for each in experiment.splits.splits],
    )
    introduced = {"name": experiment.spec.name, **opening, "run": str(into)}
    outcome = _shared_fold(shared, split, experiment, introduced, on_event)
    with shared.complete() as folder:
        if folder is not None:
            files = map(recording.outcome_file, experiment.splits.splits)
            return _finish(folder, experiment, [from_arrays(folder.read_arrays(file)) for file in files])
    record = shared.record()  # not inside: whoever may complete the run looks as if it were running it
    if record["status"] == "failed":
        raise TrainingError(record["failure"] or "the run failed")
    if outcome.failure and record["status"] != "partial":
        raise TrainingError(f"fit {number} failed: {outcome.failure}; call it again to run it again", hint=outcome.hint)
    return RunRecord(into, record)


def _fit_number(number: int, experiment: Experiment) -> Split:
    """Return the split of a fit, counted from 1 through all iterations."""
    splits = experiment.splits.splits
    if len(splits) == 1:
        raise UsageError("this spec makes a single fit, which has no folds to share", hint="'dlrun train' runs it")
    if not 1 <= number <= len(splits):
        raise UsageError(
            f"there is no fit {number}: this spec makes {len(splits)}, counted from 1",
            hint="under iterated K-fold, --fold counts through all iterations",
        )
    return splits[number - 1]


def _shared_fold(
    shared: SharedRun, split: Split, experiment: Experiment, introduced: Mapping[str, Any], on_event: OnEvent
) -> FoldOutcome:
    """Run one fold of a shared run, or read what it left; one that failed is run again while others are missing."""
    with shared.fold(fold_name(split)) as fold:
        if fold.finished:
            outcome = from_arrays(fold.read_arrays(recording.outcome_file(split)))
            if outcome.failure is None or shared.is_complete():
                return outcome
            fold.reopen()
        listener = _start(fold, experiment, introduced, on_event, [split])
        (outcome,) = fit_folds(experiment, [split], listener, _keeper(fold, experiment))
        return outcome


def _start(
    folder: RunFiles, experiment: Experiment, record: Mapping[str, Any], on_event: OnEvent, splits: Sequence[Split]
) -> _Listener:
    listener = _Listener(folder, on_event)
    listener(RunStarted(str(folder.path), record, len(splits), experiment.spec.training.epochs))
    for warning in experiment.warnings:
        listener(Warned(warning))
    return listener


def _keeper(folder: RunFiles, experiment: Experiment) -> Keep:
    """Return what stores a fold as soon as it is there."""
    several = len(experiment.splits.splits) > 1

    def keep(result: FitResult, inputs: FoldInputs | None, outcome: FoldOutcome) -> None:
        if several:
            recording.write_fold(folder, result, inputs, outcome)
        elif outcome.failure is None and inputs is not None:
            recording.write_model(folder, result)
            write_codes(folder, experiment, result.model, inputs, "validation")

    return keep


def _finish(folder: RunFolder, experiment: Experiment, outcomes: Sequence[FoldOutcome]) -> RunRecord:
    """Sum up the folds, write what came of them, and close the run."""
    failed = [outcome for outcome in outcomes if outcome.failure]
    summary = _summarise(experiment, outcomes)
    if len(failed) == len(outcomes):
        folder.update({"failures": summary.failures_as_json()})
        every = f"all {len(failed)} folds failed; the first: " if len(failed) > 1 else ""
        raise TrainingError(f"{every}{failed[0].failure}", hint=failed[0].hint)
    recording.write_results(folder, experiment, outcomes, summary)
    closing = recording.closing(experiment, outcomes, summary, folder.path.parent)
    return RunRecord(folder.path, folder.partial(closing) if failed else folder.finish(closing))


def _summarise(experiment: Experiment, outcomes: Sequence[FoldOutcome]) -> EvaluationResult:
    dataset, seed = experiment.dataset, experiment.spec.evaluation.split_seed
    return summarise(outcomes, dataset.targets, experiment.metrics, seed=seed, block=dataset.overlapping)


class _Listener:
    """Passes events on, and keeps what a run folder should have even if the run dies: history and log."""

    def __init__(self, folder: RunFiles, on_event: OnEvent) -> None:
        self.history: list[history.HistoryRow] = []
        self._folder, self._on_event = folder, on_event

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            self.history.extend(history_rows(event))
        if line := log_line(event):
            self._folder.log_line(line)
        self._on_event(event)
