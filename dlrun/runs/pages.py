"""Pages about runs: in a run's folder, or wherever a person wants one. Whole or not at all."""

from __future__ import annotations

from pathlib import Path

from dlrun.errors import UsageError
from dlrun.runs import atomic, lock
from dlrun.runs.creation import hold


def write_page(run: Path, name: str, text: str) -> Path:
    """Write a page into the folder of a run, whatever came of that, and return where it lies.

    Raises:
        RunFolderError: a process is at work in the folder, or it cannot be written.
    """
    held = hold(run, lock.BRIEFLY)
    try:
        return write_file(run / name, text)
    finally:
        held.close()


def write_file(path: Path, text: str) -> Path:
    """Write a file outside of any run, and return its path.

    Raises:
        UsageError: there is no such folder, or a folder stands there.
        RunFolderError: the file cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder", hint="name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", hint="make it, or name a file elsewhere")
    atomic.write_bytes(path, text.encode("utf-8", "backslashreplace"))
    return path
