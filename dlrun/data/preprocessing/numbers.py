"""The steps for numbers: `normalise`, `scale`, `rescale`. Computed in float64.

What a feature is follows from the axes (see `dlrun.data.layout`): a column of 2-D inputs, a channel of pictures, a
feature of sequences; grey pictures without a channel axis have one mean and one range for all pixels, since a single
pixel's position is no feature: at the edges it hardly ever varies. Missing values (NaN) are left out of every figure
and stay missing, as in scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import TextRows
from dlrun.data.preprocessing.block import Block, Chunks, Column, Floats, listed, misfit, select
from dlrun.data.preprocessing.statistics import features_of, refuse_empty, sum_of_values, survey
from dlrun.errors import DataError
from dlrun.spec.steps import Normalise, Rescale, Scale


@dataclass(frozen=True)
class ShiftAndDivide:
    """``(x - offset) / divisor``, feature by feature.

    Args:
        step: the step's name.
        places: of the columns it acts on; None for all features of inputs that have no columns.
        names: of those columns.
        offset: shape (features,).
        divisor: shape (features,), never 0.
        constant: which features had one value only in the training rows.
    """

    step: str
    places: tuple[int, ...] | None
    names: tuple[str, ...]
    offset: Floats
    divisor: Floats
    constant: npt.NDArray[np.bool_]

    @property
    def notes(self) -> tuple[str, ...]:
        """Name the features that carry no information in the training rows."""
        if not self.constant.any():
            return ()
        names = [name for name, constant in zip(self.names, self.constant, strict=False) if constant]
        which = listed(names, 5) or "the whole input"
        return (f"{self.step}: constant in the training rows, so 0 after it: {which}.",)

    def apply(self, block: Block) -> Block:
        """Shift and divide; a copy, in float64 and of the block's shape."""
        values = np.array(block.values, np.float64)
        if self.places is None or self.places == tuple(range(values.shape[1])):
            values -= self.offset  # in place: wide rows would be copied more often than they are computed with
            values /= self.divisor
            return Block(values, block.columns)
        # Only these columns: codes of texts and columns of zeros and ones keep their values.
        values[:, self.places] = (values[:, self.places] - self.offset) / self.divisor
        return Block(values, block.columns)

    def state(self) -> dict[str, Any]:
        """Return name, columns, offsets and divisors."""
        return {
            "step": self.step,
            "columns": list(self.names) if self.places is not None else None,
            "offset": self.offset.tolist(),
            "divisor": self.divisor.tolist(),
        }


@dataclass(frozen=True)
class Multiply:
    """``x * factor`` on every number."""

    factor: float
    notes: tuple[str, ...] = ()

    def apply(self, block: Block) -> Block:
        """Multiply; a copy in float64. Codes of texts and columns that `one_hot` made stay as they are."""
        values = np.array(block.values, np.float64)
        if not block.columns:
            return Block(values * self.factor)
        places = select(block.columns, None, "number", 0)
        values[:, places] *= self.factor
        return Block(values, block.columns)

    def state(self) -> dict[str, Any]:
        """Return the factor."""
        return {"step": "rescale", "factor": self.factor}


