"""Values side by side: every bit counts, and the places of the first and the largest difference are told."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.experiment.differences import Differences, Pair, leaves, of_arrays, of_cells


def test_the_first_and_the_largest_difference_are_found_with_their_places() -> None:
    before = {"a": "0.5", "b": "1.0", "c": "2.0", "d": "x"}

    found = of_cells(before, {**before, "b": "1.25", "c": "1.0"})

    assert (found.values, found.differing, found.same) == (4, 2, False)
    assert found.first == Pair("b", 1.0, 1.25)
    assert found.largest == Pair("c", 2.0, 1.0)
    assert found.largest.difference == -1.0


def test_what_only_the_first_has_is_gone_and_what_only_the_second_has_is_new() -> None:
    assert of_cells({"a": 1}, {"a": 1, "b": 2}).same
    assert of_cells({"a": 1, "b": 2}, {"a": 1}) == Differences(1, 0, only_before=("b",))
    assert of_arrays({"a": np.ones(2), "b": np.ones(2)}, {"a": np.ones(2)}).only_before == ("b",)


def test_whole_numbers_and_texts_differ_and_have_no_distance() -> None:
    found = of_cells({"row": "17", "class": "cat"}, {"row": "4", "class": "dog"})

    assert found.first == found.largest == Pair("row", "17", "4")
    assert found.differing == 2
    assert found.first.difference is None


@pytest.mark.parametrize(("before", "after"), [(0.0, -0.0), (1.0, np.nextafter(1.0, 2)), (np.nan, 0.0), (np.inf, 1.0)])
def test_any_other_bit_is_a_difference(before: float, after: float) -> None:
    arrays = of_arrays({"w": np.array([1.0, before])}, {"w": np.array([1.0, after])})
    cells = of_cells({"w": before}, {"w": after})

    assert (arrays.differing, cells.differing) == (1, 1)
    assert arrays.first is not None
    assert arrays.first.place == "w[1]"


def test_a_nan_is_the_same_as_itself() -> None:
    assert of_arrays({"w": np.array([np.nan, np.inf])}, {"w": np.array([np.nan, np.inf])}).same
    assert of_cells({"w": float("nan")}, {"w": float("nan")}).same


def test_the_place_in_an_array_is_its_index_and_infinities_are_never_the_largest() -> None:
    before = np.zeros((2, 3), np.float32)
    after = before.copy()
    after[0, 1], after[1, 2] = np.inf, 0.5

    found = of_arrays({"dense/kernel": before}, {"dense/kernel": after})

    assert found.first is not None
    assert found.largest == Pair("dense/kernel[1, 2]", 0.0, 0.5)
    assert found.first.place == "dense/kernel[0, 1]"
    assert (found.values, found.differing) == (6, 2)


def test_arrays_of_another_shape_or_type_differ_as_a_whole() -> None:
    found = of_arrays({"w": np.zeros((2, 2), np.float32)}, {"w": np.zeros(3, np.float64)})

    assert found.differing == found.values == 4
    assert found.first == Pair("w", "float32[2, 2]", "float64[3]")


def test_arrays_of_texts_and_numbers_alone_are_compared_too() -> None:
    found = of_arrays(
        {"failure": np.asarray("NaN"), "n": np.int64(2)}, {"failure": np.asarray("memory"), "n": np.int64(2)}
    )
    same = of_arrays({"notes": np.array(["a", "b"])}, {"notes": np.array(["a", "b"])})

    assert found.differing == 1
    assert same.same
    assert same.values == 2


def test_leaves_have_paths() -> None:
    assert dict(leaves({"a": [1, {"b": None}], "c": "x"})) == {"a.count": 2, "a.0": 1, "a.1.b": None, "c": "x"}
