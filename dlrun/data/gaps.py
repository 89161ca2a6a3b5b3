"""Missing values in the columns of a table, before any step: which rows have them, and which columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dlrun.data.chunks import any_row, parts_of
from dlrun.data.dataset import Array, Dataset, Indices
from dlrun.spec.steps import Impute, StepSpec

Gaps = Mapping[str, npt.NDArray[np.bool_]]
"""By column: whether each row of the data set misses its value, (rows,). Columns without a gap are left out."""


def gaps_of(dataset: Dataset, steps: Sequence[StepSpec]) -> Gaps:
    """Find the gaps of 2-D inputs; other inputs have no columns, so none are found.

    Args:
        dataset: NaN stands for a missing value in it.
        steps: an `impute` among them may name a number that stands for one too.
    """
    inputs = dataset.inputs
    if not isinstance(inputs, np.ndarray) or inputs.ndim != 2:
        return {}
    markers = _markers(dataset, steps)
    wanted = np.zeros(inputs.shape[1], bool)
    wanted[list(markers)] = True
    if inputs.dtype.kind == "f":
        for part in parts_of(inputs):
            wanted |= np.isnan(part).any(axis=0)
    names = dataset.column_names
    found = {names[place]: _mask(inputs[:, place], markers.get(int(place))) for place in np.flatnonzero(wanted)}
    return {name: mask for name, mask in found.items() if mask.any()}


def misses_any(dataset: Dataset) -> bool:
    """Whether any row misses a value, of inputs of whatever rank."""
    inputs = dataset.inputs
    return isinstance(inputs, np.ndarray) and inputs.dtype.kind == "f" and any_row(inputs, np.isnan)


def columns_without(gaps: Gaps, rows: Indices) -> tuple[str, ...]:
    """Name the columns that have no value in any of these rows."""
    return tuple(name for name, mask in gaps.items() if mask[rows].all())


def new_gaps(gaps: Gaps, train: Indices, others: Indices) -> dict[str, int]:
    """Count the gaps that other rows have in columns where the training rows have none, by column."""
    counts = {name: int(mask[others].sum()) for name, mask in gaps.items() if not mask[train].any()}
    return {name: count for name, count in counts.items() if count}


def _markers(dataset: Dataset, steps: Sequence[StepSpec]) -> dict[int, float]:
    """Give the numbers that stand for missing values, by the place of their column."""
    markers = {}
    for step in steps:
        if isinstance(step, Impute) and step.missing is not None:
            for place, name in enumerate(dataset.column_names):
                if place not in dataset.categories and (step.columns is None or name in step.columns):
                    markers[place] = step.missing
    return markers


def _mask(values: Array, marker: float | None) -> npt.NDArray[np.bool_]:
    missing: npt.NDArray[np.bool_] = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
    return missing if marker is None else missing | (values == marker)
