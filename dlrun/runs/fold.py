"""One fold of a shared run, while a process runs it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlrun.runs import fold_states, record
from dlrun.runs.files import RunFiles


class FoldFolder(RunFiles):
    """The files of one fold, and the lock on it (see `SharedRun.fold`).

    Names are relative to the run's folder, as in `RunFolder`, so that a fold is stored by the same code in either. The
    lock covers ``folds/<fold>/`` alone.

    Args:
        path: the run's folder.
        fold: the fold's name, ``i1-f3``.
        finished: whether the fold is there already; then nothing can be written.
    """

    def __init__(self, path: Path, fold: str, *, finished: bool) -> None:
        super().__init__(path)
        self.fold = fold
        self.finished = finished
        self._started = time.monotonic()

    @property
    def log(self) -> Path:
        """Where the log of this fold goes: several folds are run at the same time."""
        return self.path / fold_states.FOLDER / self.fold / "log.txt"

    def check_open(self) -> None:
        """Raise RuntimeError when the fold is finished."""
        if self.finished:
            raise RuntimeError(f"fold {self.fold} of {self.name} is finished; nothing can be written into it any more")

    def reopen(self) -> None:
        """Take the marker away: the fold is run again, and until then the run waits for it."""
        (self.path / fold_states.FOLDER / self.fold / fold_states.MARKER).unlink(missing_ok=True)
        self.finished = False

    def finish(self, values: Mapping[str, Any] | None = None) -> None:
        """Write the marker that says that the fold is finished, after all its other files."""
        self.check_open()
        seconds = round(time.monotonic() - self._started, 3)
        marker = {"fold": self.fold, "finished": record.utc(), "seconds": seconds, **(values or {})}
        self.write_json(f"{fold_states.FOLDER}/{self.fold}/{fold_states.MARKER}", marker)
        self.finished = True
