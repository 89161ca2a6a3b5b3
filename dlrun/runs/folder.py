"""The folder of one run while it is being written: made for one process alone, locked, and finished by its record.

Everything is written whole or not at all, and the record that says ``done`` comes last: a folder that looks finished is
finished.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dlrun.errors import DlrunError, RunFolderError, Terminated
from dlrun.runs import atomic, formats, record


class RunFolder:
    """A run's folder, and the lock on it. Used as a context manager: leaving the block lets go of the lock.

    Leaving it by an exception that nobody has turned into a status marks the run ``interrupted`` (Ctrl-C, SIGTERM) or
    ``failed``.
    """

    def __init__(self, path: Path, name: str, created: datetime, held: TextIOWrapper) -> None:
        self.path = path
        self.name = path.name
        self._identity = {
            "schema_version": record.SCHEMA_VERSION,
            "status": "running",
            "run": path.name,
            "name": name,
            "created": _utc(created),
        }
        self._facts: dict[str, Any] = {"finished": None, "failure": None}
        self._started = time.monotonic()
        self._held = held
        self._status = "running"

    @property
    def log(self) -> Path:
        """Where the log of this run goes."""
        return self.path / "log.txt"

    @contextmanager
    def stage(self, name: str) -> Iterator[Path]:
        """Give a temporary path with the suffix of ``name``; it becomes that file when the block ends well.

        Raises:
            RunFolderError: the file cannot be written; nothing is left of it.
        """
        if self._status != "running":
            raise RuntimeError(f"the run {self.name} is {self._status}; nothing can be written into it any more")
        with atomic.staged(self.path / name) as temporary:
            yield temporary

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file whole. All ``write_*`` raise RunFolderError when they cannot, and leave nothing half-written."""
        with self.stage(name) as temporary:
            temporary.write_bytes(data)

    def write_text(self, name: str, text: str) -> None:
        """Write text as UTF-8, newlines as they are; what UTF-8 cannot say is escaped."""
        self.write_bytes(name, text.encode("utf-8", "backslashreplace"))

    def write_json(self, name: str, value: Any) -> None:
        """Write strict JSON: arrays as lists, NaN and infinities as null."""
        self.write_bytes(name, record.encode(value))

    def write_rows(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write CSV: None is an empty cell; text that a spreadsheet would take for a formula gets a ``'`` before it."""
        with self.stage(name) as temporary:
            formats.save_csv(temporary, header, rows)

    def write_arrays(self, name: str, **arrays: Any) -> None:
        """Write an npz without pickles: the same arrays give the same bytes."""
        with self.stage(name) as temporary:
            formats.save_npz(temporary, arrays)

    def log_line(self, text: str) -> None:
        """Append a line to the log. It is for reading along: not synced, and a full disk does not end a run for it."""
        with suppress(OSError), self.log.open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text + "\n")

    def update(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add to the record of the run while it goes on, so that a run that dies still says what it was."""
        return self._save("running", values)

    def finish(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write the record that says ``done``, after all other files; return it as `read_record` would."""
        return self._save("done", values)

    def fail(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write the record that says ``failed``; ``failure`` in ``values`` says why."""
        return self._save("failed", values)

    def interrupt(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write the record that says ``interrupted``."""
        return self._save("interrupted", values)

    def close(self) -> None:
        """Let go of the lock."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._status == "running":
                self._end_by(error)
        finally:
            self.close()

    def _end_by(self, error: BaseException | None) -> None:
        if error is None:
            self.fail({"failure": "the run ended without a result"})
            return
        # What ended the run is the news; that its record could not be written either is not.
        with suppress(RunFolderError):
            if isinstance(error, KeyboardInterrupt | Terminated):
                self.interrupt({"failure": "by Ctrl-C" if isinstance(error, KeyboardInterrupt) else "by SIGTERM"})
            else:
                why = error.message if isinstance(error, DlrunError) else f"{type(error).__name__}: {error}"
                self.fail({"failure": why})

    def _save(self, status: str, values: Mapping[str, Any]) -> dict[str, Any]:
        identity = {**self._identity, "status": status}
        ended = {"finished": _utc(datetime.now(UTC)), "seconds": round(time.monotonic() - self._started, 3)}
        facts = {**self._facts, **(ended if status != "running" else {}), **values}
        # Identity is named twice: first to stand first in the file, last so that no value replaces it.
        whole: dict[str, Any] = record.plain({**identity, **facts, **identity})
        self.write_json(record.NAME, whole)
        self._facts, self._status = facts, status
        return {**whole, "run": str(self.path)}


def _utc(moment: datetime) -> str:
    """Write a moment as UTC in ISO 8601, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
