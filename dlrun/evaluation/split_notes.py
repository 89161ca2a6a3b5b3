"""What a person should know about a split, in words: why classes cannot be kept in proportion, what is left aside."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dlrun.data.dataset import Array, Dataset, Indices
from dlrun.spec.sections import Evaluation

STRATIFIED_TASKS = frozenset({"binary", "multiclass"})


def obstacle(classes: Array, held: int, class_names: tuple[str, ...]) -> str:
    """Say why rows of these classes cannot be cut in proportion; "" when they can."""
    present, counts = np.unique(classes, return_counts=True)
    if counts.min() < 2:
        rare = _listed(present[counts < 2], class_names)
        return f"{rare} {'have' if (counts < 2).sum() > 1 else 'has'} only one row, and each part needs one"
    smaller = min(held, len(classes) - held)
    if smaller < len(present):
        return f"a part of {smaller:,} rows cannot hold all {len(present):,} classes"
    return ""


def notes_on_unused(dataset: Dataset, evaluation: Evaluation) -> list[str]:
    """Say which part that came with the data is left aside."""
    notes = []
    if len(dataset.test_rows) and evaluation.test not in (None, "provided"):
        notes.append(f"the data's own test set ({len(dataset.test_rows):,} rows) is not used")
    if len(dataset.validation_rows) and evaluation.validation != "provided":
        count = len(dataset.validation_rows)
        notes.append(f"the data's own validation set ({count:,} rows) is not used; 'validation: provided' uses it")
    return notes


def notes_on_classes(dataset: Dataset, train: Indices, validation: Indices) -> list[str]:
    """Say which class cannot be learnt or cannot be scored."""
    if dataset.task not in STRATIFIED_TASKS:
        return []
    trained = np.unique(dataset.targets[train])
    scored = np.unique(dataset.targets[validation])
    notes = []
    unseen = np.setdiff1d(scored, trained)
    if len(unseen):
        notes.append(f"among the validation rows, but not the training rows: {_listed(unseen, dataset.class_names)}")
    if len(scored) == 1:
        notes.append(f"every validation row is of {_listed(scored, dataset.class_names)}: the scores say little")
    return notes


def _listed(classes: Iterable[int], class_names: tuple[str, ...]) -> str:
    """Name up to three classes: ``class 'spam', 'ham'``."""
    names = [f"'{class_names[index]}'" if class_names else str(index) for index in map(int, classes)]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"class{'es' if len(names) > 1 else ''} {', '.join(names[:3])}{more}"
