"""The words of `rows.py`: a row, its two sides, its goal; and the commands that the sides are made of."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from measure import Command

Taken = Literal["process", "fits", "epoch", "memory"]
DLRUN = (sys.executable, "-m", "dlrun")
FOLDED = frozenset({"boston"})
"""Configs that are K-fold experiments."""


@dataclass(frozen=True)
class Side:
    """A command and what is taken of it, ``times`` over where only a part of the work is done; ``note`` says so."""

    command: Command
    taken: Taken = "fits"
    times: float = 1
    note: str = ""


@dataclass(frozen=True)
class Goal:
    """A bound: ``faster`` at least so many times, ``share`` at most so much of the other, ``seconds`` at most."""

    kind: Literal["faster", "share", "seconds"]
    value: float

    def __str__(self) -> str:
        if self.kind == "faster":
            return f">= {self.value:g} x"
        return f"<= {self.value:g}{' s' if self.kind == 'seconds' else ''}"

    def met(self, value: float) -> bool:
        """Whether a ratio, or seconds, keep within the bound."""
        return value >= self.value if self.kind == "faster" else value <= self.value


@dataclass(frozen=True)
class Row:
    """One comparison.

    Args:
        name: short, for the command line.
        work: what is done.
        mine: dlrun's side.
        other: what it is compared with, in words.
        against: the other side.
        goal: what is hoped for.
        scores: how far the mean scores of the sides may lie apart, or why they are not compared.
    """

    name: str
    work: str
    mine: Side
    other: str
    against: Side
    goal: Goal
    scores: float | str


def faster(times: float) -> Goal:
    """At least so many times as fast."""
    return Goal("faster", times)


def fits(spec: str, *changes: str, taken: Taken = "fits") -> Side:
    """Time dlrun's fits alone."""
    settings = [part for change in (*changes, "seed={seed}") for part in ("--set", change)]
    return Side((sys.executable, "benchmarks/fits.py", spec, *settings), taken)


def whole(config: str, *changes: str, taken: Taken = "process") -> Side:
    """Measure a whole process of dlrun's."""
    file = f"configs/{config}.yaml"
    verb = ("kfold", file, "--k", "4") if config in FOLDED else ("train", file)
    settings = [part for change in changes for part in ("--set", change)]
    return Side((*DLRUN, *verb, *settings, "--seed", "{seed}", "--runs", "{runs}", "--json", "-q"), taken)


def by_hand(name: str, *options: str, taken: Taken = "fits", times: float = 1, note: str = "") -> Side:
    """Measure the same as `by_hand.py` does it."""
    command = (sys.executable, "benchmarks/by_hand.py", name, *options, "--seed", "{seed}")
    return Side(command, taken, times, note)


def by_sklearn(net: str, batch: int, *, taken: Taken = "fits") -> Side:
    """Measure Boston as `sklearn_by_hand.py` does it."""
    command = (sys.executable, "benchmarks/sklearn_by_hand.py", net, "--batch", str(batch), "--seed", "{seed}")
    return Side(command, taken)


def by_torch(python: str, batch: int) -> Side:
    """Measure Boston as `torch_by_hand.py` does it."""
    return Side((python, "benchmarks/torch_by_hand.py", "--batch", str(batch), "--seed", "{seed}"))
