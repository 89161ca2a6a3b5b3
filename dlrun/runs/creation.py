"""Making a run folder that no other process has, and pointing ``latest`` at it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path

from dlrun.errors import RunFolderError
from dlrun.runs import atomic, lock
from dlrun.runs.folder import RunFolder, new_facts

LATEST = "latest"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ATTEMPTS = 1000


def create_run(runs_dir: Path, name: str, *, now: datetime | None = None) -> RunFolder:
    """Make ``runs/<name>-<YYYYMMDD-HHMMSS>-<4 hex>/``, lock it, say ``running`` in it, and point ``latest`` at it.

    Args:
        runs_dir: made where it is missing.
        name: of the experiment: 1 to 64 of A-Z, a-z, 0-9, ``_``, ``.`` and ``-``.
        now: the time in the folder's name, by its own clock; default: now, in local time.

    Raises:
        RunFolderError: the name cannot be a folder's, or the folder cannot be made.
    """
    check_name(name)
    created = now if now and now.tzinfo else (now or datetime.now()).astimezone()
    path = _make_folder(runs_dir, f"{name}-{created:%Y%m%d-%H%M%S}")
    run = RunFolder(path, new_facts(path, name, created, "running"), hold(path))
    try:
        run.update({})
        point_latest(runs_dir, path.name)
    except BaseException:
        run.close()
        raise
    return run


def check_name(name: str) -> None:
    """Raise RunFolderError for a name that cannot be an experiment's."""
    if not _NAME.fullmatch(name):
        raise RunFolderError(
            f"{name[:80]!r} cannot name a run folder",
            hint="a name has 1 to 64 of A-Z, a-z, 0-9, '_', '.' and '-'",
        )


def hold(path: Path, patience: float = lock.PATIENTLY) -> TextIOWrapper:
    """Lock a folder; closing the file that comes back lets go.

    Raises:
        RunFolderError: another process holds it and keeps it, or the lock cannot be written.
    """
    try:
        held = lock.take(path, patience)
    except OSError as error:
        raise atomic.cannot_write(path / lock.NAME, error) from error
    if held is None:
        raise busy(path)
    return held


def busy(path: Path) -> RunFolderError:
    """Say that another process is at work in a folder; the caller raises it."""
    return RunFolderError(f"{path} is busy: {lock.holder_words(path)} is at work in it", hint="wait until it is done")


def _make_folder(runs_dir: Path, stem: str) -> Path:
    """Make a folder that no other process has: mkdir is the judge of that, not the dice."""
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.cannot_write(runs_dir, error) from error
    for _ in range(_ATTEMPTS):
        path = runs_dir / f"{stem}-{os.urandom(2).hex()}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise atomic.cannot_write(path, error) from error
        return path
    raise RunFolderError(f"{runs_dir} is full of runs named {stem}-*", hint="wait a second, or use another --runs DIR")


def point_latest(runs_dir: Path, target: str) -> None:
    """Point ``latest`` at a run. A convenience: no failure of it ends a run, and what is not ours stays."""
    link = runs_dir / LATEST
    temporary = runs_dir / f".{LATEST}-{os.urandom(4).hex()}"
    with suppress(OSError):
        if os.path.lexists(link) and not (link.is_symlink() and "/" not in os.readlink(link)):
            return
        try:
            temporary.symlink_to(target)
            temporary.replace(link)
        finally:
            temporary.unlink(missing_ok=True)
