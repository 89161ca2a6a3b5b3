"""A run folder that many processes share, each of which runs one fold; the last one completes it.

What keeps them apart are locks, and what they agree on is in files that are whole or not there:

* ``.lock`` is held by who begins the run (record and plan) and by who completes it, never while a fold is run.
* ``folds/i1-f3/.lock`` is held by who runs that fold; ``fold.json`` in it is written last.
* The record says ``waiting`` from its first line to its completion. Its ``shared`` names all ``folds``, those that are
  ``finished``, and the ``identity`` of the run, which is null until the plan is written.

So a process may be killed anywhere: without a record, or with a null identity, the next process begins the run again; a
fold without a marker is run again; a run whose folds are all there and that still says ``waiting`` is completed by
whichever process calls next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from dlrun.errors import FoldBusyError, RunFolderError
from dlrun.runs import atomic, fold_states, lock, record
from dlrun.runs.creation import hold, point_latest
from dlrun.runs.fold import FoldFolder
from dlrun.runs.folder import RunFolder, new_facts

OTHER = "name another folder with --into"


class SharedRun:
    """A shared run, seen by one of its processes: `begin`, then `fold`, then `complete`."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self._folds: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Read the record; see `read_record`. ``status`` is ``waiting`` when folds are missing and none is running."""
        return record.read_record(self.path)

    def finished_folds(self) -> tuple[str, ...]:
        """Name the folds that need not be run any more; none when the run was not begun.

        Raises:
            RunFolderError: the folder is a run in one go, or its record cannot be read.
        """
        stored = self._stored()
        return fold_states.finished(self.path, stored) if stored else ()

    def is_complete(self) -> bool:
        """Whether the run has been summed up: nothing can be added to it any more."""
        stored = self._stored()
        return stored is not None and stored["status"] != "waiting"

    def begin(
        self,
        opening: Mapping[str, Any],
        write_plan: Callable[[RunFolder], None],
        identity: Mapping[str, Any],
        folds: Sequence[str],
    ) -> None:
        """Begin the run, or see that it was begun as the same run. Every process calls this before its fold.

        The first process writes the record, then the plan; the others wait for that.

        Args:
            opening: what the record says before training.
            write_plan: writes the files of the plan (``spec.yaml``, ``splits.npz``, ...).
            identity: fingerprints of what must be the same in every process, by a word for each.
            folds: the names of all folds, in order.

        Raises:
            RunFolderError: the folder holds folds of another run; the message names what differs.
        """
        if not self._begun(identity, folds):
            with closing(hold(self.path)) as held:
                if not self._begun(identity, folds):
                    atomic.sweep(self.path)
                    run = RunFolder(
                        self.path, new_facts(self.path, self.name, datetime.now().astimezone(), "waiting"), held
                    )
                    run.update({**opening, "shared": _shared(folds, None)})
                    point_latest(self.path.parent, self.path.name)
                    write_plan(run)
                    run.update({"shared": _shared(folds, identity)})
        self._folds = tuple(folds)

    @contextmanager
    def fold(self, name: str) -> Iterator[FoldFolder]:
        """Lock a fold for as long as it is run; it counts as finished once the block ends well.

        Look at ``finished`` of what is given: another process may have finished the fold since `finished_folds` was
        asked. A fold whose process died is run again; how far that had come is the affair of who runs it.

        Raises:
            FoldBusyError: another process runs this fold; the message says which.
        """
        if name not in self._folds:
            raise RuntimeError(f"{name!r} is no fold of {self.path}: begin() names {', '.join(self._folds) or 'none'}")
        place = self.path / fold_states.FOLDER / name
        atomic.make_folders(self.path, place)
        with closing(self._hold_fold(place, name)):
            atomic.sweep(place)
            fold = FoldFolder(self.path, name, finished=name in self.finished_folds())
            yield fold
            if not fold.finished:
                fold.finish()

    @contextmanager
    def complete(self) -> Iterator[RunFolder | None]:
        """Give the run's folder to one process once all folds are there, and None to all others.

        Every process calls this after its fold, also when that was finished already: the process that should have
        completed the run may have been killed. It waits for others that are at it. Leaving the block without
        ``finish``, ``partial`` or ``fail`` leaves the run as it was, to be completed by the next call.

        Raises:
            RunFolderError: another process has been completing the run for minutes, or the record cannot be written.
        """
        stored = self._stored()
        if stored is None or stored["status"] != "waiting":
            yield None
            return
        with closing(hold(self.path)) as held:
            run = self._ready(held)
            if run is None:
                yield None
                return
            with run:
                yield run

    def _ready(self, held: TextIOWrapper) -> RunFolder | None:
        """Note in the record which folds are there; return the folder when all are and nobody completed it."""
        stored = self._stored()  # again, now that nobody else changes it
        if stored is None or stored["status"] != "waiting" or stored["shared"].get("identity") is None:
            return None
        atomic.sweep(self.path)
        finished = list(fold_states.finished(self.path, stored))
        run = RunFolder(self.path, stored, held)
        if finished != fold_states.shared_names(stored, "finished"):
            run.update({"shared": {**stored["shared"], "finished": finished}})
        return run if finished == fold_states.shared_names(stored, "folds") else None

    def _hold_fold(self, place: Path, name: str) -> TextIOWrapper:
        try:
            held = lock.take(place, lock.BRIEFLY)
        except OSError as error:
            raise atomic.cannot_write(place / lock.NAME, error) from error
        if held is None:
            raise FoldBusyError(
                f"{fold_states.words(name, self._folds)} is being run by {lock.holder_words(place)}",
                hint="run another fold, or wait for that process to end",
            )
        return held

    def _begun(self, identity: Mapping[str, Any], names: Sequence[str]) -> bool:
        """Tell whether the run was begun, and as this run."""
        stored = self._stored()
        theirs = stored["shared"].get("identity") if stored else None
        if stored is None or theirs is None:
            return False
        ours = {**record.plain(identity), "folds": list(names)}
        theirs = {**theirs, "folds": fold_states.shared_names(stored, "folds")}
        other = [key for key in ours | theirs if ours.get(key) != theirs.get(key)]
        if other:
            raise RunFolderError(
                f"{self.path} holds folds of another run: {', '.join(other)} "
                f"{'differs' if len(other) == 1 else 'differ'} from what it was begun with",
                hint=f"{OTHER}, or give what is in its spec.yaml",
            )
        return True

    def _stored(self) -> dict[str, Any] | None:
        """Read the record; None where there is none yet. RunFolderError when it is not a shared run's."""
        if record.NAME not in _names(self.path):  # listed, not asked for: see `fold_states`
            return None
        stored = record.stored_record(self.path)
        if not isinstance(stored.get("shared"), dict):
            raise RunFolderError(
                f"{self.path} is a run in one go ({stored['status']}); no fold can be run into it", hint=OTHER
            )
        return stored


def _shared(names: Sequence[str], identity: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the record's ``shared`` of a run that has no finished fold yet."""
    return {"folds": list(names), "finished": [], "identity": identity}


def _names(path: Path) -> list[str]:
    try:
        return os.listdir(path)
    except OSError as error:
        raise RunFolderError(
            f"cannot read {path}: {error.strerror or error}", hint="was the run folder moved or deleted?"
        ) from error
