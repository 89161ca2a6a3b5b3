"""Progress on stderr: one moving line on a terminal; elsewhere a plain line an epoch, or a fold of several.

Folds that train together are shown as one: the mean of their values, and how far they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dlrun.cli.terminal import NativeNoise, Terminal
from dlrun.errors import RunFolderError, Terminated
from dlrun.events import BatchEnded, EpochEnded, Event, FitEnded, FitResumed, FitStarted, RunStarted, Warned
from dlrun.report.last_step import reference
from dlrun.report.progress import (
    epoch_fields,
    finished_words,
    fold_fields,
    fold_name,
    line_of,
    mean_epoch,
    resumed_words,
    step_fields,
    time_left,
)

REDRAW_EVERY = 0.1
"""Seconds between two redrawn lines: small nets end hundreds of epochs a second."""
SAY_EVERY = 5.0
"""Seconds between two plain lines of folds that train together."""

Place = tuple[int, int]


class Progress:
    """Listens to a run. Called with each event, from the thread that trains.

    Args:
        terminal: where messages go.
        noise: what native code prints, sent to the run's log once there is one.
        headline: is called once, with what the record says when training begins.
        quiet: say nothing but the headline.
        verbose: leave a line for each epoch, whatever the terminal and however many folds.
    """

    def __init__(
        self,
        terminal: Terminal,
        noise: NativeNoise | None,
        headline: Callable[[Mapping[str, Any]], None],
        *,
        quiet: bool,
        verbose: bool,
    ) -> None:
        self._terminal, self._noise, self._headline = terminal, noise, headline
        self._quiet, self._verbose = quiet, verbose
        self._live = terminal.live and not quiet
        self._shown = False
        self._fits = self._epochs = self._k = self._iterations = 1
        self._resumable = ""  # the folder of a run that could be resumed, if it were to end now
        self._resumed = 0.0  # how many fits' worth of epochs were there before
        self._ended = 0
        self._started: float | None = None
        self._fit_started = time.monotonic()
        self._running: dict[Place, EpochEnded | None] = {}
        self._together = 0
        self._before: tuple[str, ...] = ()
        self._drawn = self._said = -SAY_EVERY

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()
        if self._noise is not None:
            self._noise.move_back()
        if self._resumable and isinstance(error, KeyboardInterrupt | Terminated | RunFolderError):
            self._terminal.message(f"to go on from the last checkpoint: dlrun resume {reference(self._resumable)}")

    def __call__(self, event: Event) -> None:
        """Show what has happened."""
        match event:
            case RunStarted():
                self._run_started(event)
            case Warned():
                self._say(f"warning: {event.message}")
            case FitStarted():
                self._fit_began(event)
            case FitResumed():
                self._fit_resumed(event)
            case BatchEnded():
                self._show(step_fields(event, self._epochs, self._where(event), self._before))
            case EpochEnded():
                self._epoch_ended(event)
            case FitEnded():
                self._fit_ended(event)

    def _run_started(self, event: RunStarted) -> None:
        if self._noise is not None:
            self._noise.move_to(Path(event.folder) / "log.txt")
        self._fits, self._epochs, self._ended, self._started = event.fits, event.epochs, 0, None
        self._resumed = 0.0
        protocol = event.record.get("protocol", {})
        self._k, self._iterations = protocol.get("k") or event.fits, protocol.get("iterations") or 1
        if event.record.get("status") == "running":
            self._resumable = event.folder
        self._headline(event.record)
        if event.finished:
            self._say(finished_words(event))

    def _fit_began(self, event: FitStarted) -> None:
        now = time.monotonic()
        if not self._running:
            self._fit_started, self._said, self._before, self._together = now, now, (), 0
        if self._started is None:
            self._started = now
        self._running[event.iteration, event.fold] = None
        self._together = max(self._together, len(self._running))

    def _fit_resumed(self, event: FitResumed) -> None:
        """Say once from where the fits that train together go on, and leave the epochs before out of the pace."""
        before = event.epoch / self._epochs
        if not self._resumed:
            self._say(" ".join(filter(None, [self._where(event), resumed_words(event)])))
        self._resumed += before

    def _epoch_ended(self, event: EpochEnded) -> None:
        self._running[event.iteration, event.fold] = event
        if self._together > 1 and not self._verbose:
            self._epoch_ended_together(event)
            return
        fields = epoch_fields(event, self._where(event), self._left())
        self._before = epoch_fields(event)[1:]
        if self._verbose or not (self._live or self._where(event)):
            self._say(line_of(fields))
        else:
            self._show(fields)

    def _epoch_ended_together(self, event: EpochEnded) -> None:
        """Show the mean over the folds that train together, now and then."""
        now = time.monotonic()
        if now - (self._drawn if self._live else self._said) < (REDRAW_EVERY if self._live else SAY_EVERY):
            return
        last = [other.epoch if other else 0 for other in self._running.values()]
        if event.epoch - 1 in last:  # this epoch's values of another fold are still to come
            return
        mean = mean_epoch([other for other in self._running.values() if other and other.epoch == event.epoch])
        self._before = epoch_fields(mean)[1:]
        fields = epoch_fields(mean, self._where(event), self._left())
        if self._live:
            self._show(fields)
        else:
            self._said = now
            self._say(line_of(fields))

    def _fit_ended(self, event: FitEnded) -> None:
        where = fold_name(event.iteration, event.fold, self._iterations, self._k)
        last = self._running.pop((event.iteration, event.fold), None)
        self._ended += 1
        self._clear()
        if where and (event.failure or self._verbose or not self._live):
            seconds = time.monotonic() - self._fit_started if self._together < 2 else None
            scores = {} if last is None else last.validation
            self._say(line_of(fold_fields(event, where, scores, seconds, self._left())))
        elif event.failure:
            self._say(f"failed: {event.failure}")

    def _where(self, event: BatchEnded | EpochEnded | FitResumed) -> str:
        """Name the fold, or say how many train together."""
        if self._together > 1 and not self._verbose:
            return f"{len(self._running)} folds together"
        return fold_name(event.iteration, event.fold, self._iterations, self._k)

    def _left(self) -> str:
        """Say how long the whole run will go on. A fold that stopped early counts as whole: so may those to come."""
        elapsed = time.monotonic() - (self._started or self._fit_started)
        running = sum(event.epoch / event.epochs for event in self._running.values() if event is not None)
        done = self._ended + running - self._resumed
        return time_left(elapsed, done, self._fits - self._resumed)

    def _say(self, line: str) -> None:
        if not self._quiet:
            self._clear()
            self._terminal.message(line)

    def _show(self, fields: tuple[str, ...]) -> None:
        if self._live:
            self._shown, self._drawn = True, time.monotonic()
            self._terminal.redraw(line_of(fields, max(self._terminal.columns - 1, 20)))

    def _clear(self) -> None:
        if self._shown:
            self._shown = False
            self._terminal.redraw("")