def fit_normalise(step: Normalise, chunks: Chunks, axes: tuple[str, ...], index: int) -> ShiftAndDivide:
    """Fit mean and standard deviation (divided by n, as scikit-learn does); a constant feature becomes 0.

    Args:
        step: which columns; None for all that hold numbers.
        chunks: the training rows.
        axes: of the inputs, as `dlrun.data.layout` names them; they say what a feature is.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: a column that does not exist or holds texts, or inputs that are not numbers.
        DataError: numbers so large that their sum or squares leave float64, or a column without any value.
    """
    places, names = _targets(step.step, step.columns, chunks, index)
    statistics = survey(features_of(chunks, places, axes))
    refuse_empty(step.step, names, statistics)
    # A second pass around the mean: the sum of squares alone loses its digits where the mean is large.
    squares = np.zeros_like(statistics.mean)
    with np.errstate(over="ignore", invalid="ignore"):  # refused below, with the column's name
        for values in features_of(chunks, places, axes):
            squares += sum_of_values(np.square(values - statistics.mean))
    constant = statistics.constant
    # The mean of equal numbers may differ from them in the last digit, and would not give exactly 0.
    offset = np.where(constant, statistics.minimum, statistics.mean)
    divisor = np.where(constant, 1.0, np.sqrt(squares / statistics.counts))
    divisor[divisor == 0] = 1.0  # deviations too small for float64 squares
    _refuse_overflow(step.step, names, offset, divisor)
    return ShiftAndDivide(step.step, places, names, offset, divisor, constant)


def fit_scale(step: Scale, chunks: Chunks, axes: tuple[str, ...], index: int) -> ShiftAndDivide:
    """Fit each feature's range, which becomes 0..1; a constant feature becomes 0.

    Args:
        step: which columns; None for all that hold numbers.
        chunks: the training rows.
        axes: of the inputs, as `dlrun.data.layout` names them; they say what a feature is.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: a column that does not exist or holds texts, or inputs that are not numbers.
        DataError: a range that leaves float64, or a column without any value.
    """
    places, names = _targets(step.step, step.columns, chunks, index)
    statistics = survey(features_of(chunks, places, axes))
    refuse_empty(step.step, names, statistics)
    with np.errstate(over="ignore"):
        divisor = np.where(statistics.constant, 1.0, statistics.maximum - statistics.minimum)
    _refuse_overflow(step.step, names, statistics.minimum, divisor)
    return ShiftAndDivide(step.step, places, names, statistics.minimum, divisor, statistics.constant)


def fit_rescale(step: Rescale, chunks: Chunks, index: int) -> Multiply:
    """Fit nothing, but look at the inputs.

    Raises:
        SpecError: they are not numbers, or no column of them is.
    """
    _targets(step.step, None, chunks, index)
    return Multiply(step.factor)


def _targets(
    step: str, names: tuple[str, ...] | None, chunks: Chunks, index: int
) -> tuple[tuple[int, ...] | None, tuple[str, ...]]:
    """Find the columns that a step acts on; None for inputs without columns."""
    block = next(chunks())
    if not isinstance(block.values, np.ndarray):  # bits cannot come here: nothing follows `multi_hot`
        what, instead = ("texts", "tokenise") if isinstance(block.values, TextRows) else ("token rows", "multi_hot")
        raise misfit(index, f"{step} works on numbers, not on {what}", f"leave it out, and use `{instead}`")
    if not block.columns:
        if names is not None:
            raise misfit(index, f"{step} cannot pick columns: these inputs have none", "leave `columns` out")
        return None, ()
    places = select(block.columns, names, "number", index)
    chosen = [block.columns[place] for place in places]
    _refuse_text(step, chosen, index)
    if not chosen:
        raise misfit(index, f"{step} would do nothing: no column holds numbers", "leave the step out")
    return places, tuple(column.name for column in chosen)


def _refuse_text(step: str, columns: list[Column], index: int) -> None:
    for column in columns:
        if column.kind == "text":
            raise misfit(index, f"{step} works on numbers; '{column.name}' is text", "use `one_hot` for it")


def _refuse_overflow(step: str, names: tuple[str, ...], offset: Floats, divisor: Floats) -> None:
    """Refuse figures beyond float64: an infinite divisor would quietly make every value 0."""
    wrong = ~(np.isfinite(offset) & np.isfinite(divisor))
    if wrong.any():
        listed = ", ".join(names[place] for place in np.flatnonzero(wrong)[:10]) if names else "the inputs"
        raise DataError(
            f"{step} cannot compute with numbers as large as those of {listed}",
            hint="numbers of this size are most likely a wrong unit or a marker for missing values",
        )
