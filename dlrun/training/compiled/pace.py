"""How many steps one call of a program takes: so many that progress shows and Ctrl-C is heard a few times a second."""

from __future__ import annotations

import time
from collections.abc import Iterator

from dlrun.training.contract import REPORT_EVERY

FIRST = 8
"""Steps of the very first call. Where calls end changes no bit: each step is the same operations."""


class Pace:
    """Cuts stretches of steps into calls of about `REPORT_EVERY` seconds."""

    def __init__(self) -> None:
        self._most = FIRST

    def calls(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield the first step of each call and the step after its last; what the caller does between is timed."""
        while start < stop:
            end = min(start + self._most, stop)
            began = time.monotonic()
            yield start, end
            self._learn(end - start, time.monotonic() - began)
            start = end

    def _learn(self, steps: int, seconds: float) -> None:
        if seconds > 2 * REPORT_EVERY:
            self._most = max(1, steps // 2)
        elif steps == self._most and seconds < REPORT_EVERY / 2:
            self._most *= 2
