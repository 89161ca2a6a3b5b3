"""The mean learning curve over folds: the one that tells for how many epochs to train."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dlrun.evaluation.outcomes import FoldOutcome, iteration_mean

CurveRow = tuple[int, str, int, float | None, float | None, float | None, float | None]
CURVE_HEADER = ("epoch", "metric", "folds", "train_mean", "train_std", "validation_mean", "validation_std")
Means = Mapping[str, tuple[float, ...]]
Deviations = Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class Curve:
    """Means and deviations over folds, by metric and epoch; folds that failed are left out.

    Early stopping ends folds at different epochs, and a mean over fewer folds is another mean: what is read off the
    curve is read off its first ``common`` epochs.

    Args:
        folds: how many folds reach each epoch; empty where every fold failed.
        train: means as Keras reports them, ``loss`` and the metrics that it follows.
        train_std: deviations over folds (n - 1); None for an epoch that one fold reaches.
        validation: means of ``loss`` and each metric: over iterations, of the mean over folds.
        validation_std: deviations over folds.
        stopped: folds that early stopping ended.
    """

    folds: tuple[int, ...]
    train: Means
    train_std: Deviations
    validation: Means
    validation_std: Deviations
    stopped: int = 0

    @property
    def common(self) -> int:
        """How many epochs every fold reached."""
        return sum(folds == self.folds[0] for folds in self.folds)

    def best_epoch(self, metric: str, higher_is_better: bool) -> int:
        """Name the best of the epochs that every fold reached, counted from 1; the first of equal ones.

        Means that are not numbers never win; where all are such, or there is no epoch, the last one (0 for none).
        """
        return best_of(self.validation.get(metric, ())[: self.common], higher_is_better)

    def rows(self) -> Iterator[CurveRow]:
        """Yield the lines of ``curve.csv``; None where Keras has no training value, or one fold has no deviation."""
        for epoch, folds in enumerate(self.folds):
            for metric in dict.fromkeys([*self.train, *self.validation]):
                tables = (self.train, self.train_std, self.validation, self.validation_std)
                yield (epoch + 1, metric, folds, *(_at(table, metric, epoch) for table in tables))  # type: ignore[misc]


def mean_curve(outcomes: Sequence[FoldOutcome]) -> Curve:
    """Average the histories of the folds that did not fail, epoch by epoch."""
    good = [outcome for outcome in outcomes if outcome.failure is None]
    epochs = max((len(outcome.validation["loss"]) for outcome in good), default=0)
    reaching = [[fold for fold in good if len(fold.validation["loss"]) > epoch] for epoch in range(epochs)]
    train, train_std = _average(reaching, {(fold.iteration, fold.fold): fold.train for fold in good})
    validation, deviations = _average(reaching, {(fold.iteration, fold.fold): fold.validation for fold in good})
    stopped = sum(fold.stopped_early for fold in good)
    return Curve(tuple(map(len, reaching)), train, train_std, validation, deviations, stopped)


def best_of(scores: Sequence[float], higher_is_better: bool) -> int:
    """Return the position of the best score, from 1; of equal ones the first, without any number the last."""
    values = np.asarray(scores, np.float64)
    if np.isnan(values).all():
        return len(values)
    ranked = np.where(np.isnan(values), -np.inf, values if higher_is_better else -values)
    return int(np.argmax(ranked)) + 1


def _average(
    reaching: Sequence[Sequence[FoldOutcome]], histories: Mapping[tuple[int, int], Mapping[str, Sequence[float]]]
) -> tuple[dict[str, tuple[float, ...]], dict[str, tuple[float | None, ...]]]:
    """Average one kind of history over the folds that reach each epoch: means and deviations by metric."""
    names = dict.fromkeys(name for history in histories.values() for name in history)
    means: dict[str, tuple[float, ...]] = {}
    deviations: dict[str, tuple[float | None, ...]] = {}
    for name in names:
        columns = [
            [float(histories[fold.iteration, fold.fold][name][epoch]) for fold in folds]
            for epoch, folds in enumerate(reaching)
        ]
        means[name] = tuple(iteration_mean(folds, values) for folds, values in zip(reaching, columns, strict=True))
        deviations[name] = tuple(float(np.std(values, ddof=1)) if len(values) > 1 else None for values in columns)
    return means, deviations


def _at(table: Mapping[str, Sequence[float | None]], metric: str, epoch: int) -> float | None:
    """Look a value up; None where there is none."""
    return table[metric][epoch] if metric in table else None
