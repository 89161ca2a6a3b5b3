"""Every error that dlrun raises on purpose, and the exit code that each one ends with.

    DlrunError
    ├── UsageError            2   the command line cannot be carried out
    │   └── SpecError         2   the spec has problems; carries all of them
    ├── DataError             3   the data are missing, damaged, or not what the spec says
    ├── TrainingError         1   a fit diverged or ran out of memory
    ├── GateError             5   a `--require` was not met
    └── RunFolderError        6   a run folder is busy, damaged, or cannot be found
        └── FoldBusyError     6   another process runs this fold of a shared run

`Terminated` (SIGTERM, 143) stands beside Python's own KeyboardInterrupt (Ctrl-C, 130): neither is an error, and nothing
but the command line catches them. Anything else that escapes is a bug in dlrun and is not caught.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with; scripts rely on these numbers."""

    DONE = 0
    TRAINING_FAILED = 1
    USAGE = 2
    DATA = 3
    PARTIAL = 4
    GATE = 5
    RUN_FOLDER = 6
    INTERRUPTED = 130
    TERMINATED = 143


Path = tuple[str | int, ...]
"""Where a value stands inside a spec: ``("layers", 1, "Dense", "units")``."""


def show_path(path: Path) -> str:
    """Write a path as people do: ``layers[1].Dense.units``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True)
class Place:
    """A spot in a file that a person edits. Lines and columns count from 1; ``text`` is the source line."""

    file: str
    line: int
    column: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a spec: what, where, and what to do about it."""

    message: str
    path: Path = ()
    hint: str | None = None
    place: Place | None = None

    def __str__(self) -> str:
        where = f"{self.place}  " if self.place else ""
        subject = f"{show_path(self.path)}: " if self.path else ""
        lines = [f"{where}{subject}{self.message}"]
        if self.place and self.place.text.strip():
            lines.append(f"    {self.place.text.strip()}")
        if self.hint:
            lines.append(f"    hint: {self.hint}")
        return "\n".join(lines)


class DlrunError(Exception):
    """The root of the tree. ``message`` says what came and what was expected; ``hint`` says what to do."""

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n    hint: {self.hint}" if self.hint else self.message


class UsageError(DlrunError):
    """The command line asks for something that cannot be done."""


class SpecError(UsageError):
    """A spec has one or more problems; all that could be found are in ``problems``."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DataError(DlrunError):
    """Data are missing, damaged, or do not fit what the spec says of them."""

    exit_code = ExitCode.DATA


class TrainingError(DlrunError):
    """A fit could not be finished: the loss became NaN, or memory ran out."""

    exit_code = ExitCode.TRAINING_FAILED


class GateError(DlrunError):
    """A score misses what ``--require`` asks for."""

    exit_code = ExitCode.GATE


class RunFolderError(DlrunError):
    """A run folder is busy, damaged, or not there."""

    exit_code = ExitCode.RUN_FOLDER


class FoldBusyError(RunFolderError):
    """Another process is running this fold of a shared run."""


class Terminated(BaseException):
    """The process was asked to end (SIGTERM)."""
