"""Pages about runs: in a run's folder, or wherever a person wants one. Whole or not at all."""

from __future__ import annotations

from pathlib import Path

from dlrun.errors import UsageError
from dlrun.runs import atomic, lock, record
from dlrun.runs.creation import hold

_BEGINNING = b"<!DOCTYPE html>"


def write_page(run: Path, name: str, text: str) -> Path:
    """Write a page into the folder of a run, whatever came of that, and return where it lies.

    Raises:
        RunFolderError: a process is at work in the folder, or it cannot be written.
    """
    held = hold(run, lock.BRIEFLY)
    try:
        return _write(run / name, text)
    finally:
        held.close()


def write_file(path: Path, text: str) -> Path:
    """Write a page wherever a person wants it, and return its path. In a run's folder that run is locked for it.

    Raises:
        UsageError: there is no such folder, a folder stands there, or a file that is no page.
        RunFolderError: the file cannot be written, or a process is at work in the run.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder", hint="name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", hint="make it, or name a file elsewhere")
    if path.exists() and not _is_page(path):
        raise UsageError(f"{path} is there already, and is no page of dlrun's", hint="name another file")
    if (path.parent / record.NAME).exists():
        return write_page(path.parent, path.name, text)
    return _write(path, text)


def _is_page(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


def _write(path: Path, text: str) -> Path:
    atomic.write_bytes(path, text.encode("utf-8", "backslashreplace"))
    return path
