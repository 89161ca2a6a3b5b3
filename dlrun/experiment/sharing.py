"""One fold of a run that many processes share: joining the folder, running the fold, completing the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlrun.errors import TrainingError, UsageError
from dlrun.evaluation import FoldOutcome, Split
from dlrun.events import OnEvent, ignore
from dlrun.experiment import recording
from dlrun.experiment.checkpointing import EVERY
from dlrun.experiment.engines import with_engine
from dlrun.experiment.execution import Work, conclude, train_splits
from dlrun.experiment.outcomes import fold_name, from_arrays
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.run_record import RunRecord
from dlrun.experiment.training import trial_model
from dlrun.runs import RunFolder, SharedRun, join_run
from dlrun.spec import LoadedSpec


def run_fold(
    loaded: LoadedSpec,
    number: int,
    into: Path,
    experiment: Experiment | None = None,
    *,
    on_event: OnEvent = ignore,
    command: Sequence[str] = (),
    checkpoint_every: float = EVERY,
) -> RunRecord:
    """Run one fold of an experiment into a run folder that other processes share; the last fold completes it.

    A fold that is there already is not trained again, and one whose process was killed goes on from its checkpoint.
    The completed run is equal to that of `run`.

    Args:
        loaded: from `dlrun.spec.load_spec`; the same in every process.
        number: which fit, counted from 1 through all iterations: fold 2 of iteration 3 of 4 folds is 10.
        into: the folder; made by whichever process comes first.
        experiment: what `plan` made of the spec, if that was called already.
        on_event: is told what happens.
        command: how the run was asked for.
        checkpoint_every: seconds between two checkpoints; 0: one after every epoch.

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
        lambda folder: _write_plan(folder, experiment, loaded),
        identity=recording.identity(opening),
        folds=[fold_name(each) for each in experiment.splits.splits],
    )
    introduced: Mapping[str, Any] = {"name": experiment.spec.name, **opening, "run": str(into)}
    outcome = _shared_fold(shared, split, Work(experiment, introduced, on_event, checkpoint_every))
    with shared.complete() as folder:
        if folder is not None:
            files = map(recording.outcome_file, experiment.splits.splits)
            return conclude(folder, experiment, [from_arrays(folder.read_arrays(file)) for file in files])
    record = shared.record()  # not inside: whoever may complete the run looks as if it were running it
    if record["status"] == "failed":
        raise TrainingError(record["failure"] or "the run failed")
    if outcome.failure and record["status"] != "partial":
        raise TrainingError(f"fit {number} failed: {outcome.failure}; call it again to run it again", hint=outcome.hint)
    return RunRecord(into, record)


def _write_plan(folder: RunFolder, experiment: Experiment, loaded: LoadedSpec) -> None:
    recording.write_spec(folder, experiment, loaded.spec)
    recording.write_plan(folder, experiment)


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


def _shared_fold(shared: SharedRun, split: Split, work: Work) -> FoldOutcome:
    """Run one fold of a shared run, or read what it left; one that failed is run again while others are missing."""
    with shared.fold(fold_name(split)) as fold:
        if fold.finished:
            outcome = from_arrays(fold.read_arrays(recording.outcome_file(split)))
            if outcome.failure is None or shared.is_complete():
                return outcome
            fold.reopen()
        (outcome,) = train_splits(fold, work, [split], home=f"folds/{fold_name(split)}/")
        return outcome
