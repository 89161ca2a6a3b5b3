"""`multi_hot` and `pad`: against their definition, and against Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data import fit_steps
from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset, TokenRows
from dlrun.data.encoded import MultiHotRows
from dlrun.data.preprocessing import fitting
from dlrun.spec.steps import MultiHot, Pad

TRAIN = np.arange(4)
ROWS = TokenRows.of([[1, 5, 5, 3], [], [2, 9], [15, 16, 0], [40, 3]])


def dataset_of(rows: TokenRows, **known: Any) -> Dataset:
    return assemble("sample", "regression", rows, np.arange(len(rows), dtype=float), **known)


def array(encoded: Any) -> np.ndarray:
    assert isinstance(encoded, np.ndarray)
    return encoded


def test_multi_hot_marks_each_token_once() -> None:
    fitted = fit_steps([MultiHot(size=17)], dataset_of(ROWS), TRAIN)

    encoded = fitted.apply(np.array([3, 0, 1, 4]))

    assert isinstance(encoded, MultiHotRows)
    expected = np.zeros((4, 17), np.float32)
    for row, marked in enumerate([[15, 16, 0], [1, 5, 3], [], [3]]):
        expected[row, marked] = 1
    np.testing.assert_array_equal(encoded.to_array(), expected)
    assert (fitted.output_shape, encoded.bits.dtype, encoded.bits.shape) == ((17,), np.uint16, (4, 2))


def test_multi_hot_takes_its_width_from_the_source_or_from_training_rows() -> None:
    assert fit_steps([MultiHot()], dataset_of(ROWS, vocabulary=50), TRAIN).output_shape == (50,)
    assert fit_steps([MultiHot()], dataset_of(ROWS), TRAIN).output_shape == (17,)  # 40 is in no training row


@given(rows=st.lists(st.lists(st.integers(0, 70)), min_size=1, max_size=20), size=st.integers(1, 80))
@settings(max_examples=40, deadline=None)
def test_multi_hot_equals_its_definition(rows: list[list[int]], size: int) -> None:
    everything = np.arange(len(rows))

    encoded = fit_steps([MultiHot(size=size)], dataset_of(TokenRows.of(rows)), everything).apply(everything)

    assert isinstance(encoded, MultiHotRows)
    expected = [[float(column in row) for column in range(size)] for row in rows]
    assert encoded.to_array().tolist() == expected


def test_no_rows_give_no_bits() -> None:
    encoded = fit_steps([MultiHot(size=17)], dataset_of(ROWS), TRAIN).apply(np.empty(0, np.int64))

    assert encoded.shape == (0, 17)


@pytest.mark.tensorflow
@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("length", [1, 3, 6])
def test_pad_agrees_with_keras(padding: Any, truncating: Any, length: int) -> None:
    import keras

    lists = [ROWS[row].tolist() for row in range(5)]
    theirs = keras.utils.pad_sequences(lists, maxlen=length, padding=padding, truncating=truncating)

    fitted = fit_steps([Pad(length=length, padding=padding, truncating=truncating)], dataset_of(ROWS), TRAIN)

    ours = array(fitted.apply(np.arange(5)))
    np.testing.assert_array_equal(ours, theirs)
    assert (ours.dtype, fitted.integer_inputs, fitted.output_shape) == (np.int32, True, (length,))


@pytest.mark.tensorflow
@given(
    lists=st.lists(st.lists(st.integers(0, 99), max_size=9), min_size=1, max_size=9),
    length=st.integers(1, 12),
    sides=st.tuples(st.sampled_from(["pre", "post"]), st.sampled_from(["pre", "post"])),
)
@settings(max_examples=60, deadline=None)
def test_any_rows_are_padded_as_keras_pads_them(lists: list[list[int]], length: int, sides: tuple[Any, Any]) -> None:
    import keras

    theirs = keras.utils.pad_sequences(lists, length, padding=sides[0], truncating=sides[1])
    rows = np.arange(len(lists))

    fitted = fit_steps(
        [Pad(length=length, padding=sides[0], truncating=sides[1])], dataset_of(TokenRows.of(lists)), rows
    )

    np.testing.assert_array_equal(array(fitted.apply(rows)), theirs)


@pytest.mark.parametrize("step", [Pad(length=3), MultiHot(size=17)])
@pytest.mark.parametrize("chunk", [1, 2, 1024])
def test_token_rows_come_out_the_same_whatever_the_chunks(
    step: Any, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.array([4, 0, 0, 3, 1])
    whole = fit_steps([step], dataset_of(ROWS), TRAIN).apply(rows)
    monkeypatch.setattr(fitting, "CHUNK_TOKEN_ROWS", chunk)

    pieces = fit_steps([step], dataset_of(ROWS), TRAIN).apply(rows)

    whole, pieces = (part.to_array() if isinstance(part, MultiHotRows) else part for part in (whole, pieces))
    np.testing.assert_array_equal(pieces, whole)


def test_the_columns_of_multi_hot_rows_are_those_that_hold_a_one() -> None:
    random = np.random.default_rng(4)
    width, rows = 83, 9000  # more rows than are unpacked together, and columns that end within a word
    dense = random.random((rows, width)) < 0.04
    dense[5] = False
    padded = np.zeros((rows, 96), np.uint8)
    padded[:, :width] = dense
    packed = MultiHotRows(np.packbits(padded, axis=1).view(">u2").astype(np.uint16), width)

    columns, starts = packed.columns()

    expected_rows, expected_columns = np.nonzero(dense)
    assert columns.tolist() == expected_columns.tolist()
    assert np.diff(starts).tolist() == np.bincount(expected_rows, minlength=rows).tolist()
    assert packed.share_of_ones() == pytest.approx(dense.mean())
