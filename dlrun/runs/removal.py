"""Removing runs: out of the list in one step, then off the disk. The ledger of looks is not touched.

A run is renamed to a hidden name beside it before anything in it is deleted, so a run is there whole or not at all,
also when the process is killed half-way; what was left over then is deleted by the next removal.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dlrun.errors import RunFolderError
from dlrun.runs import atomic, fold_states, lock
from dlrun.runs.creation import LATEST, point_latest
from dlrun.runs.listing import list_runs

_HIDDEN = ".removed-"
_LEFT_OVER = re.compile(rf"{re.escape(_HIDDEN)}[0-9a-f]{{8}}-.+")
_LONGEST_NAME = 255
_ELSEWHERE = "--runs DIR says in which folder runs lie"


def check_removable(runs_dir: Path, folders: Sequence[Path]) -> None:
    """Find out whether all of some runs can be removed, before any is.

    Raises:
        RunFolderError: one does not lie in ``runs_dir`` itself, is a link, or a process is at work in it.
    """
    for folder in folders:
        _check_place(runs_dir, folder)
        with _held(folder):
            pass


def remove_run(runs_dir: Path, folder: Path) -> None:
    """Remove a run, and point ``latest`` at another one if it was that.

    Raises:
        RunFolderError: as `check_removable`; or it cannot be removed. Where only some of its files can be deleted, it
            is no run any more, and the message says where the rest lies.
    """
    _check_place(runs_dir, folder)
    name = os.fsencode(f"{_HIDDEN}{os.urandom(4).hex()}-{folder.name}")[:_LONGEST_NAME]
    hidden = runs_dir / os.fsdecode(name)
    with _held(folder):
        try:
            folder.rename(hidden)
            atomic.sync_folder(runs_dir)
        except OSError as error:
            raise RunFolderError(f"cannot remove {folder}: {error.strerror or error}") from error
        _repair_latest(runs_dir, folder.name)
        _delete(folder, hidden)


def sweep_removed(runs_dir: Path) -> None:
    """Delete what removals that were killed have left over; what cannot be deleted stays hidden."""
    try:
        with os.scandir(runs_dir) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for name in names:
        if _LEFT_OVER.fullmatch(name):
            shutil.rmtree(runs_dir / name, ignore_errors=True)


def _check_place(runs_dir: Path, folder: Path) -> None:
    """Refuse what is not a folder right in ``runs_dir``: nothing else is ever deleted."""
    if folder.is_symlink():
        raise RunFolderError(f"{folder} is a link; only run folders themselves are removed", hint=_ELSEWHERE)
    if not folder.is_dir():
        raise RunFolderError(f"{folder} is not there", hint="'dlrun runs' lists the runs there are")
    if folder.resolve().parent != runs_dir.resolve():
        raise RunFolderError(f"{folder} does not lie in {runs_dir}", hint=_ELSEWHERE)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the locks of a run and of its folds, so that no process can be at work in it."""
    with ExitStack() as stack:
        for place in (folder, *fold_states.folders(folder)):
            if place is not folder and (place.is_symlink() or not place.is_dir()):
                continue
            if not os.path.lexists(place / lock.NAME):
                continue  # nobody was ever at work here
            try:
                held = lock.take(place, lock.BRIEFLY)
            except OSError:
                # A lock that cannot be opened for writing can still be asked about.
                if lock.holder(place) is not None:
                    raise _busy(folder, place) from None
                continue
            if held is None:
                raise _busy(folder, place)
            stack.enter_context(held)
        yield


def _busy(folder: Path, place: Path) -> RunFolderError:
    who = lock.holder_words(place)
    return RunFolderError(f"{folder} is busy: {who} is at work in it", hint="wait until it is done, or end it first")


def _repair_latest(runs_dir: Path, removed: str) -> None:
    link = runs_dir / LATEST
    try:
        if not link.is_symlink() or os.readlink(link) != removed:
            return
        rows = list_runs(runs_dir)
        if rows:
            point_latest(runs_dir, rows[0].run)
        else:
            link.unlink()
    except (OSError, RunFolderError):
        return  # a convenience: `find_run` takes the newest run where the link leads nowhere


def _delete(folder: Path, hidden: Path) -> None:
    try:
        shutil.rmtree(hidden)
    except OSError as error:
        shutil.rmtree(hidden, ignore_errors=True)  # what else can be
        if hidden.exists():
            raise RunFolderError(
                f"{folder.name} is no run any more, but not all of its files could be deleted: "
                f"{error.filename}: {error.strerror or error}",
                hint=f"delete {hidden} yourself",
            ) from error
