"""Writes that are seen whole or not at all: a temporary file beside the target, synced, then renamed over it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dlrun.errors import RunFolderError

TEMPORARY = ".tmp-"
_ELSEWHERE = "--runs DIR puts runs elsewhere"
_HINTS = {
    errno.ENOSPC: f"free some space on that disk; {_ELSEWHERE}",
    errno.EDQUOT: f"your quota on that disk is used up; {_ELSEWHERE}",
    errno.EACCES: f"the folder must be writable; {_ELSEWHERE}",
    errno.EPERM: f"the folder must be writable; {_ELSEWHERE}",
    errno.EROFS: f"the file system is read-only; {_ELSEWHERE}",
    errno.ENOENT: "was the run folder moved or deleted while the run went on?",
    errno.ENOTDIR: f"a file stands where a folder should be; {_ELSEWHERE}",
    errno.EEXIST: f"a file stands where a folder should be; {_ELSEWHERE}",
}


def cannot_write(target: Path, error: OSError) -> RunFolderError:
    """Put an operating system's error in our words; the caller raises it."""
    hint = _HINTS.get(error.errno, _ELSEWHERE) if error.errno else _ELSEWHERE
    return RunFolderError(f"cannot write {target}: {error.strerror or error}", hint=hint)


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Give a path to write to; it becomes ``target`` when the block ends well, and vanishes when it does not.

    The temporary file stands in the target's folder (a rename does not cross file systems) and ends in the target's
    suffix, which is what Keras and matplotlib choose a format by.

    Raises:
        RunFolderError: the file cannot be written; ``target`` is what it was before.
    """
    temporary = target.with_name(f"{TEMPORARY}{os.urandom(4).hex()}-{target.name}")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(target: Path, data: bytes) -> None:
    """Write a whole file, or leave the old one as it is."""
    with staged(target) as temporary:
        temporary.write_bytes(data)


def make_folders(root: Path, folder: Path) -> None:
    """Make a folder and those above it, but not ``root``: where that is gone, the run was moved or deleted.

    Raises:
        RunFolderError: one of them cannot be made.
    """
    for parent in (*reversed(folder.parents), folder):
        if root in parent.parents:
            try:
                if not parent.is_dir():
                    parent.mkdir(exist_ok=True)  # another process may have been quicker
                    sync_folder(parent.parent)
            except OSError as error:
                raise cannot_write(parent, error) from error


def inner_folder(run: Path, name: str) -> Path:
    """Make a folder inside a run's folder, for files that another library appends to while the run goes on.

    Raises:
        RunFolderError: it cannot be made, or the run's folder is gone.
    """
    folder = run / name
    make_folders(run, folder)
    return folder


def sweep(folder: Path, *, below: bool = False) -> None:
    """Remove what a killed process left half-written, also ``below``. Only for who holds the folder's lock."""
    with suppress(OSError):
        for path in folder.glob(f"**/{TEMPORARY}*" if below else f"{TEMPORARY}*"):
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the file system can sync folders at all."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES):
            raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
