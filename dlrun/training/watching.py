"""What is remembered of a fit from epoch to epoch: the history, the best epoch, and whether to stop.

Plain Python on plain numbers, so that every engine follows the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dlrun.training.checkpoints import Snapshot, part, under
from dlrun.training.contract import EarlyStop, History, Predictions, TrainingPlan

_HISTORIES = ("train", "validation")
_NUMBERS = ("best_epoch", "monitored_epoch", "_best", "_monitored")


def is_better(value: float, best: float | None, *, higher_is_better: bool, min_delta: float = 0.0) -> bool:
    """Whether a value beats the best so far by more than ``min_delta``. NaN beats nothing; anything beats None."""
    if math.isnan(value):
        return False
    if best is None:
        return True
    return value > best + min_delta if higher_is_better else value < best - min_delta


@dataclass
class Watch:
    """Follows one fit. Epochs count from 1."""

    plan: TrainingPlan
    train: dict[str, list[float]] = field(default_factory=dict)
    validation: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    best_epoch: int = 0
    best_predictions: Predictions | None = None
    monitored_epoch: int = 0
    _best: float | None = None
    _monitored: float | None = None

    @property
    def epochs(self) -> int:
        """How many epochs were recorded."""
        return len(self.seconds)

    def record(
        self,
        train: Mapping[str, float],
        validation: Mapping[str, float],
        predictions: Predictions,
        seconds: float,
    ) -> None:
        """Take in the values of an epoch that has just ended."""
        self.seconds.append(seconds)
        _append(self.train, train, self.epochs)
        _append(self.validation, validation, self.epochs)
        name, higher_is_better = self.plan.primary
        value = validation.get(name, math.nan)
        if is_better(value, self._best, higher_is_better=higher_is_better):
            self._best, self.best_epoch, self.best_predictions = value, self.epochs, predictions

    def monitor(self, value: float, rule: EarlyStop) -> bool:
        """Take in the monitored value of the epoch just recorded; return whether it is the best one so far."""
        better = is_better(value, self._monitored, higher_is_better=rule.higher_is_better, min_delta=rule.min_delta)
        if better:
            self._monitored, self.monitored_epoch = value, self.epochs
        return better

    def should_stop(self, rule: EarlyStop) -> bool:
        """Whether the monitored value has gone ``patience`` epochs without becoming better."""
        return self.epochs - self.monitored_epoch >= rule.patience

    @property
    def history(self) -> History:
        """What was recorded so far, as a value."""
        return History(
            {name: tuple(values) for name, values in self.train.items()},
            {name: tuple(values) for name, values in self.validation.items()},
            tuple(self.seconds),
        )

    def state(self) -> Snapshot:
        """Copy all of it as arrays; numbers that there are none of yet are left out."""
        arrays: Snapshot = {"seconds": np.array(self.seconds)}
        for history in _HISTORIES:
            arrays |= under(history, {name: np.array(values) for name, values in getattr(self, history).items()})
        for number in _NUMBERS:
            value = getattr(self, number)
            arrays |= {} if value is None else {number: np.array(value)}
        return arrays if self.best_predictions is None else {**arrays, "best_predictions": self.best_predictions}

    def restore(self, arrays: Snapshot) -> None:
        """Take the place of the watch whose `state` this is."""
        self.seconds = arrays["seconds"].tolist()
        for history in _HISTORIES:
            setattr(self, history, {name: values.tolist() for name, values in part(arrays, history).items()})
        for number in _NUMBERS:
            setattr(self, number, arrays[number].item() if number in arrays else None)
        self.best_predictions = arrays.get("best_predictions")


def _append(history: dict[str, list[float]], values: Mapping[str, float], epoch: int) -> None:
    """Add an epoch's values, NaN for what is missing: a net that has diverged has a loss and no scores."""
    for name in dict.fromkeys([*history, *values]):
        known = history.setdefault(name, [math.nan] * (epoch - 1))
        known.append(values.get(name, math.nan))
