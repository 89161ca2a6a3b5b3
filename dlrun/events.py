"""What happens during a run, as frozen values: the only way progress leaves a run.

A run takes one ``on_event`` callable and calls it from the thread that trains. Whoever shows progress (the terminal, a
notebook, a test) matches on these classes; a listener that raises ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RunStarted:
    """The data are loaded, the splits are made and the model is planned; training is next.

    ``record`` is what the run's ``record.json`` says so far. ``fits`` counts those to come; ``finished`` those that a
    run which is resumed has already.
    """

    folder: str
    record: Mapping[str, Any]
    fits: int
    epochs: int
    finished: int = 0


@dataclass(frozen=True)
class Warned:
    """Something is unusual, and a person should know why before trusting the score."""

    message: str


@dataclass(frozen=True)
class FitStarted:
    """One fold's training starts. ``steps`` is the number of batches in an epoch."""

    iteration: int
    fold: int
    steps: int


@dataclass(frozen=True)
class FitResumed:
    """A fit that has started goes on after ``epoch``, from a checkpoint; the values are those of the epochs before.

    ``train["loss"][0]`` is that of epoch 1.
    """

    iteration: int
    fold: int
    epoch: int
    train: Mapping[str, Sequence[float]]
    validation: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class BatchEnded:
    """Some batches of an epoch are done; sent a few times a second, never for every batch."""

    iteration: int
    fold: int
    epoch: int
    step: int
    steps: int


@dataclass(frozen=True)
class EpochEnded:
    """An epoch is done. ``train`` and ``validation`` map ``loss`` and each metric's name to its value."""

    iteration: int
    fold: int
    epoch: int
    epochs: int
    train: Mapping[str, float]
    validation: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class FitEnded:
    """One fold's training is over. ``failure`` says why when it did not end well."""

    iteration: int
    fold: int
    epochs: int
    failure: str | None = None


Event = RunStarted | Warned | FitStarted | FitResumed | BatchEnded | EpochEnded | FitEnded
OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
