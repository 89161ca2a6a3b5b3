"""Rows of history.csv as the series that a figure draws: by metric, by training or validation, by fold."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

HistoryRow = tuple[int, int, int, str, float | None, float | None]
"""Iteration, fold, epoch (all from 1), metric, its training value and its validation value: a row of history.csv."""

TRAINING, VALIDATION = "training", "validation"
Folds = dict[tuple[int, int], dict[int, float]]
"""(iteration, fold) -> epoch -> value, epochs ascending; NaN where there is no finite value."""
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


def mean_of(folds: Folds) -> tuple[list[int], list[float]]:
    """Average the folds that have a value at each epoch: folds may stop early, and diverge."""
    by_epoch: dict[int, list[float]] = defaultdict(list)
    for fold in folds.values():
        for epoch, value in fold.items():
            by_epoch[epoch] += [] if math.isnan(value) else [value]
    epochs = sorted(by_epoch)
    return epochs, [sum(by_epoch[epoch]) / len(by_epoch[epoch]) if by_epoch[epoch] else math.nan for epoch in epochs]


def lonely(values: Sequence[float]) -> list[int]:
    """Return the positions of values between two gaps: no line reaches them."""
    gaps = [True, *(math.isnan(value) for value in values), True]
    return [place for place in range(len(values)) if gaps[place : place + 3] == [True, False, True]]


def _finite(value: float | None) -> float:
    return float(value) if value is not None and math.isfinite(value) else math.nan
