"""K-fold: every unit is held out once; in time's order, each stretch of time is scored by a model of what was before.

scikit-learn's splitters say which unit is in which fold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dlrun.data.dataset import Indices
from dlrun.evaluation.splitting.cutting import refuse_classes, without_held_groups
from dlrun.evaluation.splitting.grouping import group_folds
from dlrun.evaluation.splitting.iterative_stratification import spread
from dlrun.evaluation.splitting.notes import too_rare_to_fold
from dlrun.evaluation.splitting.refusals import refuse_few
from dlrun.evaluation.splitting.rules import Rules, refuse, units_of

Pair = tuple[Indices, Indices]
_K = ("evaluation", "k")


@dataclass(frozen=True)
class Folding:
    """Training and validation rows of each fold, in ascending order; ``reason`` as in `Cut`."""

    pairs: tuple[Pair, ...]
    reason: str = ""


def fold(rules: Rules, rows: Indices, k: int, seed: int) -> Folding:
    """Cut rows into folds.

    Args:
        rules: what has to be kept.
        rows: what is cut, in any order.
        k: how many folds.
        seed: names the draw.

    Raises:
        SpecError: there are fewer units than folds, classes are required and too small, or a fold has no training
            rows.
    """
    ordered = np.sort(rows)
    if rules.times is not None:
        return Folding(tuple(_chain(rules, ordered, k)))
    units, unit_of = np.unique(units_of(rules, ordered), return_inverse=True)
    if len(units) < k:
        refuse_few(rules, ordered, k)
    if rules.groups is not None and rules.shuffle:
        fold_of, reason = group_folds(rules, ordered, unit_of, k, seed)
    else:
        unit_folds, reason = _fold_units(rules, units, k, seed)
        fold_of = unit_folds[unit_of]
    refuse_classes(rules, reason)
    return Folding(tuple((ordered[fold_of != at], ordered[fold_of == at]) for at in range(k)), reason)


def _fold_units(rules: Rules, units: Indices, k: int, seed: int) -> tuple[Indices, str]:
    """Return the fold of each unit, and why not by class where that was wanted."""
    from sklearn.model_selection import KFold, StratifiedKFold

    classes, reason = None if rules.classes is None else rules.classes[units], ""
    if classes is not None and classes.ndim == 2:
        sizes = np.full(k, len(units) // k) + (np.arange(k) < len(units) % k)
        return spread(classes, sizes, seed), ""
    if classes is not None:
        reason = too_rare_to_fold(classes, k, rules.class_names)
    if classes is not None and not reason:
        splits = StratifiedKFold(k, shuffle=True, random_state=seed).split(units, classes)
    else:
        splits = KFold(k, shuffle=rules.shuffle, random_state=seed if rules.shuffle else None).split(units)
    fold_of = np.empty(len(units), np.int64)
    for at, (_, held) in enumerate(splits):
        fold_of[held] = at
    return fold_of, reason


def _chain(rules: Rules, ordered: Indices, k: int) -> Iterator[Pair]:
    """Yield forward-chained folds of distinct times: train on the past, skip the gap, validate on what comes next."""
    from sklearn.model_selection import TimeSeriesSplit

    assert rules.times is not None
    times = rules.times[ordered]
    distinct = np.unique(times)
    if len(distinct) < k + 1:
        message = f"{k} folds in the order of time need {k + 1} distinct times; there are {len(distinct):,}"
        refuse(_K, message, "use fewer folds")
    most = len(distinct) - len(distinct) // (k + 1) * k - 1
    if rules.gap > most:
        message = f"{rules.gap:,} distinct times leave the first of {k} folds nothing to train on"
        refuse(("evaluation", "gap"), message, f"use {most:,} or less, or fewer folds")
    for past, now in TimeSeriesSplit(k, gap=rules.gap).split(distinct):
        train = ordered[np.isin(times, distinct[past])]
        validation = ordered[np.isin(times, distinct[now])]
        yield without_held_groups(rules, train, validation), validation
