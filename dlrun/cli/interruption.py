"""Ctrl-C and SIGTERM: told to Python code that can take them, and not to whatever happens to run.

A signal handler that raises does so between any two steps of Python: also inside a destructor, where Python drops the
exception and the run goes on as if nobody had asked, or between TensorFlow and its own callbacks. So while a net is
being trained the handler only takes note, and the exception is raised at the next event, a fraction of a second later.
Everywhere else it is raised at once, and so is that of a second signal.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dlrun.errors import Terminated
from dlrun.events import Event, FitEnded, FitStarted

SIGNALS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}


class Interruption:
    """Knows whether somebody has asked the process to end."""

    def __init__(self) -> None:
        self._asked: type[BaseException] | None = None
        self._training = 0  # fits that have begun and not ended: several train together

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        again = self._asked is not None
        self._asked = SIGNALS[signal.Signals(number)]
        if again or not self._training:
            raise self._asked

    def listen(self, event: Event) -> None:
        """Hear of a run's events, and raise what was asked for at one of them. Called from the thread that trains."""
        if isinstance(event, FitStarted | FitEnded):
            self._training += 1 if isinstance(event, FitStarted) else -1
        self.check()

    def check(self) -> None:
        """Raise what was asked for, if anything was."""
        if self._asked is not None:
            raise self._asked

    def rest(self) -> None:
        """No net is being trained any more, however that ended."""
        self._training = 0


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Take the signals over for a while. A SIGINT that the process was started to ignore stays ignored."""
    interruption = Interruption()
    before = {}
    try:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, interruption.handle)
    except ValueError:  # not the main thread: somebody else handles signals
        pass
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
