"""The checkpoints of a run: one file beside its other files, written now and then while folds are trained."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dlrun.errors import RunFolderError
from dlrun.events import OnEvent, Warned
from dlrun.runs import RunFiles
from dlrun.training.checkpoints import Snapshot
from dlrun.training.contract import FoldTask

NAME = "checkpoint.npz"
EVERY = 10.0
"""Seconds between two checkpoints, by default."""
_SHARE = 50
"""A checkpoint that takes longer than a fiftieth of that is made less often, so that all of them cost 2 % at most."""
_FORMAT = 1
_MARK, _BEGUN_WITH = "format", "begun_with"


class RunCheckpoints:
    """Keeps the newest state of the fits that are being trained.

    Args:
        folder: has the file.
        home: where in it: ``folds/i1-f3/`` for a fold that runs alone.
        every: seconds between two checkpoints; 0: one after every epoch, whatever that costs.
        begun_with: what the state hangs on, by name; a file that was written with anything else is not read.
        on_event: is warned where a checkpoint cannot be written, which ends no run.
    """

    def __init__(
        self, folder: RunFiles, home: str, every: float, begun_with: Mapping[str, str], on_event: OnEvent
    ) -> None:
        self._folder, self._name, self._every, self._on_event = folder, f"{home}{NAME}", every, on_event
        self._begun_with = "\n".join(f"{name}: {value}" for name, value in begun_with.items())
        self._next = time.monotonic() + every
        self._warned = False

    def offer(self, tasks: Sequence[FoldTask], take: Callable[[], Snapshot]) -> None:
        """Write a checkpoint, if it is time for one."""
        started = time.monotonic()
        if started < self._next:
            return
        marks = {_MARK: np.array(_FORMAT), _BEGUN_WITH: np.array(self._begun_with)}
        try:
            self._folder.write_state(self._name, {**marks, **take()})
        except RunFolderError as error:
            if not self._warned:
                self._on_event(Warned(f"no checkpoint could be written, and training goes on without: {error.message}"))
            self._warned = True
        ended = time.monotonic()
        self._next = ended + max(self._every, _SHARE * (ended - started) if self._every else 0.0)

    def load(self, tasks: Sequence[FoldTask]) -> Snapshot | None:
        """Read the checkpoint of fits, where there is one that holds them all."""
        if not self._folder.has(self._name):
            return None
        try:
            snapshot = self._folder.read_arrays(self._name)
        except RunFolderError as error:
            self._on_event(Warned(f"{error.message}; its folds are trained from their beginning"))
            return None
        if not self._is_ours(snapshot):
            self._on_event(Warned(f"{self._name} is of another dlrun, spec or data; folds begin at their beginning"))
            return None
        held = {name.partition("/")[0] for name in snapshot}
        return snapshot if {task.name for task in tasks} <= held else None

    def remove(self) -> None:
        """Remove the file: everything that it was for is there."""
        self._folder.remove(self._name)

    def _is_ours(self, snapshot: Snapshot) -> bool:
        return str(snapshot.get(_MARK)) == str(_FORMAT) and str(snapshot.get(_BEGUN_WITH)) == self._begun_with
