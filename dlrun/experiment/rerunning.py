"""Running a run again, from its own spec and the data that it names, and saying whether it came out the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from dlrun import fingerprint
from dlrun.errors import DataError
from dlrun.events import OnEvent, ignore
from dlrun.experiment.planning import Experiment, plan
from dlrun.experiment.run_record import RunRecord
from dlrun.experiment.running import run as carry_out
from dlrun.experiment.verifying import Verification, verify
from dlrun.runs import find_run, read_record
from dlrun.runs.reopening import check_finished
from dlrun.spec import LoadedSpec, load_spec

Record = Mapping[str, Any]
_FILE = ("path", "bytes", "sha256")


@dataclass(frozen=True)
class Rerun:
    """A run that repeats another one.

    Args:
        run: the new run.
        verification: how it compares with the one that it repeats.
    """

    run: RunRecord
    verification: Verification


def rerun(
    run: str | PathLike[str],
    *,
    runs_dir: str | PathLike[str] = "runs",
    on_event: OnEvent = ignore,
    command: Sequence[str] = (),
) -> Rerun:
    """Run a finished run again, in one go, and compare what came of it.

    Data that have changed are no error: they are what is run on, and the verdict says so. The first run's folder is
    only read. Its test is not repeated.

    Args:
        run: a folder, its name, a unique prefix of it, or ``latest``.
        runs_dir: where names are looked up, and where the new run's folder is made.
        on_event: is told what happens.
        command: how it was asked for, kept in the new record.

    Raises:
        RunFolderError: there is no such run, or it has not come to a result that could be compared.
        SpecError: its spec was edited, and has problems now.
        DataError: its data are missing or damaged.
        TrainingError: no fold could be trained to its end this time.
    """
    folder = find_run(Path(runs_dir), str(run))
    record = read_record(folder)
    check_finished(folder, record, "it has no result that a rerun could be compared with")
    loaded = load_spec(folder / "spec.yaml")
    unpinned = _unpinned(loaded)
    experiment = replace(_planned(unpinned, folder, record), rerun_of=folder.resolve().name)
    done = carry_out(unpinned, experiment, runs_dir=runs_dir, on_event=on_event, command=command)
    return Rerun(done, verify(folder, record, loaded.spec, done.folder, done.record))


def _unpinned(loaded: LoadedSpec) -> LoadedSpec:
    """Take the checksums out of a run's spec: other content is run as well, and is told by the verdict."""
    spec = loaded.spec
    update: dict[str, Any] = {}
    if getattr(spec.dataset, "sha256", None) is not None:
        update["dataset"] = spec.dataset.model_copy(update={"sha256": None})
    if spec.evaluation.splits is not None:
        splits = spec.evaluation.splits.model_copy(update={"sha256": None})
        update["evaluation"] = spec.evaluation.model_copy(update={"splits": splits})
    return replace(loaded, spec=spec.model_copy(update=update))


def _planned(loaded: LoadedSpec, folder: Path, record: Record) -> Experiment:
    """Load the data and plan; where they are missing, say where else their content lies."""
    try:
        return plan(loaded)
    except DataError as error:
        if (found := _elsewhere(folder, record)) is None:
            raise
        path, place = found
        raise DataError(error.message, hint=f"'{place}' has the content of '{path}': put it back, or a link") from error


def _elsewhere(folder: Path, record: Record) -> tuple[str, Path] | None:
    """Find a file that is no longer where it was, by name and content, beside the run or in the working directory."""
    data = record.get("data")
    files = data.get("files") if isinstance(data, Mapping) else None
    for file in files if isinstance(files, list) else ():
        path, size, digest = (file.get(key) if isinstance(file, Mapping) else None for key in _FILE)
        if path is None or Path(str(path)).exists():
            continue
        for home in (Path.cwd(), folder, folder.parent, folder.parent.parent):
            place = home / Path(str(path)).name
            if place.is_file() and place.stat().st_size == size and fingerprint.of_file(place) == digest:
                return str(path), place
    return None
