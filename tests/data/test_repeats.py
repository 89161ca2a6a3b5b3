"""Rows that occur more than once: found as a comparison of every pair finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.data import first_of_each, load_dataset, row_hashes, shared_rows
from dlrun.data.assembly import assemble
from dlrun.data.dataset import TokenRows
from dlrun.spec.sources import TableSource

NAN = float("nan")
numbers = st.lists(st.tuples(*[st.sampled_from([0.0, -0.0, 1.0, NAN])] * 2), min_size=1, max_size=25)
tokens = st.lists(st.lists(st.integers(0, 2), max_size=3), min_size=1, max_size=25)


def same(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two rows are equal, value by value: NaN equals NaN, and -0 equals 0."""
    return len(one) == len(other) and all(a == b or (a != a and b != b) for a, b in zip(one, other, strict=True))


@given(st.one_of(numbers, tokens), st.data())
def test_each_row_has_the_first_row_that_equals_it(rows: Any, data: st.DataObject) -> None:
    targets = data.draw(st.lists(st.sampled_from([0.5, NAN]), min_size=len(rows), max_size=len(rows)))
    inputs = np.array(rows) if isinstance(rows[0], tuple) else TokenRows.of(rows)

    first = first_of_each(assemble("sample", "regression", inputs, np.array(targets)).hashes)

    whole = [[*row, target] for row, target in zip(rows, targets, strict=True)]
    assert first.tolist() == [next(i for i, other in enumerate(whole) if same(row, other)) for row in whole]
    assert first.dtype == np.int64


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.data())
def test_shared_rows_are_those_that_a_comparison_of_every_pair_finds(values: list[int], data: st.DataObject) -> None:
    some = st.lists(st.integers(0, len(values) - 1), unique=True).map(lambda rows: np.array(rows, np.int64))
    a, b = data.draw(some), data.draw(some)

    found = shared_rows(np.array(values, np.uint64), a, b)

    equals = {row: [other for other in a.tolist() if values[other] == values[row]] for row in b.tolist()}
    assert found.tolist() == [[row, min(others)] for row, others in equals.items() if others]
    assert found.shape[1] == 2
    assert found.dtype == np.int64


@pytest.mark.parametrize("value", [0, 2**64 - 1])
def test_the_smallest_and_largest_hash_are_found_too(value: int) -> None:
    hashes = np.array([value, 7, value], np.uint64)

    assert shared_rows(hashes, np.array([1, 0]), np.array([2])).tolist() == [[2, 0]]
    assert shared_rows(hashes, np.array([1]), np.array([2])).tolist() == []


def test_hashes_of_training_and_test_rows_can_be_compared() -> None:
    # One type of array for all rows, though the test rows alone would fit into bytes.
    dataset = assemble("sample", "regression", np.array([[300], [2], [1], [2]]), np.array([0, 1, 0, 1.0]), test_from=2)

    assert shared_rows(dataset.hashes, dataset.train_rows, dataset.test_rows).tolist() == [[3, 1]]


def test_hashes_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = assemble("sample", "regression", np.zeros((3, 1)), np.zeros(3))
    before = dataset.hashes
    monkeypatch.setattr(row_hashes, "hash_rows", lambda *_: pytest.fail("computed again"))

    assert dataset.hashes is before


@pytest.mark.parametrize(("name", "ids"), [("heart.csv", ()), ("heart_with_id.csv", ("id",))])
def test_heart_has_723_repeated_rows_with_ids_and_without(
    real_data: Callable[[str], Path], name: str, ids: tuple[str, ...]
) -> None:
    lines = real_data("heart/heart.csv").read_text().splitlines()[1:]
    source = TableSource(source="csv", path=(str(real_data(f"heart/{name}")),), target=("target",), ids=ids)

    first = first_of_each(load_dataset(source).hashes)

    assert (len(first), int((first != np.arange(1025)).sum())) == (1025, 723)
    assert first.tolist() == [lines.index(line) for line in lines]
