"""What every cut of the rows has to keep: units, groups, classes, the arrow of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from dlrun.data.dataset import CLASSIFICATION, Array, Dataset, Indices
from dlrun.errors import Path, Problem, SpecError
from dlrun.evaluation.splitting.time_order import time_ranks
from dlrun.evaluation.splitting.units import connected, group_numbers, twins
from dlrun.spec.sections import Evaluation


@dataclass(frozen=True)
class Size:
    """How much is cut off.

    Args:
        amount: a share, or a number of rows.
        path: where the spec says so.
        kind: what it is cut off, for messages: "training rows", ...
        spare: whether at least half of the groups have to stay where they can, because they are cut once more.
    """

    amount: float | int
    path: Path
    kind: str
    spare: bool = False


@dataclass(frozen=True)
class Rules:
    """How rows may be cut, for every row of the data set.

    Args:
        hashes: of each row's inputs and targets, (rows,), where equal rows stay together; None where they may part.
        choosable: whether another value of ``duplicates`` would let equal rows part.
        groups: the number of each row's group, (rows,); None without groups.
        times: the rank of each row's time, (rows,); None without time.
        gap: how many distinct times are left out before those that are held out.
        classes: what is kept in proportion: class indices (rows,), or 0/1 (rows, labels); None: nothing.
        class_names: in the order of the indices; may be empty.
        shuffle: whether rows are drawn; else the last ones are held out.
        required: whether the spec insists on classes in proportion.
    """

    hashes: Array | None = None
    choosable: bool = False
    groups: Indices | None = None
    times: Indices | None = None
    gap: int = 0
    classes: Array | None = None
    class_names: tuple[str, ...] = ()
    shuffle: bool = True
    required: bool = False


def rules_for(dataset: Dataset, evaluation: Evaluation, rows: Indices, beside: Indices) -> Rules:
    """Find what cuts of these rows have to keep.

    Args:
        dataset: has the rows, and the columns that ``evaluation`` names.
        evaluation: with defaults filled in; ``stratify`` may be None.
        rows: those that may be cut, in ascending order.
        beside: rows of provided parts, which have groups and times but are not moved.

    Raises:
        DataError: a group or a time is missing, or a time cannot be read.
        SpecError: ``stratify: true`` for a task without classes.
    """
    groups, known = None, np.union1d(rows, beside)
    if evaluation.group is not None:
        groups = group_numbers(column_of(dataset, evaluation.group, "group"), known, evaluation.group)
    together = evaluation.duplicates == "together"
    return Rules(
        # Splits made elsewhere are not moved, but what dlrun cuts beside them keeps equal rows together all the same.
        hashes=dataset.hashes if together or made_elsewhere(evaluation) else None,
        choosable=together,
        groups=groups,
        times=_times(dataset, evaluation, known),
        gap=max(evaluation.gap or 0, dataset.gap or 0),
        classes=dataset.targets if _is_stratified(dataset, evaluation) else None,
        class_names=dataset.class_names,
        shuffle=evaluation.shuffle is not False,
        required=bool(evaluation.stratify),
    )


def column_of(dataset: Dataset, column: str, key: str) -> Array:
    """Return a column that the spec names under ``evaluation``, (rows,)."""
    if column not in dataset.columns:
        there = ", ".join(dataset.columns) or "none"
        refuse(("evaluation", key), f"'{dataset.name}' has no column '{column}'", f"columns that were read: {there}")
    return dataset.columns[column]


def refuse(path: Path, message: str, hint: str | None = None) -> NoReturn:
    """Raise the one problem of a spec that shows only once the data are known."""
    raise SpecError([Problem(message, path=path, hint=hint)])


def made_elsewhere(evaluation: Evaluation) -> bool:
    """Whether a column or a file says which rows each split has."""
    return evaluation.fold is not None or evaluation.splits is not None


def units_of(rules: Rules, rows: Indices) -> Indices:
    """Say which rows must stay together, as far as these rows alone decide: no other row has a say in how they are cut.

    Args:
        rules: what has to be kept.
        rows: in ascending order.

    Returns:
        For each of ``rows`` the smallest of them that it must stay with, (chosen,).
    """
    first = rows if rules.hashes is None else twins(rules.hashes, rows)
    if rules.groups is None:
        return first
    return rows[connected(rules.groups[rows], np.searchsorted(rows, first))]


def stays_whole(rules: Rules) -> str:
    """Say why a part may be far from its size."""
    if rules.times is not None:
        return "rows of one time stay together"
    return "equal rows stay together" if rules.groups is None else "groups stay whole"


def _times(dataset: Dataset, evaluation: Evaluation, rows: Indices) -> Indices | None:
    if evaluation.time is None:
        return None
    if evaluation.time is True:
        return np.arange(dataset.rows, dtype=np.int64)
    return time_ranks(column_of(dataset, evaluation.time, "time"), rows, evaluation.time)


def _is_stratified(dataset: Dataset, evaluation: Evaluation) -> bool:
    """Whether classes are wanted in proportion: by default wherever there are classes and rows are drawn."""
    if evaluation.stratify and dataset.task not in CLASSIFICATION:
        message = f"true does not fit task '{dataset.task}': there are no classes to keep in proportion"
        refuse(("evaluation", "stratify"), message, "leave it out")
    drawn = evaluation.shuffle is not False and evaluation.time is None
    return drawn and evaluation.stratify is not False and dataset.task in CLASSIFICATION
