"""Which rows train, which are scored, and which nobody looks at: row indices, never data.

Every draw hangs on ``split_seed`` and a name of its own: the test rows stay the same whatever is asked of validation.
scikit-learn draws; this module decides what is drawn from what, and says in words what it could not do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from dlrun import fingerprint
from dlrun.data.dataset import Array, Dataset, Indices
from dlrun.errors import DataError, Path, Problem, SpecError
from dlrun.evaluation.split_notes import STRATIFIED_TASKS, notes_on_classes, notes_on_unused, obstacle
from dlrun.seeds import child_seed
from dlrun.spec.sections import Evaluation

DEFAULT_TEST_SHARE = 0.2


@dataclass(frozen=True)
class Split:
    """One train/validation pair. Iterations and folds count from 1; rows are in ascending order."""

    iteration: int
    fold: int
    train: Indices
    validation: Indices


@dataclass(frozen=True)
class SplitPlan:
    """Every split of a protocol, and the rows that none of them may see.

    Args:
        splits: in the order of iteration and fold.
        test: rows that stay unseen until ``dlrun test``; may be empty.
        stratified: whether every part that was drawn keeps the classes' shares.
        notes: what a person should know about these splits, one sentence each.
        fingerprint: of all row indices: two runs with the same one are scored on the same rows.
    """

    splits: tuple[Split, ...]
    test: Indices
    stratified: bool
    notes: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True)
class _Cutter:
    """How rows are cut: by which classes (None: not stratified), whether shuffled, whether classes were asked for."""

    classes: Array | None
    class_names: tuple[str, ...]
    shuffle: bool
    required: bool


def make_splits(dataset: Dataset, evaluation: Evaluation) -> SplitPlan:
    """Draw the test rows, then the validation rows from what remains.

    A share is rounded to the nearest whole row. Without shuffling, the last rows are the test rows and the rows before
    them the validation rows.

    Raises:
        DataError: a provided part is asked for and the data have none, or there are no rows to split.
        SpecError: a part would be empty or larger than the rows, or stratifying is asked for and cannot be done.
    """
    if not len(dataset.train_rows):
        raise DataError(f"'{dataset.name}' has no training rows", hint="check the file, or the options that drop rows")
    cutter, notes = _cutter(dataset, evaluation)
    pool, test, first = _cut_test(dataset, evaluation, cutter)
    train, validation, second = _cut_validation(dataset, evaluation, pool, cutter)
    impossible = [reason for reason in (first, second) if reason]
    notes += [f"not stratified: {reason}" for reason in dict.fromkeys(impossible)]
    split = Split(iteration=1, fold=1, train=train, validation=validation)
    return SplitPlan(
        splits=(split,),
        test=test,
        stratified=cutter.classes is not None and not impossible,
        notes=(*notes, *notes_on_unused(dataset, evaluation), *notes_on_classes(dataset, train, validation)),
        fingerprint=_fingerprint((split,), test),
    )


def inner_split(
    targets: Array, train: Indices, share: float | int, *, seed: int, stratify: bool, shuffle: bool = True
) -> tuple[Indices, Indices]:
    """Cut rows for early stopping off the training rows of a split.

    Args:
        targets: of every row of the data set.
        train: the training rows of one split.
        share: of the training rows, or a number of them.
        seed: names this draw; everything else about it is fixed.
        shuffle: False takes the last training rows, as data in an order want it.
        stratify: keep the classes' shares (class indices only); where a class is too small for that, draw without.

    Returns:
        The rows that are left to train on and the rows that were cut off, both in ascending order.

    Raises:
        SpecError: one of the two would be empty.
    """
    held = _held_rows(share, len(train), ("training", "early_stopping", "inner"), "training rows")
    if not shuffle:
        ordered = np.sort(train)
        return ordered[:-held], ordered[-held:]
    classes = targets if stratify else None
    if classes is not None and obstacle(classes[train], held, ()):
        classes = None
    return _draw(train, held, classes, child_seed(seed, "inner split"))


def _cutter(dataset: Dataset, evaluation: Evaluation) -> tuple[_Cutter, list[str]]:
    """Decide whether to stratify before any row is drawn; returns notes on it."""
    path: Path = ("evaluation", "stratify")
    asked = bool(evaluation.stratify)
    if asked and dataset.task not in STRATIFIED_TASKS:
        _refuse(path, f"true does not fit task '{dataset.task}': only single classes can be stratified", "leave it out")
    if asked and not evaluation.shuffle:
        _refuse(path, "true needs 'shuffle: true': rows that keep their order cannot be drawn by class", "drop one")
    wanted = evaluation.stratify is not False and evaluation.shuffle and dataset.task in STRATIFIED_TASKS
    notes = []
    if dataset.task == "multilabel" and evaluation.shuffle and evaluation.stratify is None:
        notes.append("not stratified: a row may have several labels, so there is no single class to keep in proportion")
    classes = dataset.targets if wanted else None
    return _Cutter(classes, dataset.class_names, evaluation.shuffle, asked), notes


def _cut_test(dataset: Dataset, evaluation: Evaluation, cutter: _Cutter) -> tuple[Indices, Indices, str]:
    """Return the rows that remain, the test rows, and why they could not be stratified ("" when they were)."""
    asked, rows = evaluation.test, dataset.train_rows
    if asked == "provided" and not len(dataset.test_rows):
        raise DataError(
            f"'{dataset.name}' has no test set, and the spec says 'evaluation.test: provided'",
            hint="write 'test: 0.2' to split one off, or 'test: none'",
        )
    if asked == "provided" or (asked is None and len(dataset.test_rows)):
        return np.sort(rows), np.sort(dataset.test_rows), ""
    if asked == "none":
        return np.sort(rows), np.empty(0, np.int64), ""
    size = DEFAULT_TEST_SHARE if asked is None else asked
    assert not isinstance(size, str)
    held = _held_rows(size, len(rows), ("evaluation", "test"), "rows that may be split")
    return _cut(rows, held, cutter, child_seed(evaluation.split_seed, "test rows"))


def _cut_validation(
    dataset: Dataset, evaluation: Evaluation, pool: Indices, cutter: _Cutter
) -> tuple[Indices, Indices, str]:
    """Return training rows, validation rows, and why they could not be stratified ("" when they were)."""
    size = evaluation.validation
    if size == "provided":
        if not len(dataset.validation_rows):
            raise DataError(
                f"'{dataset.name}' has no validation set, and the spec says 'evaluation.validation: provided'",
                hint="write 'validation: 0.2' to split one off",
            )
        return pool, np.sort(dataset.validation_rows), ""
    held = _held_rows(size, len(pool), ("evaluation", "validation"), "rows that are not test rows")
    return _cut(pool, held, cutter, child_seed(evaluation.split_seed, "validation rows", 1))


def _held_rows(size: float | int, rows: int, path: Path, kind: str) -> int:
    """Turn a share or a count into a number of rows that leaves both parts with at least one."""
    held = size if isinstance(size, int) else int(size * rows + 0.5)
    if held < 1:
        _refuse(path, f"{size:g} of {rows:,} {kind} is no row at all", "use a larger share, or a number of rows")
    if held >= rows:
        _refuse(path, f"{size:,} takes all of the {rows:,} {kind}: nothing is left to train on", "use a smaller one")
    return held


def _cut(rows: Indices, held: int, cutter: _Cutter, seed: int) -> tuple[Indices, Indices, str]:
    """Cut ``held`` rows off; the third value says why not by class, when that was wanted and cannot be."""
    if not cutter.shuffle:
        ordered = np.sort(rows)
        return ordered[:-held], ordered[-held:], ""
    reason = ""
    if cutter.classes is not None:
        reason = obstacle(cutter.classes[rows], held, cutter.class_names)
    if reason and cutter.required:
        _refuse(("evaluation", "stratify"), f"true cannot be done: {reason}", "leave it out to split without classes")
    kept, cut = _draw(rows, held, None if reason else cutter.classes, seed)
    return kept, cut, reason


def _draw(rows: Indices, held: int, classes: Array | None, seed: int) -> tuple[Indices, Indices]:
    """Let scikit-learn draw ``held`` of the rows; both parts come back in ascending order."""
    from sklearn.model_selection import train_test_split

    ordered = np.sort(rows)
    stratify = None if classes is None else classes[ordered]
    kept, cut = train_test_split(ordered, test_size=held, random_state=seed, stratify=stratify)
    return np.sort(kept), np.sort(cut)


def _fingerprint(splits: tuple[Split, ...], test: Indices) -> str:
    """Digest every row index of every part."""
    arrays = {"test": test}
    for split in splits:
        arrays[f"i{split.iteration}-f{split.fold}-train"] = split.train
        arrays[f"i{split.iteration}-f{split.fold}-validation"] = split.validation
    return fingerprint.of_arrays(arrays)


def _refuse(path: Path, message: str, hint: str) -> NoReturn:
    """Raise the one problem of a spec that shows only once the data are known."""
    raise SpecError([Problem(message, path=path, hint=hint)])
