"""What the data tell the model: shapes, sizes and ranges, measured on training rows after preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices
from dlrun.data.encoded import Encoded, MultiHotRows, StreamedRows, encoded_parts
from dlrun.models.tasks import Targets


@dataclass(frozen=True)
class InputFacts:
    """The ranges of the inputs.

    Args:
        low: the smallest value.
        high: the largest value.
        spread: the widest feature's range divided by the narrowest's, constant features left out; 1 where the inputs
            are not a table (rows, features).
    """

    low: float
    high: float
    spread: float = 1.0


@dataclass(frozen=True)
class DataFacts:
    """What completing and building a spec need to know about its data.

    Args:
        task: what the data loader decided, with the spec's own ``task`` in hand.
        outputs: classes, labels or target columns; 1 for binary and single-column problems.
        input_shape: of one row after preprocessing; None for an axis that varies.
        rows: training rows.
        target_low: the smallest numeric target of the training rows, after the steps for targets; None for classes.
        target_high: the largest one.
        balance: the share of each class among the training rows, in index order; empty where a row has not one class.
        inputs: ranges of the training rows' inputs, where they were measured.
        normalised: whether a step brings the inputs to one range (normalise or scale).
        tokens: how many different token numbers the inputs may hold, from 0; None where they are amounts.
        integer_inputs: whether the inputs are whole numbers that name something (tokens), not amounts.
    """

    task: str
    outputs: int
    input_shape: tuple[int | None, ...]
    rows: int
    target_low: float | None = None
    target_high: float | None = None
    balance: tuple[float, ...] = ()
    inputs: InputFacts | None = None
    normalised: bool = False
    integer_inputs: bool = False
    tokens: int | None = None

    @property
    def targets(self) -> Targets:
        """The part that heads, losses and metrics are judged by."""
        return Targets(self.task, self.outputs, self.target_low, self.target_high, self.balance)


def input_facts(inputs: Encoded, rows: Indices | None = None) -> InputFacts:
    """Measure the ranges of the inputs, a chunk at a time.

    Args:
        inputs: after preprocessing, (all rows, ...).
        rows: which rows to look at (the training rows), shape (rows,); all when left out.
    """
    if isinstance(inputs, MultiHotRows):
        return InputFacts(0.0, 1.0)
    if 0 in inputs.shape or (rows is not None and not len(rows)):
        return InputFacts(0.0, 0.0)
    low, high = _feature_ranges(inputs, rows)
    widths = high - low
    widths = widths[widths > 0]
    spread = float(widths.max() / widths.min()) if len(inputs.shape) == 2 and len(widths) else 1.0
    return InputFacts(float(low.min()), float(high.max()), spread)


def _feature_ranges(inputs: Array | StreamedRows, rows: Indices | None) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the smallest and largest value of each feature, NaN left out: two arrays (features,), float64."""
    extremes = [(np.fmin.reduce(part, axis=0), np.fmax.reduce(part, axis=0)) for part in encoded_parts(inputs, rows)]
    low = np.fmin.reduce([low for low, _ in extremes]).astype(np.float64).reshape(-1)
    high = np.fmax.reduce([high for _, high in extremes]).astype(np.float64).reshape(-1)
    return low, high
