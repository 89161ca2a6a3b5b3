"""Fit a list of steps on training rows, then apply them to any rows.

Rows pass through in chunks, so that wide or many inputs never stand in memory as float64 all at once. Nothing but the
training rows reaches a step's fit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dlrun.data.chunks import rows_in_part
from dlrun.data.dataset import Array, Dataset, Indices, take_rows
from dlrun.data.encoded import WORD_BITS, Encoded, MultiHotRows, StreamedRows, aligned_array
from dlrun.data.layout import axes_of
from dlrun.data.preprocessing import blanking, categories, deriving, dropping, imputing, numbers, tokens, words
from dlrun.data.preprocessing.block import Block, Chunks, Column, FittedStep, misfit
from dlrun.data.preprocessing.finite import FiniteCheck
from dlrun.data.preprocessing.refusals import refuse_after_last, refuse_undeclared, refuse_unfinished
from dlrun.errors import DataError
from dlrun.spec.steps import (
    Augment,
    Counts,
    Derive,
    DropColumns,
    DropMissing,
    Impute,
    MultiHot,
    Normalise,
    OneHot,
    Pad,
    Rescale,
    Scale,
    StepSpec,
    Tokenise,
)

STREAM_BYTES = 1 << 30
"""Encoded rows of a whole data set that take more are made when they are asked for."""
CHUNK_TOKEN_ROWS = 1024
"""Token rows or texts in one chunk: 10 MB as bytes when 10,000 columns wide."""


@dataclass(frozen=True)
class FittedSteps:
    """Steps that have been fitted, ready to be applied to rows of the same data set.

    Args:
        output_shape: of one row after the steps.
        feature_names: of the columns after the steps; empty where there are none.
        integer_inputs: whether the rows come out as int32 (padded tokens) rather than float32 or bits.
        vocabulary: of token rows: every token lies below this; None where nobody says.
        notes: what a person should know, one sentence each.
    """

    dataset: Dataset = field(repr=False)
    steps: tuple[FittedStep, ...]
    output_shape: tuple[int, ...]
    feature_names: tuple[str, ...]
    integer_inputs: bool
    vocabulary: int | None
    notes: tuple[str, ...]

    def apply(self, rows: Indices) -> Encoded:
        """Encode some rows: float32, int32 for padded tokens, or bits for `multi_hot`. Shape (rows, *output_shape).

        What would take more than `STREAM_BYTES` if all rows of the data set were encoded is encoded row by row when it
        is asked for. All folds of a run are of one kind, because that hangs on no fold's size.

        Raises:
            DataError: a value is missing, or not finite, after the steps.
        """
        if self.steps and isinstance(self.steps[-1], tokens.Marked):
            bits = [_bits(piece) for piece in _pass_through(self.dataset, rows, self.steps)]
            width = self.output_shape[0]
            return MultiHotRows(np.concatenate([_empty_bits(width), *(piece.bits for piece in bits)]), width)
        if 4 * self.dataset.rows * math.prod(self.output_shape) <= STREAM_BYTES:
            return self._encode(rows)
        self.check(rows)  # now rather than in the middle of an epoch
        return StreamedRows(rows, self._encode, self.output_shape, self._dtype)

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(np.int32 if self.integer_inputs else np.float32)

    def _encode(self, rows: Indices) -> Array:
        """Encode some rows as an array."""
        # Filled chunk by chunk: a list of float64 chunks would take twice the room of the result.
        encoded = aligned_array((len(rows), *self.output_shape), self._dtype)
        start = 0
        for piece in _pass_through(self.dataset, rows, self.steps):
            values = np.asarray(piece.values)
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
                encoded[start : start + len(values)] = values
            start += len(values)
        finite = FiniteCheck(self.feature_names)
        finite.look(encoded)
        finite.refuse()
        return encoded

    def check(self, rows: Indices) -> None:
        """Find out whether some rows can be encoded, without keeping what comes out.

        Raises:
            DataError: a value is missing, or not finite, after the steps.
        """
        finite = FiniteCheck(self.feature_names)
        for piece in _pass_through(self.dataset, rows, self.steps):
            if isinstance(piece.values, np.ndarray):
                with np.errstate(over="ignore"):
                    finite.look(piece.values.astype(np.float32))
        finite.refuse()

    def state(self) -> list[dict[str, Any]]:
        """Return each step's name and what was fitted, ready for JSON."""
        return [step.state() for step in self.steps]


