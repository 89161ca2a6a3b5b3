"""Targets and shares column by column: what every metric of several classes starts from and ends with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array

ANY_CLASSES = frozenset({"binary", "multiclass", "multilabel"})


def indicators(targets: Array, columns: int) -> npt.NDArray[np.bool_]:
    """Say which row is of which class, shape (rows, columns); one column means class 1 of two."""
    if targets.ndim == 2:
        return np.asarray(targets > 0.5)
    return np.asarray(targets[:, None] == (np.ones(1) if columns == 1 else np.arange(columns)))


def ratio(above: Array, below: Array) -> npt.NDArray[np.float64]:
    """Divide; NaN where the denominator is 0."""
    out = np.full(len(above), np.nan)
    np.divide(above, below, out=out, where=below != 0)
    return out
