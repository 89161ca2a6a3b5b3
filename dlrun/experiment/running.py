"""Carrying out an experiment and leaving a run folder: the chain of verbs, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from dlrun.events import OnEvent, ignore
from dlrun.experiment import recording
from dlrun.experiment.checkpointing import EVERY
from dlrun.experiment.engines import with_engine
from dlrun.experiment.execution import Work, carry_out
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.run_record import RunRecord
from dlrun.experiment.training import trial_model
from dlrun.runs import create_run
from dlrun.spec import LoadedSpec, load_spec


def run(
    spec: LoadedSpec | str | PathLike[str],
    experiment: Experiment | None = None,
    *,
    runs_dir: str | PathLike[str] = "runs",
    on_event: OnEvent = ignore,
    command: Sequence[str] = (),
    checkpoint_every: float = EVERY,
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
        checkpoint_every: seconds between two checkpoints, from which `resume` goes on; 0: one after every epoch.

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
        recording.write_spec(folder, experiment, loaded.spec)
        return carry_out(folder, Work(experiment, record, on_event, checkpoint_every))


def _loaded(spec: LoadedSpec | str | PathLike[str]) -> LoadedSpec:
    if isinstance(spec, LoadedSpec):
        return spec
    if not isinstance(spec, str | PathLike):
        raise TypeError(f"run takes what load_spec gives, or a spec's file, not {type(spec).__name__}")
    return load_spec(spec)
