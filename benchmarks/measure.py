"""Runs commands as whole processes, round by round, and remembers what each took: rows may share a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
Command = tuple[str, ...]
"""``{seed}`` in it becomes the number of the round, ``{runs}`` a folder for runs, ``{specs}`` one for specs."""


@dataclass(frozen=True)
class Outcome:
    """One process.

    Args:
        process: wall-clock seconds from start to end.
        memory: peak resident size in GB, as the operating system accounts for it.
        said: the JSON that it printed; empty where it printed none.
    """

    process: float
    memory: float
    said: Mapping[str, Any]

    def value(self, of: str) -> float:
        """Return what a row compares: ``process``, ``memory``, or ``fits`` or ``epoch`` as the process timed them."""
        if of in ("process", "memory"):
            return self.process if of == "process" else self.memory
        return float(self.said["seconds" if of == "fits" else of])

    @property
    def score(self) -> float | None:
        """The mean score of the fits at their last epoch, if it said any."""
        scores = self.said.get("scores")
        if isinstance(scores, Mapping):  # a record of dlrun's
            return float(scores["validation"][self.said["primary"]]["mean"])
        return sum(scores) / len(scores) if scores else None


@dataclass
class Runner:
    """Runs each command at most ``rounds`` times, slow ones at most ``slow_rounds`` times.

    Args:
        rounds: that count; a command that is not slow runs once more before, and that does not count.
        slow_rounds: for commands in ``slow``.
        specs: a folder with specs that are made for the benchmarks.
        slow: commands that take minutes.
    """

    rounds: int
    slow_rounds: int
    specs: Path
    slow: frozenset[Command] = frozenset()
    _seen: dict[Command, list[Outcome]] = field(default_factory=dict)

    def bring_to(self, command: Command, number: int) -> None:
        """Run a command until it has run ``number`` times, if it may."""
        if command not in self._seen:
            self._seen[command] = []
            if command not in self.slow:
                self._run(command, 0)
        most = min(number, self.slow_rounds if command in self.slow else self.rounds)
        while len(self._seen[command]) < most:
            self._seen[command].append(self._run(command, len(self._seen[command])))

    def outcomes(self, command: Command) -> list[Outcome]:
        """Return what its runs took."""
        return self._seen[command]

    def _run(self, command: Command, seed: int) -> Outcome:
        with tempfile.TemporaryDirectory() as runs:
            names = {"{seed}": str(seed), "{runs}": runs, "{specs}": str(self.specs)}
            return run([_filled(part, names) for part in command])


def _filled(part: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        part = part.replace(name, value)
    return part


def run(command: list[str]) -> Outcome:
    """Run a command to its end. Raises CalledProcessError, with what it said, when it fails."""
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (output, errors):
            stream.seek(0)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, output.read(), errors.read())
        kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
        return Outcome(seconds, kilobytes / 1e6, _json(output.read().decode(errors="replace")))


def _json(text: str) -> Mapping[str, Any]:
    """Read all that was printed as JSON, or else its last line."""
    for candidate in (text, text.strip().rpartition("\n")[2]):
        try:
            read = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(read, dict):
            return read
    return {}
