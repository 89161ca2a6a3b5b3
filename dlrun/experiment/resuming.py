"""Bringing a run to its end that was killed, interrupted, or ended by a full disk: from its last checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from dlrun.errors import DataError, FoldBusyError, RunFolderError, TrainingError, UsageError
from dlrun.events import OnEvent, Warned, ignore
from dlrun.experiment import recording
from dlrun.experiment.again import changed_parts, is_spec_of
from dlrun.experiment.checkpointing import EVERY
from dlrun.experiment.engines import with_engine
from dlrun.experiment.execution import Work, carry_out
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.run_record import RunRecord
from dlrun.experiment.sharing import run_fold
from dlrun.experiment.training import trial_model
from dlrun.runs import check_unfinished, environment, missing_folds, read_record, resume_run
from dlrun.spec import LoadedSpec, load_spec

_MAY_DIFFER = ("cpu", "cpu_features", "platform", "python")
"""What else may change the last digits, and does not stop a run that moves to another machine."""


def resume(
    run: Path,
    *,
    force: bool = False,
    on_event: OnEvent = ignore,
    command: Sequence[str] = (),
    checkpoint_every: float = EVERY,
) -> RunRecord:
    """Bring a run to its end. Folds that are finished are not trained again; the others go on from the last checkpoint.

    Scores, history, predictions and weights are, bit for bit, those of the run that was never interrupted. Of a shared
    run, the folds that are missing are run here, one after the other.

    Args:
        run: the run's folder.
        force: also where other versions of dlrun, TensorFlow or the like are installed by now, so that the result may
            differ in the last digits; and where folds failed, which are then tried again.
        on_event: is told what happens.
        command: how it was asked for, kept in the record.
        checkpoint_every: seconds between two checkpoints; 0: one after every epoch.

    Raises:
        RunFolderError: the run has come to its end, another process is at work in it, or spec, data or versions are no
            longer those that it began with.
        TrainingError: no fold could be trained to its end.
    """
    check_unfinished(run, again=force)
    record = read_record(run)
    differs = _check_versions(run, record, force=force)
    loaded, experiment = _planned(run, record)
    if record.get("shared"):
        carry_out_fold = partial(
            run_fold,
            loaded,
            into=run,
            experiment=experiment,
            on_event=on_event,
            command=command,
            checkpoint_every=checkpoint_every,
        )
        return _missing_folds(run, carry_out_fold, len(experiment.splits.splits))
    experiment = with_engine(experiment, trial_model(experiment, loaded), loaded)
    # Those of the record: a complete spec gives less reason for them than the one that was written by hand.
    experiment = replace(experiment, warnings=tuple(record["warnings"]))
    with resume_run(run, {"command": ["dlrun", *command[1:]], "differs": differs}, again=force) as folder:
        for difference in differs:
            on_event(Warned(f"{difference}: scores may differ in their last digits"))
        return carry_out(folder, Work(experiment, folder.facts, on_event, checkpoint_every, again=force))


def _planned(run: Path, record: Mapping[str, Any]) -> tuple[LoadedSpec, Experiment]:
    """Plan the experiment of a run once more. Raises RunFolderError where it is another one by now."""
    hint = f"put it back as it was, or run it as a run of its own: dlrun train {run / 'spec.yaml'}"
    try:
        loaded = load_spec(run / "spec.yaml")
    except UsageError as error:
        raise RunFolderError(f"{run / 'spec.yaml'} was edited and has problems now:\n{error}", hint=hint) from error
    if not is_spec_of(loaded, record):
        raise RunFolderError(f"{loaded.file} was edited since {run.name} began", hint=hint)
    try:
        experiment = plan(loaded)
    except DataError as error:
        raise RunFolderError(
            f"the data of {run.name} are not what they were: {error.message}",
            hint="put them back as they were; nothing that is finished is lost until then",
        ) from error
    if changed := changed_parts(experiment, record):
        what = "the data are" if "data" in changed else "the splits are"
        raise RunFolderError(f"{what} no longer those that {run.name} began with", hint=hint.replace("it", "them", 1))
    return loaded, experiment


def _check_versions(run: Path, record: Mapping[str, Any], *, force: bool) -> list[str]:
    """Say what differs from where a run began. Raises RunFolderError where that may change its result."""
    before = record.get("environment") or {}
    now = environment(run)
    changed = _differences(recording.BITS_HANG_ON, before, now)
    if changed and not force:
        raise RunFolderError(
            f"{run.name} began with other versions: {'; '.join(changed)}",
            hint="install those again, or --force goes on with these: scores may then differ in their last digits",
        )
    return [*changed, *_differences(_MAY_DIFFER, before, now)]


def _differences(names: Sequence[str], before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [f"{name} {before.get(name)} → {now.get(name)}" for name in names if before.get(name) != now.get(name)]


def _missing_folds(run: Path, carry_out_fold: Callable[[int], RunRecord], folds: int) -> RunRecord:
    """Run the folds that a shared run waits for, but for those that another process is running at the moment."""
    for number in missing_folds(run) or [folds]:  # where all are there and nobody summed them up, any fold does it
        with suppress(TrainingError, FoldBusyError):
            carry_out_fold(number)
    record = read_record(run)
    if record["status"] == "failed":
        raise TrainingError(record["failure"] or "the run failed")
    return RunRecord(run, record)
