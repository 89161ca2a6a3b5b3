"""What `run.py` prints: medians, ratios of pairs with their ranges, whether scores agree, and the machine."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from measure import Outcome
from sides import Row, Side

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")
HEADER = ("row", "work", "dlrun", "against", "", "ratio", "goal", "scores", "")
GIGABYTE = 2**30


@dataclass(frozen=True)
class Spread:
    """A median and its range."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum values up."""
        return cls(statistics.median(values), min(values), max(values))

    def text(self, unit: str = "") -> str:
        """Write it as a person reads it."""
        if self.low == self.high:
            return f"{self.median:.3g}{unit}"
        return f"{self.median:.3g}{unit} ({self.low:.3g}-{self.high:.3g})"


@dataclass(frozen=True)
class Result:
    """A measured row, with the runs of both sides."""

    row: Row
    mine: Sequence[Outcome]
    others: Sequence[Outcome]

    @property
    def ratio(self) -> Spread:
        """How many times as fast dlrun is, or which share it takes, in pairs of runs that lay side by side."""
        ours, theirs = _values(self.row.mine, self.mine), _values(self.row.against, self.others)
        pairs = [(ours[at % len(ours)], theirs[at % len(theirs)]) for at in range(max(len(ours), len(theirs)))]
        faster = self.row.goal.kind == "faster"
        return Spread.of([other / own if faster else own / other for own, other in pairs])

    @property
    def scores_agree(self) -> bool | None:
        """Whether the mean scores lie close enough; None where they are not compared."""
        ours, theirs = _scores(self.mine), _scores(self.others)
        if isinstance(self.row.scores, str) or not ours or not theirs:
            return None
        return abs(statistics.mean(ours) - statistics.mean(theirs)) <= self.row.scores

    @property
    def verdict(self) -> str:
        """Say whether the goal was met; a ratio counts only where the scores agree."""
        if self.scores_agree is False:
            return "scores differ"
        seconds = statistics.median(_values(self.row.mine, self.mine))
        return (
            "met" if self.row.goal.met(seconds if self.row.goal.kind == "seconds" else self.ratio.median) else "MISSED"
        )

    def cells(self) -> tuple[str, ...]:
        """Write the row of a table."""
        row, notes = self.row, self.row.against.note
        against = f"{row.other} ({notes})" if notes else row.other
        sides = [
            Spread.of(_values(*pair)).text(_unit(row)) for pair in ((row.mine, self.mine), (row.against, self.others))
        ]
        ratio = "" if row.goal.kind == "seconds" else self.ratio.text()
        return (row.name, row.work, sides[0], against, sides[1], ratio, str(row.goal), self._scores(), self.verdict)

    def _scores(self) -> str:
        if isinstance(self.row.scores, str):
            return self.row.scores
        found = [
            Spread.of(scores).text() if scores else "none" for scores in (_scores(self.mine), _scores(self.others))
        ]
        return f"{found[0]} and {found[1]}, within {self.row.scores:g}"


def text_of(result: Result) -> str:
    """Write a result for a terminal."""
    name, work, own, against, other, ratio, goal, scores, verdict = result.cells()
    ran = f"{len(result.mine)} and {len(result.others)} runs"
    lines = [f"{name}   {work}", f"  dlrun    {own}{_trained_by(result)}", f"  against  {other}   {against}"]
    lines += [f"  ratio    {ratio or '-'}   goal {goal}: {verdict}   ({ran})", f"  scores   {scores}"]
    return "\n".join(lines)


def markdown_of(results: Sequence[Result]) -> str:
    """Write all results as one table."""
    head = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    return "\n".join([*head, *("| " + " | ".join(result.cells()) + " |" for result in results)]) + "\n"


def machine(torch: str | None) -> str:
    """Describe what was measured on, and with which versions."""
    packages = [f"{package} {version(package)}" for package in PACKAGES]
    packages += [f"torch {torch}"] if torch else []
    facts = [
        f"{platform.system()} {platform.machine()}",
        _processor(),
        f"{os.cpu_count()} cores",
        f"{_memory():.0f} GB",
    ]
    return ", ".join([*facts, f"Python {platform.python_version()}", *packages])


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIGABYTE


def _trained_by(result: Result) -> str:
    said = result.mine[-1].said
    parts = [str(said[key]) for key in ("engine", "program", "lanes", "device") if isinstance(said.get(key), str | int)]
    return f"   {' '.join(parts)}" if parts else ""


def _values(side: Side, outcomes: Sequence[Outcome]) -> list[float]:
    return [outcome.value(side.taken) * side.times for outcome in outcomes]


def _scores(outcomes: Sequence[Outcome]) -> list[float]:
    return [outcome.score for outcome in outcomes if outcome.score is not None]


def _unit(row: Row) -> str:
    return " GB" if row.mine.taken == "memory" else " s"
