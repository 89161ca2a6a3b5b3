"""Folds made elsewhere: a column that says for each row which fold holds it out, or that it is a test row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices
from dlrun.data.targets import rows_text
from dlrun.errors import DataError

TEST = "test"
_PARTS = frozenset({"train", "training", "validation", "valid", "val", "dev"})


def read_folds(values: Array, rows: Indices, column: str) -> tuple[Indices, Indices]:
    """Read the column.

    Args:
        values: one for each row of the data set, (rows,): numbers or texts.
        rows: those that may be split; only they need a fold.
        column: for messages.

    Returns:
        For each of ``rows`` its fold, from 0 in the order of the column's values (numbers by size, texts by alphabet),
        -1 for test rows; and how many rows each fold has, (folds,).

    Raises:
        DataError: a row has no fold, there is only one fold, or the column names parts of a hold-out.
    """
    import pandas as pd

    codes, found = pd.factorize(values[rows])
    if (codes < 0).any():
        raise DataError(
            f"the fold column '{column}' is empty in {rows_text(rows[codes < 0])}",
            hint=f"give every row a fold, or write '{TEST}' there",
        )
    names = [str(value).strip() for value in found]
    folds = sorted((name for name in set(names) if not _is_test(name)), key=_by_size)
    if parts := [name for name in folds if name.lower() in _PARTS]:
        raise DataError(
            f"the fold column '{column}' holds '{parts[0]}', which is a part of a hold-out and no fold",
            hint="number the folds (each is the validation part once), or name the parts in a file: `splits: FILE`",
        )
    if len(folds) < 2:
        there = f"only '{folds[0]}'" if folds else f"nothing but '{TEST}'"
        raise DataError(f"the fold column '{column}' holds {there}; expected at least two folds")
    number = {name: at for at, name in enumerate(folds)}
    fold_of = np.array([number.get(name, -1) for name in names], np.int64)[codes]
    return fold_of, np.bincount(fold_of[fold_of >= 0], minlength=len(folds))


def called_test(values: Array) -> npt.NDArray[np.bool_]:
    """Whether each value of a fold column says that its row is a test row."""
    if values.dtype.kind != "O":
        return np.zeros(len(values), bool)
    return np.array([_is_test(value) for value in values], bool)


def _is_test(value: object) -> bool:
    return str(value).strip().lower() == TEST


def _by_size(name: str) -> tuple[int, float, str]:
    """Order numbers by size, before texts by alphabet."""
    try:
        number = float(name)
    except ValueError:
        return 1, 0.0, name
    return 0, number, name
