"""Rows taken, packed and compared: each against plain lists of Python or dense arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data import inspect
from dlrun.data.assembly import assemble, fingerprint_of
from dlrun.data.dataset import Dataset, TokenRows, take_rows
from dlrun.data.encoded import MultiHotRows, take
from dlrun.data.row_hashes import hash_rows
from dlrun.errors import DataError

token_lists = st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=6), min_size=1, max_size=12)
small_token_lists = st.lists(st.lists(st.integers(0, 2), max_size=3), min_size=1, max_size=30)
small_tables = st.lists(st.tuples(*[st.sampled_from([0.0, -0.0, 1.5, float("nan")])] * 2), min_size=1, max_size=30)


def as_lists(rows: TokenRows) -> list[list[int]]:
    return [rows[row].tolist() for row in range(len(rows))]


@given(token_lists)
@settings(deadline=None)
def test_token_rows_give_back_the_lists_they_were_made_of(lists: list[list[int]]) -> None:
    rows = TokenRows.of(lists)

    assert as_lists(rows) == lists
    assert (len(rows), rows.lengths.tolist()) == (len(lists), [len(row) for row in lists])
    assert (rows.tokens.dtype, rows.offsets.dtype) == (np.int32, np.int64)


@given(data=st.data(), lists=token_lists)
@settings(deadline=None)
def test_rows_are_taken_in_any_order_and_more_than_once(data: st.DataObject, lists: list[list[int]]) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=20))

    taken = TokenRows.of(lists).take(np.array(chosen, np.int64))

    assert as_lists(taken) == [lists[row] for row in chosen]
    assert (taken.tokens.dtype, taken.offsets.dtype, int(taken.offsets[-1])) == (np.int32, np.int64, len(taken.tokens))


@pytest.mark.parametrize("row", [-1, 2])
def test_a_token_row_that_is_not_there_is_an_index_error(row: int) -> None:
    with pytest.raises(IndexError, match=f"row {row} of 2"):
        TokenRows.of([[1], [2, 3]])[row]


def test_taken_rows_are_copies_of_either_kind() -> None:
    array, tokens = np.arange(6).reshape(3, 2), TokenRows.of([[1], [2, 3], [4]])

    taken, taken_tokens = take_rows(array, np.array([2, 0])), take_rows(tokens, np.array([2, 0]))

    assert isinstance(taken, np.ndarray)
    assert isinstance(taken_tokens, TokenRows)
    assert (taken.tolist(), as_lists(taken_tokens)) == ([[4, 5], [0, 1]], [[4], [1]])
    assert not np.shares_memory(taken, array)


@given(data=st.data(), width=st.integers(1, 50), count=st.integers(1, 8))
@settings(deadline=None)
def test_bits_stand_where_the_class_says_and_unpack_to_the_dense_rows(
    data: st.DataObject, width: int, count: int
) -> None:
    dense = np.array(data.draw(st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=count)))
    bits = np.zeros((len(dense), -(-width // 16)), np.uint16)
    for row, column in np.argwhere(dense):
        bits[row, column // 16] |= np.uint16(1 << (15 - column % 16))
    packed = MultiHotRows(bits, width)
    chosen = np.array(data.draw(st.lists(st.integers(0, len(dense) - 1), max_size=9)), np.int64)

    np.testing.assert_array_equal(packed.to_array(), dense)
    np.testing.assert_array_equal(np.asarray(take(packed, chosen).to_array()), dense[chosen])  # type: ignore[union-attr]
    assert (packed.shape, len(packed), packed.to_array().dtype) == (dense.shape, len(dense), np.float32)


def test_plain_arrays_are_taken_like_bits() -> None:
    np.testing.assert_array_equal(take(np.arange(6).reshape(3, 2), np.array([2, 2])), [[4, 5], [4, 5]])


def naive(inputs: Any, targets: Any) -> list[tuple[Any, ...]]:
    """Make rows that Python can compare: NaN equals NaN, and -0 equals 0."""
    alike = [tuple("nan" if value != value else value for value in row) for row in inputs]
    return list(zip(alike, targets, strict=True))


@given(st.one_of(small_tables, small_token_lists), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_rows_have_equal_hashes_where_they_are_equal_and_only_there(rows: Any, random: Any) -> None:
    targets = np.array([random.randrange(2) for _ in rows])
    inputs = np.array(rows) if isinstance(rows[0], tuple) else TokenRows.of(rows)

    hashes = hash_rows(inputs, targets)

    plain = naive(rows, targets)
    first_equal = [plain.index(row) for row in plain]
    assert hashes.shape == (len(rows),)
    assert [hashes.tolist().index(value) for value in hashes.tolist()] == first_equal


@given(small_token_lists, st.data())
@settings(deadline=None)
def test_duplicates_are_those_of_a_set(lists: list[list[int]], data: st.DataObject) -> None:
    targets = np.array(data.draw(st.lists(st.integers(0, 1), min_size=len(lists), max_size=len(lists))))
    dataset = assemble("sample", "regression", TokenRows.of(lists), targets.astype(float))
    chosen = np.array(data.draw(st.lists(st.integers(0, len(lists) - 1), min_size=1, unique=True)))
    plain = [naive(lists, targets)[row] for row in chosen]

    assert inspect(dataset, chosen).duplicates == len(plain) - len(set(plain))


@pytest.mark.parametrize("rows", [4095, 4096, 4097, 9000])
def test_hashes_do_not_depend_on_the_chunks_they_are_made_in(rows: int) -> None:
    inputs, targets = np.arange(rows * 3, dtype=np.int16).reshape(rows, 3), np.arange(rows) % 2
    lists = TokenRows.of([[row, row % 7] for row in range(rows)])

    for whole in (inputs, lists):
        tail = take_rows(whole, np.arange(rows - 5, rows))
        np.testing.assert_array_equal(hash_rows(whole, targets)[-5:], hash_rows(tail, targets[-5:]))


def test_targets_of_several_columns_belong_to_the_row() -> None:
    inputs, targets = np.zeros((3, 2)), np.array([[0.5, 1], [0.5, 2], [0.5, 1]])

    assert inspect(assemble("s", "vector_regression", inputs, targets), np.arange(3)).duplicates == 1


def test_parts_are_numbered_one_after_the_other() -> None:
    dataset = assemble("sample", "regression", np.zeros((5, 1)), np.zeros(5), test_from=3)

    assert (dataset.train_rows.tolist(), dataset.test_rows.tolist()) == ([0, 1, 2], [3, 4])
    assert (dataset.validation_rows.tolist(), dataset.rows) == ([], 5)


@pytest.mark.parametrize(
    ("inputs", "targets", "test_from", "message"),
    [
        (np.zeros((3, 1)), np.zeros(2), None, "3 rows of inputs, but 2 of targets"),
        (np.zeros((0, 1)), np.zeros(0), None, "'sample' has no rows"),
        (np.zeros((3, 1)), np.zeros(3), 0, "'sample' has no rows"),
        (TokenRows.of([[1], [2]]), np.zeros(3), None, "2 rows of inputs, but 3 of targets"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(inputs: Any, targets: Any, test_from: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        assemble("sample", "regression", inputs, targets, test_from=test_from)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros((2, 3)), np.zeros((2, 3), np.float32)),
        (np.array([[1, 2]]), np.array([[2, 1]])),
        (TokenRows.of([[1, 2], [3]]), TokenRows.of([[1], [2, 3]])),
        (TokenRows.of([[1, 2]]), TokenRows.of([[2, 1]])),
    ],
)
def test_the_fingerprint_tells_values_shapes_and_types_apart(one: Any, other: Any) -> None:
    targets = np.zeros(2)

    assert fingerprint_of(one, targets) != fingerprint_of(other, targets)
    assert fingerprint_of(one, targets) != fingerprint_of(one, targets + 1)


@pytest.mark.parametrize(
    ("task", "targets", "names", "outputs"),
    [
        ("binary", [0, 1], (), 1),
        ("multiclass", [0, 2], (), 3),
        ("multiclass", [0, 2], ("a", "b", "c", "d"), 4),
        ("multilabel", [[0, 1, 1], [1, 0, 0]], (), 3),
        ("regression", [0.5, 2], (), 1),
        ("vector_regression", [[0.5, 2], [1, 1]], (), 2),
    ],
)
def test_a_data_set_knows_how_many_outputs_its_task_needs(task: Any, targets: Any, names: Any, outputs: int) -> None:
    dataset = assemble("sample", task, np.zeros((2, 1)), np.array(targets), class_names=names)

    assert dataset.outputs == outputs


@pytest.mark.parametrize(
    ("inputs", "known", "names"),
    [
        (np.zeros((2, 3)), {}, ("0", "1", "2")),
        (np.zeros((2, 3)), {"feature_names": ("a", "b", "c")}, ("a", "b", "c")),
        (np.zeros((2, 3, 4)), {}, ()),
        (TokenRows.of([[1], [2]]), {}, ()),
    ],
)
def test_columns_are_called_by_their_name_or_else_their_number(inputs: Any, known: Any, names: tuple[str, ...]) -> None:
    dataset: Dataset = assemble("sample", "regression", inputs, np.zeros(2), **known)

    assert dataset.column_names == names
