"""Rows of history.csv as the series that a figure draws: by metric, by training or validation, by fold."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

HistoryRow = tuple[int, int, int, str, float | None, float | None]
"""Iteration, fold, epoch (all from 1), metric, its training value and its validation value: a row of history.csv."""

BEYOND_AXES = 1e100
"""No axis can show values of this size: they are drawn as gaps, like those that are not finite."""
TRAINING, VALIDATION = "training", "validation"
Place = tuple[int, int]
"""Iteration and fold."""
Folds = dict[Place, dict[int, float]]
"""Place -> epoch -> value, epochs ascending; NaN where there is no finite value."""
Panel = dict[str, Folds]
"""`TRAINING` and `VALIDATION` -> folds."""


def panels_of(history: Iterable[HistoryRow], primary: str, most: int) -> dict[str, Panel]:
    """Sort rows, in whatever order they come, into one panel a metric: the loss, the primary metric, then others."""
    found: dict[str, Panel] = {}
    rows = list(history)
    metrics = sorted(dict.fromkeys(row[3] for row in rows), key=lambda metric: (metric != "loss", metric != primary))
    for metric in metrics[:most]:
        found[metric] = {TRAINING: defaultdict(dict), VALIDATION: defaultdict(dict)}
    for iteration, fold, epoch, metric, train, validation in sorted(rows, key=lambda row: row[:3]):
        if metric in found:
            found[metric][TRAINING][iteration, fold][epoch] = _finite(train)
            found[metric][VALIDATION][iteration, fold][epoch] = _finite(validation)
    return found


@dataclass(frozen=True)
class Average:
    """The mean of several folds by epoch, each of them over the folds that have a value there; NaN where none has.

    Args:
        epochs: ascending.
        mean: a value an epoch.
        std: over folds, with n - 1 in the denominator; NaN where one fold is left.
        whole: whether every fold has a value at the epoch: the mean of fewer is another mean.
    """

    epochs: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    whole: tuple[bool, ...]

    def at(self, epoch: int) -> float:
        """Return the mean at an epoch; NaN where there is none."""
        return self.mean[self.epochs.index(epoch)] if epoch in self.epochs else math.nan


def average(folds: Folds) -> Average:
    """Average folds epoch by epoch: they may stop early, and diverge."""
    by_epoch: dict[int, list[float]] = defaultdict(list)
    for fold in folds.values():
        for epoch, value in fold.items():
            by_epoch[epoch] += [] if math.isnan(value) else [value]
    epochs = sorted(by_epoch)
    values = [by_epoch[epoch] for epoch in epochs]
    return Average(
        tuple(epochs),
        tuple(statistics.fmean(each) if each else math.nan for each in values),
        tuple(_deviation(each) for each in values),
        tuple(len(each) == len(folds) for each in values),
    )


def without(folds: Folds, left_out: Collection[Place]) -> Folds:
    """Leave folds out."""
    return {place: fold for place, fold in folds.items() if place not in left_out}


def lonely(values: Sequence[float]) -> list[int]:
    """Return the positions of values between two gaps: no line reaches them."""
    gaps = [True, *(math.isnan(value) for value in values), True]
    return [place for place in range(len(values)) if gaps[place : place + 3] == [True, False, True]]


def _deviation(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.nan
    mean = statistics.fmean(values)
    # hypot neither overflows nor takes long, as squares and statistics.stdev do.
    return math.hypot(*(value - mean for value in values)) / math.sqrt(len(values) - 1)


def _finite(value: float | None) -> float:
    return float(value) if value is not None and abs(value) < BEYOND_AXES else math.nan