def fit_steps(steps: Sequence[StepSpec], dataset: Dataset, train: Indices, *, seed: int = 0) -> FittedSteps:
    """Fit steps, in their order, each on the training rows as the steps before it leave them.

    Args:
        steps: as the spec lists them.
        dataset: is not changed.
        train: row numbers of the training rows, shape (train,); no other row's values are looked at by a fit.
        seed: of what steps draw at random.

    Raises:
        SpecError: a step that does not fit the data or its place, or a step that is missing.
        DataError: no training rows, or values that a step cannot be fitted on.
    """
    if len(train) == 0:
        raise DataError("there are no training rows to fit the preprocessing on")
    for index in range(len(steps)):
        refuse_after_last(steps, index)
        refuse_undeclared(steps, index)
    # Each fit goes through the training rows anew, so that no intermediate stage is ever stored.
    fitted: tuple[FittedStep, ...] = ()
    for index, step in enumerate(steps):
        fitted = (*fitted, _fit(step, _Training(dataset, train, fitted, seed), index))
    # One row shows what comes out: its shape, its columns, and whether texts are left.
    sample = next(_pass_through(dataset, train[:1], fitted))
    refuse_unfinished(sample)
    values = sample.values
    return FittedSteps(
        dataset=dataset,
        steps=fitted,
        output_shape=(values.width,) if isinstance(values, MultiHotRows) else np.asarray(values).shape[1:],
        feature_names=tuple(column.name for column in sample.columns),
        integer_inputs=any(isinstance(step, Pad) for step in steps),
        vocabulary=_vocabulary(dataset, fitted),
        notes=tuple(note for step in fitted for note in step.notes),
    )


@dataclass(frozen=True)
class _Training:
    """The training rows as the steps before left them, and what else a step may be fitted with."""

    dataset: Dataset
    rows: Indices
    steps: tuple[FittedStep, ...]
    seed: int

    @property
    def chunks(self) -> Chunks:
        """The rows, some thousand at a time."""
        return lambda: _pass_through(self.dataset, self.rows, self.steps)

    @property
    def vocabulary(self) -> int | None:
        """What every token lies below; None where nobody says."""
        return _vocabulary(self.dataset, self.steps)


def _fit(step: StepSpec, training: _Training, index: int) -> FittedStep:
    chunks, axes = training.chunks, axes_of(training.dataset.inputs)
    match step:
        case Normalise():
            return numbers.fit_normalise(step, chunks, axes, index)
        case Scale():
            return numbers.fit_scale(step, chunks, axes, index)
        case Rescale():
            return numbers.fit_rescale(step, chunks, index)
        case OneHot():
            return categories.fit_one_hot(step, chunks, index)
        case Derive():
            return deriving.fit_derive(step, chunks, index)
        case DropColumns():
            return dropping.fit_drop_columns(step, chunks, index)
        case Impute():
            return imputing.fit_impute(step, chunks, axes, index)
        case DropMissing():
            return blanking.fit_drop_missing(step, chunks, training.rows, training.seed, index)
        case Tokenise():
            return words.fit_tokenise(step, chunks, index)
        case MultiHot():
            return tokens.fit_multi_hot(step, chunks, training.vocabulary, index)
        case Counts():
            return tokens.fit_count(step, chunks, training.vocabulary, index)
        case Pad():
            return tokens.fit_pad(step, chunks, index)
        case Augment():
            raise misfit(index, "augment is a matter of the model: there is nothing to fit")


def _vocabulary(dataset: Dataset, fitted: Sequence[FittedStep]) -> int | None:
    """Return what every token lies below: as `tokenise` makes them, or as the source has them."""
    return next((step.vocabulary for step in fitted if isinstance(step, words.Tokenised)), dataset.vocabulary)


def _pass_through(dataset: Dataset, rows: Indices, steps: tuple[FittedStep, ...]) -> Iterator[Block]:
    """Take rows out of the data set, a chunk at a time, and through the steps."""
    inputs, columns = dataset.inputs, _columns(dataset)
    size = rows_in_part(inputs.shape[1:]) if isinstance(inputs, np.ndarray) else CHUNK_TOKEN_ROWS
    for start in range(0, len(rows), size):  # no rows, no block: `apply` starts from an empty array
        numbered = rows[start : start + size]
        block = Block(take_rows(inputs, numbered), columns, numbered)
        for step in steps:
            block = replace(step.apply(block), rows=numbered)
        yield block


def _columns(dataset: Dataset) -> tuple[Column, ...]:
    """Describe the columns of 2-D inputs; empty for other inputs."""
    texts = dataset.categories
    return tuple(
        Column(name, "text" if index in texts else "number", texts.get(index, ()))
        for index, name in enumerate(dataset.column_names)
    )


def _bits(block: Block) -> MultiHotRows:
    assert isinstance(block.values, MultiHotRows)
    return block.values


def _empty_bits(width: int) -> Array:
    return np.empty((0, -(-width // WORD_BITS)), np.uint16)
