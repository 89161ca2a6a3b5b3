"""From target columns to targets as a `Dataset` holds them: which task they make, and which class is which index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Dataset, Indices, Task
from dlrun.data.identity import ArrayRecords
from dlrun.data.texts import is_number
from dlrun.errors import DataError

MOST_LIKELY_CLASSES = 20
"""Integers with more different values than this are taken for measurements, not for classes."""


@dataclass(frozen=True)
class TargetColumn:
    """One target column as it was read: numbers (NaN: missing), booleans, or texts (None: missing). Shape (rows,)."""

    name: str
    values: Array

    @property
    def is_text(self) -> bool:
        """Whether it holds texts."""
        return self.values.dtype.kind in "OUT"


@dataclass(frozen=True)
class Targets:
    """Targets as a `Dataset` holds them; see there for the values of each task."""

    task: Task
    values: Array
    class_names: tuple[str, ...] = ()


def columns_of(array: Array, name: str) -> list[TargetColumn]:
    """Take an array of targets apart.

    Args:
        array: numbers, booleans or texts; (rows,) or (rows, columns).
        name: what messages call it; several columns are called ``name[0]``, ``name[1]``, ...

    Raises:
        DataError: another shape or type.
    """
    if array.ndim not in (1, 2) or array.dtype.kind not in "biufU":
        raise DataError(
            f"the targets '{name}' have shape {array.shape} and type {array.dtype}",
            hint="expected numbers or texts of shape (rows,) or (rows, columns)",
        )
    if array.ndim == 1 or array.shape[1] == 1:
        return [TargetColumn(name, array.reshape(-1))]
    return [TargetColumn(f"{name}[{index}]", array[:, index]) for index in range(array.shape[1])]


def encode(columns: Sequence[TargetColumn], task: Task | None, test_from: int | None = None) -> Targets:
    """Make targets of columns.

    Args:
        columns: at least one, all of one length.
        task: what they are; None to find out.
        test_from: the first row of the provided test set: its classes must occur before it.

    Raises:
        DataError: values are missing or infinite, or cannot be what the task says, or the task is not clear.
    """
    for column in columns:
        _refuse_missing(column)
    task = task or _infer(columns)
    if task in ("binary", "multiclass"):
        return _classes(_single(columns, task), task, test_from)
    if task == "multilabel":
        return _labels(columns)
    return _numbers(columns, task)


def made_by_folds(rows: int) -> Targets:
    """Return the targets of an autoencoder before there is a fold that makes them of its encoded inputs: (rows, 0)."""
    return Targets("autoencoder", np.empty((rows, 0)))


def retarget(dataset: Dataset, task: Task) -> Dataset:
    """Read a data set's targets as another task, where they can be that.

    Args:
        dataset: is not changed.
        task: regression and unit_regression stand for each other, as do binary and two-class multiclass; numbers can be
            those of forecasting; any data set can be an autoencoder's, which does not use its targets.

    Raises:
        DataError: they cannot.
    """
    if task == "autoencoder":
        return _without_targets(dataset)
    fits = (
        (dataset.task in ("regression", "unit_regression") and task in ("regression", "unit_regression"))
        or (dataset.task in ("regression", "vector_regression") and task == "forecasting")
        or (dataset.task == "binary" and task == "multiclass")
        or (dataset.task == "multiclass" and task == "binary" and dataset.outputs == 2)
    )
    if not fits:
        raise DataError(
            f"'{dataset.name}' is a {dataset.task} problem, and its targets cannot be those of {task}",
            hint="leave `task` out: these data know theirs",
        )
    if task == "unit_regression":
        _refuse_outside_unit(dataset.targets, dataset.name)
    return replace(dataset, task=task)  # inputs and targets are the same, and so is their fingerprint


def _without_targets(dataset: Dataset) -> Dataset:
    """Drop the targets. A raw record stays what it was, with them, and so does the fingerprint."""
    made = made_by_folds(dataset.rows)
    note = f"The targets of '{dataset.name}' are not used: an autoencoder's are its inputs."
    records = dataset.records or ArrayRecords(dataset.inputs, dataset.targets)
    return replace(
        dataset,
        task=made.task,
        targets=made.values,
        records=records,
        forecasts=(),
        class_names=(),
        target_names=(),
        notes=(*dataset.notes, note),
    )


def rows_text(rows: npt.NDArray[np.bool_] | Indices) -> str:
    """Say which rows, counted from 1: ``rows 3, 17, 18 and 4 more``. Takes a mask or indices."""
    found = np.flatnonzero(rows) if rows.dtype == bool else rows
    first = ", ".join(str(row + 1) for row in found[:5])
    more = f" and {len(found) - 5:,} more" if len(found) > 5 else ""
    return f"row{'s' if len(found) > 1 else ''} {first}{more}"


def _refuse_missing(column: TargetColumn) -> None:
    if column.is_text:
        if (missing := np.array([value is None for value in column.values])).any():
            raise DataError(
                f"the target '{column.name}' is missing in {rows_text(missing)} (of {len(missing):,})",
                hint="drop those rows from the file: a row without a target teaches and scores nothing",
            )
        return
    wrong = ~np.isfinite(column.values)
    if wrong.any():
        # NaN and infinity come from different mistakes, so the message tells them apart.
        what = "missing" if np.isnan(column.values[wrong]).all() else "missing or infinite"
        raise DataError(
            f"the target '{column.name}' is {what} in {rows_text(wrong)} (of {len(wrong):,})",
            hint="drop those rows from the file: a row without a target teaches and scores nothing",
        )


def _infer(columns: Sequence[TargetColumn]) -> Task:
    if len(columns) > 1:  # columns of classes side by side are no task, so several columns are labels or quantities
        if any(column.is_text for column in columns):
            return "multilabel"  # which refuses texts, and says so
        return "multilabel" if all(_is_zero_one(column.values) for column in columns) else "vector_regression"
    column = columns[0]
    values = np.unique(column.values)
    if column.is_text:
        _refuse_spoilt_numbers(column, values)
    if column.is_text or column.values.dtype == bool:
        return "multiclass" if len(values) > 2 else "binary"
    if not _is_whole(values):
        return "regression"
    # From here on a wrong guess would be a wrong experiment that looks right, so only clear cases are decided.
    if np.array_equal(values, [0, 1]):
        return "binary"
    if len(values) > MOST_LIKELY_CLASSES:
        return "regression"
    listed = ", ".join(f"{value:g}" for value in values[:6]) + (", ..." if len(values) > 6 else "")
    raise DataError(
        f"the target '{column.name}' has {len(values)} different whole numbers ({listed}): classes or quantities?",
        hint="say `task: multiclass` (or `binary`) if they name classes, `task: regression` if they measure something",
    )


def _refuse_spoilt_numbers(column: TargetColumn, texts: Array) -> None:
    """Refuse to guess classes where a stray text or a decimal comma made texts of measurements."""
    wrong = [text for text in texts if not is_number(text)]
    with_commas = [text for text in wrong if is_number(text.replace(",", ".", 1))]
    if wrong and 2 * (len(texts) - len(wrong) + len(with_commas)) > len(texts):
        raise DataError(
            f"the target '{column.name}' holds texts, though most look like numbers; '{wrong[0]}' is none",
            hint="write numbers with a decimal point and name what stands for missing ones under `missing`;"
            " if these texts name classes, say `task: multiclass` (or `binary`)",
        )


def _single(columns: Sequence[TargetColumn], task: Task) -> TargetColumn:
    """Return the one column of classes; one-hot columns become one."""
    if len(columns) == 1:
        return columns[0]
    if task == "multiclass" and all(_is_zero_one(column.values) for column in columns):
        matrix = np.column_stack([column.values for column in columns]).astype(np.int64)
        if (matrix.sum(axis=1) == 1).all():
            return TargetColumn(columns[0].name, matrix.argmax(axis=1))
    raise DataError(
        f"a {task} problem has one target column of classes (or for multiclass one-hot columns), not {len(columns)}",
        hint="several independent 0/1 columns are `task: multilabel`, several numbers `task: vector_regression`",
    )


def _classes(column: TargetColumn, task: Task, test_from: int | None) -> Targets:
    if not column.is_text and not _is_whole(column.values):
        raise DataError(
            f"the target '{column.name}' has fractions, so it cannot name the classes of a {task} problem",
            hint="`task: regression` predicts quantities",
        )
    # Over all rows, the test set's too, so that its codes mean the same; classes that only it has are refused next.
    values, codes = np.unique(column.values, return_inverse=True)
    if test_from is not None:
        _refuse_unseen(column, values, codes, test_from)
    if len(values) < 2:
        raise DataError(
            f"the target '{column.name}' has one value only ({values[0]}): there is nothing to learn",
            hint="is another column meant, or are rows missing?",
        )
    if task == "binary" and len(values) != 2:
        raise DataError(
            f"a binary problem has two classes; the target '{column.name}' has {len(values)}", hint="`task: multiclass`"
        )
    # A CSV column with gaps is read as floats: its classes are still called 1 and 2, not 1.0 and 2.0.
    names = tuple(str(value) if column.is_text or values.dtype == bool else f"{value:.0f}" for value in values)
    return Targets(task, codes.astype(np.int64), names)


def _refuse_unseen(column: TargetColumn, values: Array, codes: Indices, test_from: int) -> None:
    unseen = np.setdiff1d(codes[test_from:], codes[:test_from])
    if len(unseen):
        listed = ", ".join(repr(str(values[code])) for code in unseen[:5])
        raise DataError(
            f"the test file has classes of '{column.name}' that the training file lacks: {listed}",
            hint="a model cannot learn a class that it never sees: check that both files belong together",
        )


def _labels(columns: Sequence[TargetColumn]) -> Targets:
    if len(columns) < 2:
        raise DataError("a multilabel problem has several target columns of 0 and 1, not one", hint="`task: binary`")
    for column in columns:
        if not _is_zero_one(column.values):
            raise DataError(
                f"a multilabel problem has targets of 0 and 1; '{column.name}' has others",
                hint="several numbers are `task: vector_regression`; several columns of classes are not supported",
            )
    matrix = np.column_stack([column.values for column in columns]).astype(np.uint8)
    return Targets("multilabel", matrix, tuple(column.name for column in columns))


def _numbers(columns: Sequence[TargetColumn], task: Task) -> Targets:
    for column in columns:
        if column.is_text:
            raise DataError(
                f"the target '{column.name}' holds texts, and {task} needs numbers",
                hint="if they name classes: `task: multiclass` (or `binary`)",
            )
    if task == "vector_regression":
        if len(columns) < 2:
            raise DataError("vector_regression has several target columns, not one", hint="`task: regression`")
        return Targets(task, np.column_stack([column.values for column in columns]).astype(np.float64))
    if task == "forecasting" and len(columns) > 1:
        return Targets(task, np.column_stack([column.values for column in columns]).astype(np.float64))
    if len(columns) > 1:
        raise DataError(f"{task} has one target column, not {len(columns)}", hint="`task: vector_regression`")
    values = columns[0].values.astype(np.float64)
    if task == "unit_regression":
        _refuse_outside_unit(values, columns[0].name)
    return Targets(task, values)


def _refuse_outside_unit(values: Array, name: str) -> None:
    # Binary cross-entropy, the loss of this task, has no meaning beyond 0..1.
    if values.min() < 0 or values.max() > 1:
        raise DataError(
            f"unit_regression needs targets in 0..1; '{name}' reaches from {values.min():g} to {values.max():g}",
            hint="`task: regression` takes any numbers",
        )


def _is_whole(values: Array) -> bool:
    return values.dtype.kind in "biu" or bool((values == np.floor(values)).all())


def _is_zero_one(values: Array) -> bool:
    return values.dtype.kind in "biuf" and bool(np.isin(values, (0, 1)).all())
