"""Figures of each feature over the training rows, missing values (NaN) left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.data.preprocessing.block import Chunks, Floats
from dlrun.errors import DataError


@dataclass(frozen=True)
class Statistics:
    """Of each feature over the training rows' values, missing ones left out; all of shape (features,).

    ``counts`` says how many values there are. Where it is 0, so is ``mean``, and minimum and maximum are infinite.
    """

    counts: npt.NDArray[np.int64]
    mean: Floats
    minimum: Floats
    maximum: Floats

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Which features have one value only."""
        return np.equal(self.minimum, self.maximum)


def refuse_empty(step: str, names: tuple[str, ...], statistics: Statistics) -> None:
    """Raise DataError where a feature has no value in the training rows, so that nothing can be learned of it."""
    empty = np.flatnonzero(statistics.counts == 0)
    if len(empty):
        which = ", ".join(f"'{names[place]}'" for place in empty[:10]) if names else "a feature"
        raise DataError(
            f"{step} finds no values of {which} in the training rows: all are missing",
            hint="leave the column out with `features`, or give its values",
        )


def survey(parts: Iterable[Floats]) -> Statistics:
    """Count, average and bound each feature over parts (values, features); missing values are left out."""
    counts: Array = np.zeros(1, np.int64)
    total, minimum, maximum = np.zeros(1), np.full(1, np.inf), np.full(1, -np.inf)
    for values in parts:
        with np.errstate(over="ignore", invalid="ignore"):  # sums beyond float64 are for the caller to refuse
            sums = values.sum(axis=0)
        if np.isnan(sums).any():  # seldom: most data miss nothing, and `fmin` takes longer
            there = ~np.isnan(values)
            counts = counts + there.sum(axis=0)
            sums = sum_of_values(values)
            minimum = np.fmin(minimum, np.fmin.reduce(values, axis=0))
            maximum = np.fmax(maximum, np.fmax.reduce(values, axis=0))
        else:
            counts = counts + len(values)
            minimum = np.minimum(minimum, values.min(axis=0))
            maximum = np.maximum(maximum, values.max(axis=0))
        with np.errstate(over="ignore", invalid="ignore"):
            total = total + sums
    with np.errstate(invalid="ignore"):
        mean = total / np.maximum(counts, 1)
    return Statistics(np.broadcast_to(counts, mean.shape), mean, minimum, maximum)


def sum_of_values(values: Floats) -> Floats:
    """Sum (values, features) over the values that are there, (features,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums: Floats = values.sum(axis=0)
        return np.nansum(values, axis=0) if np.isnan(sums).any() else sums


def features_of(chunks: Chunks, places: tuple[int, ...] | None, axes: tuple[str, ...]) -> Iterator[Floats]:
    """Yield the training rows as (values, features): every axis but that of the features is laid flat."""
    for block in chunks():
        values: Array = np.asarray(block.values, np.float64)
        if places == tuple(range(values.shape[-1])) and values.ndim == 2:
            yield values  # all of them, which to pick would be to copy
        else:
            yield values[:, places] if places is not None else flat_features(values, axes)


def flat_features(values: Array, axes: tuple[str, ...]) -> Array:
    """Lay every axis flat but that of the features: (values, features), with one feature where no axis has them."""
    return values.reshape(-1, values.shape[-1] if axes[-1] in ("features", "channels") else 1)
