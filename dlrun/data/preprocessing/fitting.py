"""Fit a list of steps on training rows, then apply them to any rows.

Rows pass through in chunks, so that wide or many inputs never stand in memory as float64 all at once. Nothing but the
training rows reaches a step's fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlrun.data.chunks import any_row, parts_of, rows_in_part, rows_where
from dlrun.data.dataset import Array, Dataset, Indices, TokenRows, take_rows
from dlrun.data.encoded import WORD_BITS, Encoded, MultiHotRows
from dlrun.data.layout import axes_of
from dlrun.data.preprocessing import categories, numbers, tokens
from dlrun.data.preprocessing.block import Block, Chunks, Column, FittedStep, misfit
from dlrun.errors import DataError, Problem, SpecError
from dlrun.spec.steps import MultiHot, Normalise, OneHot, Pad, Rescale, Scale, StepSpec

CHUNK_TOKEN_ROWS = 1024
"""Token rows in one chunk: 10 MB as bytes when 10,000 columns wide."""


@dataclass(frozen=True)
class FittedSteps:
    """Steps that have been fitted, ready to be applied to rows of the same data set.

    Args:
        output_shape: of one row after the steps.
        feature_names: of the columns after the steps; empty where there are none.
        integer_inputs: whether the rows come out as int32 (padded tokens) rather than float32 or bits.
        notes: what a person should know, one sentence each.
    """

    dataset: Dataset = field(repr=False)
    steps: tuple[FittedStep, ...]
    output_shape: tuple[int, ...]
    feature_names: tuple[str, ...]
    integer_inputs: bool
    notes: tuple[str, ...]

    def apply(self, rows: Indices) -> Encoded:
        """Encode some rows: float32, int32 for padded tokens, or bits for `multi_hot`. Shape (rows, *output_shape).

        Raises:
            DataError: a value is not finite after the steps.
        """
        pieces = _pass_through(self.dataset, rows, self.steps)  # lazily, one chunk in memory at a time
        if isinstance(self.dataset.inputs, TokenRows) and not self.integer_inputs:
            bits = [_bits(piece) for piece in pieces]
            width = self.output_shape[0]
            return MultiHotRows(np.concatenate([_empty_bits(width), *(piece.bits for piece in bits)]), width)
        # Filled chunk by chunk: a list of float64 chunks would take twice the room of the result.
        encoded = np.empty((len(rows), *self.output_shape), np.int32 if self.integer_inputs else np.float32)
        start = 0
        for piece in pieces:
            values = np.asarray(piece.values)
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
                encoded[start : start + len(values)] = values
            start += len(values)
        _refuse_not_finite(encoded, self.feature_names)
        return encoded

    def state(self) -> list[dict[str, Any]]:
        """Return each step's name and what was fitted, ready for JSON."""
        return [step.state() for step in self.steps]


def fit_steps(steps: Sequence[StepSpec], dataset: Dataset, train: Indices) -> FittedSteps:
    """Fit steps, in their order, each on the training rows as the steps before it leave them.

    Args:
        steps: as the spec lists them.
        dataset: is not changed. None of its rows may miss a value: what is not trained on is still predicted.
        train: row numbers of the training rows, shape (train,); no other row's values are looked at by a fit.

    Raises:
        SpecError: a step that does not fit the data or its place, or a step that is missing.
        DataError: missing values in the inputs, or no training rows.
    """
    if len(train) == 0:
        raise DataError("there are no training rows to fit the preprocessing on")
    _refuse_missing(dataset)
    # Each fit goes through the training rows anew, so that no intermediate stage is ever stored.
    fitted: tuple[FittedStep, ...] = ()
    for index, step in enumerate(steps):
        _refuse_after_last(steps, index)
        fitted = (*fitted, _fit(step, _chunks(dataset, train, fitted), dataset, index))
    # One row shows what comes out: its shape, its columns, and whether texts are left.
    sample = next(_pass_through(dataset, train[:1], fitted))
    _refuse_unfinished(sample)
    values = sample.values
    return FittedSteps(
        dataset=dataset,
        steps=fitted,
        output_shape=(values.width,) if isinstance(values, MultiHotRows) else np.asarray(values).shape[1:],
        feature_names=tuple(column.name for column in sample.columns),
        integer_inputs=any(isinstance(step, Pad) for step in steps),
        notes=tuple(note for step in fitted for note in step.notes),
    )


