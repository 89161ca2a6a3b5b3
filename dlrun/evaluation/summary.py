"""From what the fits leave to the scores that are reported."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dlrun.data.dataset import Array
from dlrun.evaluation.comparison import baseline_names, baseline_values, compare, fold_sizes
from dlrun.evaluation.corrected import corrected_reach
from dlrun.evaluation.curve import Curve, mean_curve
from dlrun.evaluation.intervals import bootstrap
from dlrun.evaluation.metrics import LOSS, Metric
from dlrun.evaluation.outcomes import FoldOutcome, Predictions, iteration_mean, targets_of
from dlrun.evaluation.results import Comparison, EvaluationResult, Failure, Score, SelectedScore
from dlrun.seeds import child_seed

Interval = tuple[float | None, float | None]
NO_INTERVAL: Interval = (None, None)


@dataclass(frozen=True)
class _Draws:
    """How the bootstrap draws: by which seed, and how many neighbouring rows together."""

    seed: int
    block: int


def summarise(
    outcomes: Sequence[FoldOutcome], targets: Array, metrics: Sequence[Metric], *, seed: int, block: int = 1
) -> EvaluationResult:
    """Score what the fits left.

    One fit gets a bootstrap interval over its validation rows; its ``loss`` gets none, since Keras adds penalties to it
    that belong to no row. Several fits get the corrected interval over folds, ``loss`` too. Where a fold failed, no
    metric has a mean, an interval or a comparison: a mean over the folds that went well would flatter.

    Args:
        outcomes: one or more, in the order of iteration and fold.
        targets: of every row of the data set.
        metrics: the first one is the primary metric.
        seed: names the bootstrap's draws; use ``split_seed``, so that paired runs share them.
        block: how many neighbouring rows the bootstrap draws together: those that share steps of a series.
    """
    curve, draws = mean_curve(outcomes), _Draws(child_seed(seed, "interval"), block)
    primary = metrics[0].name if metrics else LOSS
    higher = metrics[0].higher_is_better if metrics else False
    finals = [fold.final_epoch for fold in outcomes]
    epoch = _selected_epoch(outcomes, curve, primary, higher)
    validation = {LOSS: _score(outcomes, _history(outcomes, LOSS, finals))}
    selected = {LOSS: _select(_score(outcomes, _history(outcomes, LOSS, [epoch] * len(outcomes))), epoch)}
    for metric in metrics:
        validation[metric.name] = _measure(metric, outcomes, targets, [fold.predictions for fold in outcomes], draws)
        selected[metric.name] = _select(_score_at(metric, outcomes, targets, epoch, draws), epoch)
    failures = tuple(Failure(fold.iteration, fold.fold, fold.failure) for fold in outcomes if fold.failure is not None)
    return EvaluationResult(
        validation=validation,
        selected=selected,
        baselines=_baseline_scores(outcomes, targets, metrics),
        comparisons=_comparisons(outcomes, targets, metrics, validation, seed, block),
        curve=curve,
        primary=primary,
        higher_is_better=higher,
        notes=(*_failure_notes(outcomes, failures), *_missing_notes(outcomes, metrics, validation)),
        failures=failures,
    )


def _selected_epoch(outcomes: Sequence[FoldOutcome], curve: Curve, primary: str, higher: bool) -> int:
    """Name the one epoch that is selected: the fold's own best, or the best of the mean curve; 0 where all failed."""
    if len(outcomes) == 1 and outcomes[0].failure is None:
        return outcomes[0].best_epoch
    return curve.best_epoch(primary, higher)


def _history(outcomes: Sequence[FoldOutcome], name: str, epochs: Sequence[int]) -> list[float]:
    """Look one value a fold up, at an epoch counted from 1; NaN for a fold that failed."""
    return [
        float(fold.validation[name][epoch - 1]) if fold.failure is None else np.nan
        for fold, epoch in zip(outcomes, epochs, strict=True)
    ]


def _score_at(metric: Metric, outcomes: Sequence[FoldOutcome], targets: Array, epoch: int, draws: _Draws) -> Score:
    """Score the selected epoch: one fold by the predictions that were kept of it, several by their histories."""
    if len(outcomes) == 1:
        return _measure(metric, outcomes, targets, [outcomes[0].best_predictions], draws)
    return _score(outcomes, _history(outcomes, metric.name, [epoch] * len(outcomes)), within=metric.range)


