"""What all ways of carrying out an experiment share: missing folds are trained, and all of them are summed up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.errors import TrainingError
from dlrun.evaluation import EvaluationResult, FoldOutcome, Split, summarise
from dlrun.events import EpochEnded, Event, FitResumed, OnEvent, RunStarted, Warned
from dlrun.experiment import recording
from dlrun.experiment.checkpointing import EVERY, RunCheckpoints
from dlrun.experiment.checkpointing import NAME as CHECKPOINT
from dlrun.experiment.codes import write_codes
from dlrun.experiment.fitting import Keep, fit_folds
from dlrun.experiment.folds import FoldInputs
from dlrun.experiment.model_file import MODEL
from dlrun.experiment.outcomes import from_arrays
from dlrun.experiment.planning import Experiment
from dlrun.experiment.run_record import RunRecord
from dlrun.experiment.tables import history_rows, outcome_history, resumed_rows
from dlrun.report.progress import log_line
from dlrun.runs import RunFiles, RunFolder, history
from dlrun.training.contract import FitResult


@dataclass(frozen=True)
class Work:
    """What is to be carried out, and how.

    Args:
        experiment: planned, its engine chosen.
        record: what the run's record says so far.
        on_event: is told what happens.
        checkpoint_every: seconds between two checkpoints.
        again: whether folds that failed are tried again.
    """

    experiment: Experiment
    record: Mapping[str, Any]
    on_event: OnEvent
    checkpoint_every: float = EVERY
    again: bool = False


def carry_out(folder: RunFolder, work: Work) -> RunRecord:
    """Train what is missing of a run in one go, and sum all of it up; what is there already is read.

    Raises:
        TrainingError: no fold could be trained to its end.
        RunFolderError: the folder cannot be written or read.
    """
    splits = work.experiment.splits.splits
    recording.write_plan(folder, work.experiment, keep=True)
    there = [_outcome_there(folder, split, work) for split in splits]
    missing = [split for split, outcome in zip(splits, there, strict=True) if outcome is None]
    before = [outcome for outcome in there if outcome is not None]
    trained = iter(train_splits(folder, work, missing, before))
    return conclude(folder, work.experiment, [next(trained) if outcome is None else outcome for outcome in there])


def train_splits(
    folder: RunFiles, work: Work, splits: Sequence[Split], before: Sequence[FoldOutcome] = (), *, home: str = ""
) -> list[FoldOutcome]:
    """Train some of a run's splits; each is stored before the next one is trained.

    Args:
        folder: of the run, or of a fold of it.
        work: to be carried out.
        splits: those that are missing.
        before: what came of the others.
        home: where the checkpoint lies in the folder.
    """
    experiment = work.experiment
    listener = _Listener(folder, work.on_event, before)
    epochs = experiment.spec.training.epochs
    listener(RunStarted(str(folder.path), work.record, len(splits), epochs, finished=len(before)))
    for warning in experiment.warnings:
        listener(Warned(warning))
    checkpoints = RunCheckpoints(folder, home, work.checkpoint_every, recording.begun_with(work.record), listener)
    try:
        outcomes = fit_folds(experiment, splits, listener, _keeper(folder, experiment), checkpoints=checkpoints)
    finally:
        # Also when the run is interrupted: the epochs that were finished are kept.
        if isinstance(folder, RunFolder):
            folder.write_rows(history.NAME, history.HEADER, listener.history)
    if not isinstance(folder, RunFolder):  # a run as a whole needs it until its record says that it is done
        checkpoints.remove()
    return outcomes


def conclude(folder: RunFolder, experiment: Experiment, outcomes: Sequence[FoldOutcome]) -> RunRecord:
    """Sum up the folds, write what came of them, and close the run."""
    failed = [outcome for outcome in outcomes if outcome.failure]
    summary = _summarise(experiment, outcomes)
    if len(failed) == len(outcomes):
        folder.update({"failures": summary.failures_as_json()})
        every = f"all {len(failed)} folds failed; the first: " if len(failed) > 1 else ""
        raise TrainingError(f"{every}{failed[0].failure}", hint=failed[0].hint)
    recording.write_results(folder, experiment, outcomes, summary)
    closing = recording.closing(experiment, outcomes, summary, folder.path.parent)
    record = folder.partial(closing) if failed else folder.finish(closing)
    # Not before the record says that the run is done: until then, they are what it goes on from.
    folder.remove(CHECKPOINT)
    if len(outcomes) == 1:  # what it says stands in the tables of the run
        folder.remove(recording.outcome_file(outcomes[0]))
    return RunRecord(folder.path, record)


def _summarise(experiment: Experiment, outcomes: Sequence[FoldOutcome]) -> EvaluationResult:
    dataset, seed = experiment.dataset, experiment.spec.evaluation.split_seed
    return summarise(outcomes, dataset.targets, experiment.metrics, seed=seed, block=dataset.overlapping)


def _outcome_there(folder: RunFolder, split: Split, work: Work) -> FoldOutcome | None:
    """Read what came of a fold that was finished before the run was resumed; None where it has to be trained."""
    file = recording.outcome_file(split)
    if not folder.has(file):
        return None
    outcome = from_arrays(folder.read_arrays(file))
    if outcome.failure is not None:
        return None if work.again else outcome
    model = MODEL if len(work.experiment.splits.splits) == 1 else recording.weights_file(split)
    return outcome if folder.has(model) else None


def _keeper(folder: RunFiles, experiment: Experiment) -> Keep:
    """Return what stores a fold as soon as it is there; its outcome comes last, and says that all of it is there."""
    several = len(experiment.splits.splits) > 1

    def keep(result: FitResult, inputs: FoldInputs | None, outcome: FoldOutcome) -> None:
        if several:
            recording.write_fold(folder, result, inputs, outcome)
        elif outcome.failure is None and inputs is not None:
            recording.write_model(folder, result)
            write_codes(folder, experiment, result.model, inputs, "validation")
            recording.write_outcome(folder, outcome)

    return keep


class _Listener:
    """Passes events on, and keeps what a run folder should have even if the run dies: history and log."""

    def __init__(self, folder: RunFiles, on_event: OnEvent, before: Iterable[FoldOutcome]) -> None:
        self.history = [row for outcome in before for row in outcome_history(outcome)]
        self._folder, self._on_event = folder, on_event

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            self.history.extend(history_rows(event))
        elif isinstance(event, FitResumed):
            self.history.extend(resumed_rows(event))
        if line := log_line(event):
            self._folder.log_line(line)
        self._on_event(event)
