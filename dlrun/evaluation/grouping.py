"""Folds of whole groups, balanced in rows and, where wanted, in classes: scikit-learn's StratifiedGroupKFold."""

from __future__ import annotations

import numpy as np

from dlrun.data.dataset import Indices
from dlrun.evaluation.split_notes import too_rare_to_fold
from dlrun.evaluation.split_rules import Rules
from dlrun.seeds import generator

SEVERAL_LABELS = "rows with several labels cannot be kept in proportion and in groups at once"


def group_folds(rules: Rules, rows: Indices, unit_of: Indices, folds: int, seed: int) -> tuple[Indices, str]:
    """Put every unit into one fold.

    Args:
        rules: says what the classes are.
        rows: row numbers, (rows,).
        unit_of: the unit of each row, from 0 without gaps, (rows,); at least as many units as folds.
        folds: how many.
        seed: names the draw.

    Returns:
        The fold of each row, from 0, (rows,), and why not by class where that was wanted.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    reason = ""
    classes = np.zeros(len(rows), np.int64)
    if rules.classes is not None and rules.classes.ndim == 2:
        reason = SEVERAL_LABELS
    elif rules.classes is not None:
        reason = too_rare_to_fold(rules.classes[rows], folds, rules.class_names)
        classes = classes if reason else rules.classes[rows]
    # Groups are shuffled here: with shuffle=True scikit-learn before 1.8 mixes up which counts are whose.
    shuffled = generator(seed, "groups").permutation(int(unit_of.max()) + 1)[unit_of]
    fold_of = np.empty(len(rows), np.int64)
    for fold, (_, held) in enumerate(StratifiedGroupKFold(folds).split(rows, classes, shuffled)):
        fold_of[held] = fold
    return fold_of, reason
