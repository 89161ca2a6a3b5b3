"""Progress on stderr: one moving line on a terminal, a plain line for each epoch elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dlrun.cli.terminal import NativeNoise, Terminal
from dlrun.events import BatchEnded, EpochEnded, Event, FitEnded, FitStarted, RunStarted, Warned
from dlrun.report.progress import epoch_line, shortened, time_left


class Progress:
    """Listens to a run. Called with each event, from the thread that trains."""

    def __init__(
        self,
        terminal: Terminal,
        noise: NativeNoise | None,
        headline: Callable[[Mapping[str, Any]], None],
        *,
        quiet: bool,
        every_epoch: bool,
    ) -> None:
        self._terminal, self._noise, self._headline = terminal, noise, headline
        self._quiet, self._every_epoch = quiet, every_epoch
        self._live = terminal.live and not quiet
        self._last = ""
        self._fits = self._epochs = 1
        self._fit_started = time.monotonic()
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()
        if self._noise is not None:
            self._noise.move_back()

    def __call__(self, event: Event) -> None:
        """Show what has happened."""
        match event:
            case RunStarted():
                if self._noise is not None:
                    self._noise.move_to(Path(event.folder) / "log.txt")
                self._fits, self._epochs = event.fits, event.epochs
                self._headline(event.record)
            case Warned():
                if not self._quiet:
                    self._clear()
                    self._terminal.message(f"warning: {event.message}")
            case FitStarted():
                self._fit_started = time.monotonic()
            case BatchEnded():
                before = f"  before: {self._last.partition('  ')[2]}" if self._last else ""
                self._show(f"epoch {event.epoch}/{self._epochs}  step {event.step}/{event.steps}{before}")
            case EpochEnded():
                self._epoch_ended(event)
            case FitEnded():
                self._clear()
                if event.failure and not self._quiet:
                    self._terminal.message(f"failed: {event.failure}")

    def _epoch_ended(self, event: EpochEnded) -> None:
        left = time_left(time.monotonic() - self._fit_started, event.epoch, event.epochs)
        self._last = epoch_line(event, left, fold=self._fits > 1)
        if self._every_epoch and not self._quiet:
            self._clear()
            self._terminal.message(self._last)
        else:
            self._show(self._last)

    def _show(self, line: str) -> None:
        if self._live:
            self._shown = True
            self._terminal.redraw(shortened(line, max(self._terminal.columns - 1, 20)))

    def _clear(self) -> None:
        if self._shown:
            self._shown = False
            self._terminal.redraw("")