def _measure(
    metric: Metric, outcomes: Sequence[FoldOutcome], targets: Array, predictions: Sequence[Predictions], draws: _Draws
) -> Score:
    """Score predictions of each fold; those of a single fold get a bootstrap interval."""
    rows = [targets_of(fold, targets) for fold in outcomes]
    values = [
        metric.score(real, said) if fold.failure is None else np.nan
        for fold, real, said in zip(outcomes, rows, predictions, strict=True)
    ]
    if len(outcomes) > 1 or outcomes[0].failure is not None:
        return _score(outcomes, values, within=metric.range)
    interval = bootstrap(metric, rows[0], predictions[0], seed=draws.seed, block=draws.block)
    return _score(outcomes, values, interval)


def _score(
    outcomes: Sequence[FoldOutcome],
    values: Sequence[float],
    interval: Interval = NO_INTERVAL,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Score:
    """Put one value a fold together; those of several folds get the corrected interval, cut where the metric ends."""
    iterations = sorted({fold.iteration for fold in outcomes})
    pairs = list(zip(outcomes, values, strict=True))
    per_fold = tuple(tuple(value for fold, value in pairs if fold.iteration == each) for each in iterations)
    scored = sum(fold.failure is None for fold in outcomes)
    mean, std = iteration_mean(outcomes, values), None
    if len(outcomes) > 1 and np.isfinite(mean):
        std = float(np.std(values, ddof=1))
        reach = corrected_reach(values, *fold_sizes(outcomes))
        interval = (max(mean - reach, within[0]), min(mean + reach, within[1]))
    return Score(mean, std, *interval, n=scored, per_fold=per_fold)


def _select(score: Score, epoch: int) -> SelectedScore:
    """Label a score with the epoch that was selected."""
    return SelectedScore(score.mean, score.std, score.low, score.high, score.n, score.per_fold, epoch or None)


def _baseline_scores(
    outcomes: Sequence[FoldOutcome], targets: Array, metrics: Sequence[Metric]
) -> dict[str, dict[str, float]]:
    """Score every baseline on every fold and average; NaN where a fold does not have it."""
    return {
        name: {
            metric.name: iteration_mean(outcomes, baseline_values(metric, outcomes, targets, name))
            for metric in metrics
        }
        for name in baseline_names(outcomes)
    }


def _comparisons(
    outcomes: Sequence[FoldOutcome],
    targets: Array,
    metrics: Sequence[Metric],
    validation: Mapping[str, Score],
    seed: int,
    block: int,
) -> dict[str, Comparison]:
    """Compare by the primary metric; ``loss`` is no score of baselines, and failed folds leave nothing to compare."""
    if not metrics or any(fold.failure is not None for fold in outcomes):
        return {}
    values = [value for iteration in validation[metrics[0].name].per_fold for value in iteration]
    return compare(metrics[0], outcomes, targets, values, seed=seed, block=block)


def _failure_notes(outcomes: Sequence[FoldOutcome], failures: Sequence[Failure]) -> tuple[str, ...]:
    """Say why there is no mean."""
    if not failures or len(outcomes) == 1:
        return ()
    iterated = max(fold.iteration for fold in outcomes) > 1
    places = [f"fold {each.fold}" + (f" of iteration {each.iteration}" if iterated else "") for each in failures]
    count = f"{len(failures)} of {len(outcomes)} folds failed"
    return (f"no mean is given: {count} ({', '.join(places)})",)


def _missing_notes(
    outcomes: Sequence[FoldOutcome], metrics: Sequence[Metric], validation: Mapping[str, Score]
) -> tuple[str, ...]:
    """Say why a score has no value, where it is not for a failed fold."""
    if any(fold.failure is not None for fold in outcomes):
        return ()
    missing = [metric for metric in metrics if np.isnan(validation[metric.name].mean)]
    finite = all(np.isfinite(fold.predictions).all() for fold in outcomes)
    return tuple(
        f"{metric.name} has no value: "
        + (getattr(metric, "undefined", "these rows have none") if finite else "the model predicts NaN or infinity")
        for metric in missing
    )
