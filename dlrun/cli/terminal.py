"""What goes where: results to stdout, progress and messages to stderr, TensorFlow's own noise to neither."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO

from dlrun.errors import UsageError


def open_streams() -> None:
    """Point standard streams that this process was started without (``>&-``) at nothing.

    Else the next files to be opened take their numbers, and get whatever native code prints.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115


class Terminal:
    """The two streams of a command. ``messages`` keeps reaching stderr while native code is muted."""

    def __init__(self) -> None:
        self.results: TextIO = sys.stdout
        self.messages: TextIO = sys.stderr
        self._lost: str | None = None

    @property
    def width(self) -> int:
        """Columns to lay text out for: the terminal's, or ``$COLUMNS``; 100 for files and pipes."""
        asked = self.results.isatty() or os.environ.get("COLUMNS")
        return max(shutil.get_terminal_size((100, 24)).columns, 20) if asked else 100

    @property
    def columns(self) -> int:
        """Columns of the terminal that messages go to."""
        return shutil.get_terminal_size((100, 24)).columns

    @property
    def unicode(self) -> bool:
        """Whether results may hold signs beyond ASCII."""
        return (self.results.encoding or "ascii").lower().replace("-", "") in ("utf8", "utf16")

    @property
    def live(self) -> bool:
        """Whether messages go to a terminal that can show a moving line."""
        return self.messages.isatty() and os.environ.get("TERM") != "dumb"

    def result(self, text: str) -> None:
        """Print a result to stdout. A reader that has gone away (``| head``) is no error."""
        self._print(self.results, text)

    def result_json(self, value: Any, *, indent: int | None = 2) -> None:
        """Print one JSON object to stdout."""
        self.result(json.dumps(value, indent=indent, ensure_ascii=not self.unicode, allow_nan=False))

    def message(self, text: str) -> None:
        """Print a message to stderr."""
        self._print(self.messages, text)

    def redraw(self, line: str) -> None:
        """Put a line in place of the one that the cursor stands in; "" clears it."""
        self._print(self.messages, "\r\x1b[2K" + line, end="")

    def refuse_lost_results(self) -> None:
        """Raise UsageError when a result could not be printed: half a result must not pass for a whole one."""
        if self._lost is not None:
            raise UsageError(f"the result could not be printed: {self._lost}", hint="see the disk that stdout goes to")

    def _print(self, stream: TextIO, text: str, end: str = "\n") -> None:
        encoding = stream.encoding or "utf-8"
        try:
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + end)
            stream.flush()
        except (BrokenPipeError, ValueError):
            self._give_up(stream)
        except OSError as error:
            if stream is self.results:
                self._lost = error.strerror or str(error)
            self._give_up(stream)

    @staticmethod
    def _give_up(stream: TextIO) -> None:
        """Point a broken stream at nothing, so that neither later prints nor Python's last flush fail."""
        with suppress(OSError, ValueError, io.UnsupportedOperation):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)

    @contextmanager
    def muted(self, *, debug: bool) -> Iterator[NativeNoise | None]:
        """Keep what native code writes to file descriptor 2 from the user; with ``debug`` let it through.

        TensorFlow prints before any log level of its own can stop it, so the descriptor itself is moved.
        """
        try:
            descriptor = sys.stderr.fileno()
        except (OSError, ValueError, io.UnsupportedOperation):
            descriptor = -1
        if debug or descriptor != 2:
            yield None
            return
        sys.stderr.flush()
        kept = os.dup(2)
        messages = os.fdopen(os.dup(kept), "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1)
        before, self.messages = self.messages, messages
        with TemporaryFile() as first:
            os.dup2(first.fileno(), 2)
            try:
                yield NativeNoise(first.fileno())
            finally:
                sys.stderr.flush()
                os.dup2(kept, 2)
                os.close(kept)
                self.messages = before
                messages.close()


class NativeNoise:
    """Where native messages go: a temporary file until a run has a folder, then the log in it."""

    def __init__(self, first: int) -> None:
        self._first = first

    def move_back(self) -> None:
        """Send noise to the temporary file again: a run that is over has a log that is closed."""
        sys.stderr.flush()
        os.dup2(self._first, 2)

    def move_to(self, log: Path) -> None:
        """Append what came so far to a log file, and send what comes from now on there too."""
        sys.stderr.flush()
        target = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            length = os.lseek(self._first, 0, os.SEEK_CUR)
            with suppress(OSError):  # noise that a full disk does not take ends no run
                os.write(target, os.pread(self._first, length, 0))
            os.ftruncate(self._first, 0)
            os.lseek(self._first, 0, os.SEEK_SET)
            os.dup2(target, 2)
        finally:
            os.close(target)
