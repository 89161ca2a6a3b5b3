"""Faults at every write: the process dies there, or the disk says no.

Python announces what it is about to do to a file (PEP 578); a hook may refuse. So every write of the store is seen,
whoever makes it, and nothing in dlrun knows of this. What native code writes (HDF5) goes into a temporary file that is
renamed by Python, so the rename is seen.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.truncate")


class Killed(BaseException):
    """The process is gone: nothing that it would have done after this happens."""


class Faults:
    """Sees the writes below a folder, and answers the one with a certain number with an exception.

    Args:
        folder: writes elsewhere are no concern.
        at: which write, counted from 1; 0: none, they are only counted.
        error: makes the exception.
        lasting: all writes after that one fail too.
    """

    def __init__(self, folder: Path, at: int, error: Callable[[], BaseException], *, lasting: bool) -> None:
        self._folder, self._at, self._error, self._lasting = f"{folder}{os.sep}", at, error, lasting
        self.seen: list[str] = []

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take a word of the interpreter's."""
        if event == "open":
            path, _, flags = arguments
            changes = bool(flags & _WRITING)
        else:
            path, changes = (arguments[1] if event in ("os.rename", "os.symlink") else arguments[0]), event in _CHANGES
        if not changes or not isinstance(path, str | bytes | os.PathLike):
            return
        path = os.fsdecode(path)
        if not path.startswith(self._folder):
            return
        self.seen.append(f"{event} {path.removeprefix(self._folder)}")
        if self._at and (len(self.seen) == self._at or (self._lasting and len(self.seen) > self._at)):
            raise self._error()


_now: Faults | None = None
_installed = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _now is not None and (event == "open" or event in _CHANGES):
        _now.hear(event, arguments)


@contextmanager
def faults(
    folder: Path, at: int = 0, error: Callable[[], BaseException] = Killed, *, lasting: bool = True
) -> Iterator[Faults]:
    """Put faults below a folder for the length of a block. A hook cannot be taken away, so there is one for all."""
    global _now, _installed
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True
    _now = Faults(folder, at, error, lasting=lasting)
    try:
        yield _now
    finally:
        _now = None