def _fit(step: StepSpec, chunks: Chunks, dataset: Dataset, index: int) -> FittedStep:
    axes = axes_of(dataset.inputs)
    match step:
        case Normalise():
            return numbers.fit_normalise(step, chunks, axes, index)
        case Scale():
            return numbers.fit_scale(step, chunks, axes, index)
        case Rescale():
            return numbers.fit_rescale(step, chunks, index)
        case OneHot():
            return categories.fit_one_hot(step, chunks, index)
        case MultiHot():
            return tokens.fit_multi_hot(step, chunks, dataset.vocabulary, index)
        case Pad():
            return tokens.fit_pad(step, chunks, index)


def _chunks(dataset: Dataset, rows: Indices, steps: tuple[FittedStep, ...]) -> Chunks:
    return lambda: _pass_through(dataset, rows, steps)


def _pass_through(dataset: Dataset, rows: Indices, steps: tuple[FittedStep, ...]) -> Iterator[Block]:
    """Take rows out of the data set, a chunk at a time, and through the steps."""
    inputs, columns = dataset.inputs, _columns(dataset)
    size = CHUNK_TOKEN_ROWS if isinstance(inputs, TokenRows) else rows_in_part(inputs.shape[1:])
    for start in range(0, len(rows), size):  # no rows, no block: `apply` starts from an empty array
        block = Block(take_rows(inputs, rows[start : start + size]), columns)
        for step in steps:
            block = step.apply(block)
        yield block


def _columns(dataset: Dataset) -> tuple[Column, ...]:
    """Describe the columns of 2-D inputs; empty for other inputs."""
    texts = dataset.categories
    return tuple(
        Column(name, "text" if index in texts else "number", texts.get(index, ()))
        for index, name in enumerate(dataset.column_names)
    )


def _refuse_missing(dataset: Dataset) -> None:
    inputs = dataset.inputs
    if isinstance(inputs, TokenRows) or inputs.dtype.kind != "f":
        return
    if not any_row(inputs, np.isnan):
        return
    hint = "fill them or drop their rows; or leave the column out with `features`"
    if inputs.ndim != 2:
        rows = rows_where(inputs, np.isnan)
        raise DataError(
            f"'{dataset.name}' has missing values (NaN) in {len(rows):,} of {len(inputs):,} rows", hint=hint
        )
    counts = np.sum([np.isnan(part).sum(axis=0) for part in parts_of(inputs)], axis=0)
    columns = _columns(dataset)
    listed = [f"{columns[place].name} ({counts[place]:,})" for place in np.flatnonzero(counts)]
    shown = ", ".join(listed[:10]) + (f" and {len(listed) - 10} more columns" if len(listed) > 10 else "")
    raise DataError(f"'{dataset.name}' has missing values in its {len(inputs):,} rows: {shown}", hint=hint)


def _refuse_after_last(steps: Sequence[StepSpec], index: int) -> None:
    if index > 0 and isinstance(before := steps[index - 1], MultiHot | Pad):
        raise misfit(index, f"nothing can come after `{before.step}`", f"make `{before.step}` the last step")


def _refuse_unfinished(sample: Block) -> None:
    if isinstance(sample.values, TokenRows):
        hint = "add `multi_hot` for dense layers, or `pad: {length: 200}` for an Embedding"
        message = "texts of different length need a step that makes them equally wide"
        raise SpecError([Problem(message, ("preprocessing",), hint)])
    if texts := [column.name for column in sample.columns if column.kind == "text"]:
        message = f"text columns cannot go into a model as they are: {', '.join(texts[:10])}"
        hint = "add `one_hot`, or leave the columns out with `features`"
        raise SpecError([Problem(message, ("preprocessing",), hint)])


def _refuse_not_finite(encoded: Array, names: tuple[str, ...]) -> None:
    if encoded.dtype.kind != "f" or np.isfinite(encoded).all():
        return
    wrong = ~np.isfinite(encoded)
    hint = "values beyond 3.4e38 do not fit into float32; missing ones must be filled"
    if names:
        listed = ", ".join(names[place] for place in np.flatnonzero(wrong.any(axis=0))[:10])
        raise DataError(f"not finite after preprocessing: {listed}", hint=hint)
    rows = wrong.reshape(len(wrong), -1).any(axis=1).sum()
    raise DataError(f"{rows:,} rows are not finite after preprocessing", hint=hint)


def _bits(block: Block) -> MultiHotRows:
    assert isinstance(block.values, MultiHotRows)
    return block.values


def _empty_bits(width: int) -> Array:
    return np.empty((0, -(-width // WORD_BITS)), np.uint16)
