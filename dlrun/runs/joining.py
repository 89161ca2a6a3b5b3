"""Which folder ``--into`` means, and joining the shared run in it, or making one there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dlrun.errors import RunFolderError
from dlrun.runs import atomic, lock, record
from dlrun.runs.creation import LATEST, check_name
from dlrun.runs.shared import OTHER, SharedRun

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


def into_path(runs_dir: Path, ref: str) -> Path:
    """Say which folder ``--into`` means: what has a ``/`` in it is a path, all else a name in ``runs_dir``.

    The folder need not be there; `join_run` makes it. A name never leads out of ``runs_dir``.

    Raises:
        RunFolderError: it can be neither, or it is ``latest``, which every new run moves.
    """
    if ref == LATEST:
        raise RunFolderError(
            f"'{LATEST}' moves to every new run, so no fold can be run into it", hint="write the run's own name"
        )
    if "/" in ref and "\0" not in ref:
        path = Path(ref)
        return path if path.name not in ("", "..") else path.resolve()  # a run folder has a name
    path = runs_dir / ref
    if not _NAME.fullmatch(ref):
        raise RunFolderError(
            f"{ref[:80]!r} cannot name a run folder",
            hint="a name has up to 100 of A-Z, a-z, 0-9, '_', '-' and, but not first, '.'; a path has a '/' in it",
        )
    if path.is_symlink():
        raise RunFolderError(f"{path} is a link, and a name never leads out of {runs_dir}", hint="write it as a path")
    return path


def join_run(path: Path, name: str) -> SharedRun:
    """Make the folder of a shared run, or join the one that another process made.

    Args:
        path: see `into_path`; what is missing of it is made.
        name: of the experiment.

    Raises:
        RunFolderError: the folder cannot be made, or is no shared run.
    """
    check_name(name)
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not _is_ours(path):
            raise RunFolderError(f"{path} is a folder with files in it, and no shared run", hint=OTHER)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte
        raise _unusable(path, error) from error
    shared = SharedRun(path, name)
    shared.finished_folds()  # refuses a folder that is a run in one go
    return shared


def _is_ours(path: Path) -> bool:
    """Tell a run's folder, or one that is about to become one, from a folder that holds anything else."""
    expected = (lock.NAME, atomic.TEMPORARY, ".nfs")  # the last: what NFS keeps of files that are still open
    if all(name.startswith(expected) for name in os.listdir(path)):
        return True
    # Listed again: other processes may be beginning the run, and the record comes before all other files.
    return record.NAME in os.listdir(path)


def _unusable(path: Path, error: OSError | ValueError) -> RunFolderError:
    if isinstance(error, OSError):
        return atomic.cannot_write(path, error)
    return RunFolderError(f"{str(path)[:80]!r} cannot name a folder: {error}", hint=OTHER)
