"""The folder of one run while it is being written: locked for one process alone, and finished by its record.

Everything is written whole or not at all, and the record that says ``done`` comes last: a folder that looks finished is
finished.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dlrun.errors import DlrunError, RunFolderError, Terminated, TrainingError
from dlrun.runs import record
from dlrun.runs.files import RunFiles

_IDENTITY = ("schema_version", "status", "run", "name", "created")


class RunFolder(RunFiles):
    """A run's folder, and the lock on it. Used as a context manager: leaving the block lets go of the lock.

    There are three kinds, told apart by the status that they are made with:

    * ``running``: a run in one go, from its beginning or resumed. Leaving the block by an exception that nobody has
      turned into a status marks the run ``interrupted`` (Ctrl-C, SIGTERM) or ``failed``.
    * ``waiting``: a shared run that is being begun or completed. Only a TrainingError marks it ``failed``; after
      anything else it waits on, and can be completed again.
    * ``done`` or ``partial``: a finished run that was opened again. Its status stays.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any], held: TextIOWrapper, *, spent: float = 0.0) -> None:
        super().__init__(path)
        self._identity = {key: facts.get(key) for key in _IDENTITY}
        self._facts = {key: value for key, value in facts.items() if key not in _IDENTITY}
        self._started = time.monotonic() - spent
        self._held = held
        self._kind = self._status = str(facts["status"])

    @property
    def log(self) -> Path:
        """Where the log of this run goes."""
        return self.path / "log.txt"

    @property
    def facts(self) -> dict[str, Any]:
        """What the record says by now, as `read_record` would return it."""
        facts: dict[str, Any] = record.plain({**self._identity, **self._facts, "status": self._status})
        return {**facts, "run": str(self.path)}

    def check_open(self) -> None:
        """Raise RuntimeError when the run is over."""
        if self._status != self._kind:
            raise RuntimeError(f"the run {self.name} is {self._status}; nothing can be written into it any more")

    def update(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add to the record of the run while it goes on, so that a run that dies still says what it was."""
        return self._save(self._kind, values)

    def update_done(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add to the record of a finished run that was opened again; its status and its end stay as they were."""
        if self._kind in ("running", "waiting"):
            raise RuntimeError(f"the run {self.name} is {self._kind}, not finished")
        return self._save(self._kind, values)

    def finish(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write the record that says ``done``, after all other files; return it as `read_record` would."""
        return self._end("done", values)

    def partial(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write the record that says ``partial``: some folds failed; ``failures`` in ``values`` says which and why."""
        return self._end("partial", values)

    def fail(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write the record that says ``failed``; ``failure`` in ``values`` says why."""
        return self._end("failed", values)

    def interrupt(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write the record that says ``interrupted``."""
        return self._end("interrupted", values)

    def close(self) -> None:
        """Let go of the lock."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._status == "running" or (self._status == "waiting" and isinstance(error, TrainingError)):
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

    def _end(self, status: str, values: Mapping[str, Any]) -> dict[str, Any]:
        if self._kind not in ("running", "waiting"):
            raise RuntimeError(f"the run {self.name} is {self._kind} already; 'update_done' adds to it")
        return self._save(status, {"finished": record.utc(), "seconds": self._seconds(), **values})

    def _seconds(self) -> float:
        """Count from the beginning, without the time that lay between a run's end and its being resumed.

        A shared run begins in another process, so there the clock on the wall counts.
        """
        if self._kind == "running":
            return round(time.monotonic() - self._started, 3)
        with suppress(ValueError):
            begun = datetime.fromisoformat(str(self._identity["created"]))
            return max(0.0, round((datetime.now(UTC) - begun).total_seconds(), 3))
        return 0.0

    def _save(self, status: str, values: Mapping[str, Any]) -> dict[str, Any]:
        identity = {**self._identity, "status": status}
        facts = {**self._facts, **values}
        # Identity is named twice: first to stand first in the file, last so that no value replaces it.
        whole: dict[str, Any] = record.plain({**identity, **facts, **identity})
        self.write_json(record.NAME, whole)
        self._facts, self._status = facts, status
        return {**whole, "run": str(self.path)}


def new_facts(path: Path, name: str, created: datetime, status: str) -> dict[str, Any]:
    """Return what the record of a new run says first."""
    return {
        "schema_version": record.SCHEMA_VERSION,
        "status": status,
        "run": path.name,
        "name": name,
        "created": record.utc(created),
        "finished": None,
        "failure": None,
    }
