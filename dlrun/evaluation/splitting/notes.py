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


def note_on_repeats(repeated: Sequence[int], pairs: Sequence[tuple[Indices, Indices]], remedy: str) -> list[str]:
    """Warn of validation rows that a net that learns by heart has seen with their targets.

    Args:
        repeated: how many there are in each split.
        pairs: training and validation rows of each split.
        remedy: what would keep them apart; may be empty.
    """
    found, rows = sum(repeated), sum(len(validation) for _, validation in pairs)
    if not found:
        return []
    where = "" if len(pairs) == 1 else f" of {len(pairs)} splits together"
    return [
        f"{found:,} of the {rows:,} validation rows{where} also stand among the training rows, exactly: what a net "
        f"learns by heart scores well on them, so the score flatters{'; ' if remedy else ''}{remedy}"
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


def note_on_sameness(iterations: Sequence[frozenset[bytes]], why: str) -> list[str]:
    """Say that iterations repeat each other. Each is given as the set of its validation parts."""
    different = len(set(iterations))
    if different == len(iterations):
        return []
    return [f"only {different} of {len(iterations)} iterations differ: {why}"]


def note_on_left_out(count: int, rows: int, reasons: Sequence[str]) -> list[str]:
    """Say how many of the rows are in no part, and why."""
    return [f"{count:,} of {rows:,} rows are in no part: {' and '.join(reasons)}"] if count and reasons else []


def note_on_scored_twice(count: int) -> list[str]:
    """Say that rows weigh more than once in an iteration's score."""
    if not count:
        return []
    row = "row is a validation row" if count == 1 else "rows are validation rows"
    return [f"{count:,} {row} of several splits of one iteration, which counts more than once in its score"]


def note_on_size(part: str, sizes: Sequence[tuple[int, int]], why: str) -> list[str]:
    """Say that a part is off by more than a quarter of what was asked for, and by more than one row.

    Args:
        part: its name.
        sizes: of each part of this name: its rows, and how many were asked for; 0: it was not drawn.
        why: why it could not be nearer.
    """
    off = [(found, asked) for found, asked in sizes if asked and abs(found - asked) > max(1, asked / 4)]
    if not off:
        return []
    found, asked = max(off, key=lambda each: abs(each[0] - each[1]) / each[1])
    where = "" if len(sizes) == 1 else f" in {len(off)} of {len(sizes)} splits, such as"
    return [f"{part} rows:{where} {found:,}, where {asked:,} were asked for, because {why}"]


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
