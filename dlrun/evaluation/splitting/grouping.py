"""Folds of whole groups, balanced in rows and, where wanted, in classes (scikit-learn's StratifiedGroupKFold)."""

from __future__ import annotations

import heapq

import numpy as np

from dlrun.data.dataset import Indices
from dlrun.evaluation.splitting.notes import too_rare_to_fold
from dlrun.evaluation.splitting.rules import Rules
from dlrun.seeds import generator

SEVERAL_LABELS = "rows with several labels cannot be kept in proportion and in groups at once"
EMPTY = "with so few groups, dealing them out by their classes leaves a fold without any"


def group_folds(rules: Rules, rows: Indices, unit_of: Indices, folds: int, seed: int) -> tuple[Indices, str]:
    """Put every unit into one fold; no fold stays empty.

    Args:
        rules: says what the classes are.
        rows: row numbers, (rows,).
        unit_of: the unit of each row, from 0 without gaps, (rows,); at least as many units as folds.
        folds: how many.
        seed: names the draw.

    Returns:
        The fold of each row, from 0, (rows,), and why not by class where that was wanted.
    """
    # Groups are shuffled here: with shuffle=True scikit-learn before 1.8 mixes up which counts are whose.
    shuffled = generator(seed, "groups").permutation(int(unit_of.max()) + 1)[unit_of]
    reason = ""
    if rules.classes is not None and rules.classes.ndim == 2:
        reason = SEVERAL_LABELS
    elif rules.classes is not None:
        reason = too_rare_to_fold(rules.classes[rows], folds, rules.class_names)
        if not reason:
            fold_of = _by_class(rules.classes[rows], shuffled, folds)
            if len(np.unique(fold_of)) == folds:
                return fold_of, ""
            reason = EMPTY
    return _by_size(shuffled, folds), reason


def _by_class(classes: Indices, units: Indices, folds: int) -> Indices:
    """Deal units out by their classes and sizes; a fold may stay empty."""
    from sklearn.model_selection import StratifiedGroupKFold

    fold_of = np.empty(len(units), np.int64)
    for fold, (_, held) in enumerate(StratifiedGroupKFold(folds).split(units, classes, units)):
        fold_of[held] = fold
    return fold_of


def _by_size(units: Indices, folds: int) -> Indices:
    """Deal units out in their order, each to the fold that has fewest rows so far, so first of all to empty ones.

    That is what StratifiedGroupKFold does where all rows are of one class, but for ties, which rounding decides there.
    """
    smallest = [(0, fold) for fold in range(folds)]
    fold_of_unit = np.empty(int(units.max()) + 1, np.int64)
    for unit, size in enumerate(np.bincount(units).tolist()):
        rows, fold = smallest[0]
        fold_of_unit[unit] = fold
        heapq.heapreplace(smallest, (rows + size, fold))
    return fold_of_unit[units]
