"""The model beside each baseline: a paired difference of the primary score, with how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from dlrun.data.dataset import Array
from dlrun.evaluation.corrected import corrected_reach
from dlrun.evaluation.intervals import middle, resampled_scores
from dlrun.evaluation.metrics import Metric
from dlrun.evaluation.outcomes import FoldOutcome, iteration_mean, targets_of
from dlrun.evaluation.results import Comparison
from dlrun.seeds import child_seed


def compare(
    metric: Metric,
    outcomes: Sequence[FoldOutcome],
    targets: Array,
    values: Sequence[float],
    *,
    seed: int,
    block: int = 1,
) -> dict[str, Comparison]:
    """Compare the model with every baseline that has a score on every fold.

    Several folds: differences paired by fold, bounded as `dlrun.evaluation.corrected` bounds a mean. One fold: a
    paired bootstrap, in which both are scored on the same resampled rows. Pairing takes out what is hard or easy about
    a fold (or about rows) for both.

    Args:
        metric: the primary one.
        outcomes: none of them failed.
        targets: of every row of the data set.
        values: the model's score on each fold.
        seed: names the bootstrap's draws.
        block: how many neighbouring rows it draws together.
    """
    if not np.isfinite(values).all():
        return {}
    sign = 1 if metric.higher_is_better else -1
    rows = _resampled(metric, outcomes[0], targets, seed, block) if len(outcomes) == 1 else None
    comparisons: dict[str, Comparison] = {}
    for name in baseline_names(outcomes):
        differences = sign * (np.asarray(values) - np.array(baseline_values(metric, outcomes, targets, name)))
        if not np.isfinite(differences).all():
            continue
        mean = iteration_mean(outcomes, list(differences))
        low, high = rows(name) if rows else _over_folds(outcomes, list(differences), mean)
        known = np.isfinite([low, high]).all()
        comparisons[name] = Comparison(name, mean, low if known else None, high if known else None)
    return comparisons


def baseline_names(outcomes: Sequence[FoldOutcome]) -> tuple[str, ...]:
    """List the baselines of any fold, in their order."""
    return tuple(dict.fromkeys(name for outcome in outcomes for name in outcome.baselines))


def baseline_values(metric: Metric, outcomes: Sequence[FoldOutcome], targets: Array, name: str) -> list[float]:
    """Score one baseline on every fold; NaN where a fold does not have it."""
    return [
        metric.score(targets_of(outcome, targets), outcome.baselines[name]) if name in outcome.baselines else np.nan
        for outcome in outcomes
    ]


def fold_sizes(outcomes: Sequence[FoldOutcome]) -> tuple[list[int], list[int]]:
    """Return the training and the validation rows of each fold."""
    return [outcome.train_rows for outcome in outcomes], [len(outcome.validation_rows) for outcome in outcomes]


def _over_folds(outcomes: Sequence[FoldOutcome], differences: Sequence[float], mean: float) -> tuple[float, float]:
    """Bound the mean of differences, one a fold."""
    reach = corrected_reach(differences, *fold_sizes(outcomes))
    return mean - reach, mean + reach


def _resampled(
    metric: Metric, outcome: FoldOutcome, targets: Array, seed: int, block: int
) -> Callable[[str], tuple[float, float]]:
    """Return what bounds the difference to a baseline on one fold: both are scored on the same resampled rows."""
    rows, sign = targets_of(outcome, targets), 1 if metric.higher_is_better else -1
    resample = partial(resampled_scores, metric, rows, seed=child_seed(seed, "interval"), block=block)
    model = resample(outcome.predictions)

    def bound(name: str) -> tuple[float, float]:
        beside = resample(outcome.baselines[name])
        # Either is empty where there are no draws: one row, or predictions that are not finite.
        return middle(sign * (model - beside)) if len(model) == len(beside) else (np.nan, np.nan)

    return bound
