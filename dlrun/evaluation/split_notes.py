"""What a person should know about splits, in words: why classes cannot be kept in proportion, what is left aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from dlrun.data.dataset import CLASSIFICATION, Array, Dataset, Indices
from dlrun.data.repeats import shared_rows
from dlrun.spec.sections import Evaluation


def too_rare_to_cut(classes: Array, held: int, class_names: tuple[str, ...]) -> str:
    """Say why rows of these classes cannot be cut in two in proportion; "" when they can."""
    present, counts = np.unique(classes, return_counts=True)
    if counts.min() < 2:
        rare = _listed(present[counts < 2], class_names)
        return f"{rare} {'have' if (counts < 2).sum() > 1 else 'has'} only one row, and each part needs one"
    smaller = min(held, len(classes) - held)
    if smaller < len(present):
        return f"a part of {smaller:,} rows cannot hold all {len(present):,} classes"
    return ""


def too_rare_to_fold(classes: Array, folds: int, class_names: tuple[str, ...]) -> str:
    """Say why rows of these classes cannot be spread over folds in proportion; "" when they can."""
    present, counts = np.unique(classes, return_counts=True)
    if counts.min() >= folds:
        return ""
    rare = _listed(present[counts < folds], class_names)
    several = (counts < folds).sum() > 1
    return f"{rare} {'have' if several else 'has'} fewer rows than there are folds ({counts.min():,} of {folds:,})"


def notes_on_unused(dataset: Dataset, evaluation: Evaluation, used: Indices) -> list[str]:
    """Say which part that came with the data is left aside: none of its rows is among those that are used."""
    notes = []
    if len(dataset.test_rows) and not np.isin(dataset.test_rows, used).any():
        notes.append(f"the data's own test set ({len(dataset.test_rows):,} rows) is not used")
    if len(dataset.validation_rows) and not np.isin(dataset.validation_rows, used).any():
        remedy = "; 'validation: provided' uses it" if evaluation.protocol == "holdout" else ""
        notes.append(f"the data's own validation set ({len(dataset.validation_rows):,} rows) is not used{remedy}")
    return notes


def notes_on_classes(dataset: Dataset, pairs: Sequence[tuple[Indices, Indices]]) -> list[str]:
    """Say which class cannot be learnt or cannot be scored.

    Args:
        dataset: has the classes.
        pairs: training and validation rows of each split.
    """
    if dataset.task not in CLASSIFICATION:
        return []
    trained = [_present(dataset.targets[train]) for train, _ in pairs]
    scored = [_present(dataset.targets[validation]) for _, validation in pairs]
    unseen = [np.setdiff1d(late, early) for early, late in zip(trained, scored, strict=True)]
    notes = []
    several = dataset.task == "multilabel"
    word = "label" if several else "class"
    if any(len(classes) for classes in unseen):
        names = _listed(np.unique(np.concatenate(unseen)), dataset.class_names, word)
        notes.append(f"among the validation rows, but not the training rows{_in_some(unseen)}: {names}")
    alone = [late if len(late) == 1 else late[:0] for late in scored]
    if not several and any(len(classes) for classes in alone):
        names = _listed(np.unique(np.concatenate(alone)), dataset.class_names)
        notes.append(f"every validation row{_in_some(alone)} is of {names}: the scores say little")
    return notes


def note_on_repeats(repeated: Sequence[int], pairs: Sequence[tuple[Indices, Indices]], *, movable: bool) -> list[str]:
    """Warn of validation rows that a net that learns by heart has seen with their targets.

    Args:
        repeated: how many there are in each split.
        pairs: training and validation rows of each split.
        movable: whether another value of ``duplicates`` would keep them apart.
    """
    found, rows = sum(repeated), sum(len(validation) for _, validation in pairs)
    if not found:
        return []
    where = "" if len(pairs) == 1 else f" of {len(pairs)} splits together"
    remedy = "; 'duplicates: together' keeps them on one side" if movable else ""
    return [
        f"{found:,} of the {rows:,} validation rows{where} also stand among the training rows, exactly: what a net "
        f"learns by heart scores well on them, so the score flatters{remedy}"
    ]


def note_on_overlap(dataset: Dataset, pool: Indices, test: Indices) -> list[str]:
    """Say which test rows also stand among the rows that are trained on."""
    shared = shared_rows(dataset.hashes, pool, test)
    if not len(shared):
        return []
    few = ", ".join(f"{late} (as {early})" for late, early in shared[:3].tolist())
    more = f" and {len(shared) - 3:,} more" if len(shared) > 3 else ""
    return [
        f"{len(shared):,} of the {len(test):,} test rows also stand among the other rows, exactly: "
        f"row{'s' if len(shared) > 1 else ''} {few}{more}, counted from 0"
    ]


def note_on_sameness(iterations: Sequence[frozenset[bytes]]) -> list[str]:
    """Say that reshuffling changed nothing. Each iteration is given as the set of its validation parts."""
    different = len(set(iterations))
    if different == len(iterations):
        return []
    return [
        f"only {different} of {len(iterations)} iterations differ: groups are dealt out by their classes and sizes, "
        "and where no two are alike there is one way to do so. Use protocol: kfold, or 'stratify: false'"
    ]


def note_on_left_out(count: int, gap: int, *, by_group: bool) -> list[str]:
    """Say how many rows are in no part, and why."""
    reasons = [f"the gap of {gap:,} distinct times"] if gap else []
    reasons += ["groups that stand among later rows too"] if by_group else []
    return [f"{count:,} rows are in no part: {' and '.join(reasons)}"] if count and reasons else []


def _in_some(classes: Sequence[Array]) -> str:
    """Say in how many splits something is so; nothing where there is one split."""
    if len(classes) == 1:
        return ""
    return f" of {sum(1 for found in classes if len(found))} of {len(classes)} splits"


def _present(targets: Array) -> Array:
    """Return the classes, or labels, that any of these rows has."""
    return np.unique(targets) if targets.ndim == 1 else np.flatnonzero(targets.any(axis=0))


def _listed(classes: Iterable[int], class_names: tuple[str, ...], word: str = "class") -> str:
    """Name up to three classes: ``class 'spam', 'ham'``."""
    names = [f"'{class_names[index]}'" if class_names else str(index) for index in map(int, classes)]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    plural = "labels" if word == "label" else "classes"
    return f"{plural if len(names) > 1 else word} {', '.join(names[:3])}{more}"
