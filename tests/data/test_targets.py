"""Which task target values make, and what each task takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dlrun.data import targets
from dlrun.data.assembly import assemble
from dlrun.errors import DataError


def columns(*values: Any) -> list[targets.TargetColumn]:
    return [targets.TargetColumn(f"t{index}", np.asarray(column)) for index, column in enumerate(values)]


def texts(*values: str | None) -> np.ndarray:
    return np.array(values, object)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (columns(texts("b", "a", "b")), "binary"),
        (columns(texts("b", "a", "c")), "multiclass"),
        (columns([True, False]), "binary"),
        (columns([0, 1, 1]), "binary"),
        (columns([0.0, 1.0]), "binary"),
        (columns([0.5, 1.0]), "regression"),
        (columns(range(21)), "regression"),
        (columns([0, 1], [1, 1]), "multilabel"),
        (columns([0, 1], [2, 1]), "vector_regression"),
        (columns([0.5, 1], [0, 1]), "vector_regression"),
    ],
)
def test_the_task_follows_from_clear_targets(values: list[targets.TargetColumn], task: str) -> None:
    assert targets.encode(values, None).task == task


@pytest.mark.parametrize("values", [[3, 4, 5], [1, 2], list(range(20)), [1.0, 2.0, 4.0]])
def test_few_whole_numbers_need_a_task(values: list[float]) -> None:
    with pytest.raises(DataError, match="classes or quantities"):
        targets.encode(columns(values), None)


@pytest.mark.parametrize(
    ("values", "task", "codes", "names"),
    [
        (texts("no", "yes", "no"), "binary", [0, 1, 0], ("no", "yes")),
        ([-1, 1, 1], "binary", [0, 1, 1], ("-1", "1")),
        ([30, 10, 20, 10], "multiclass", [2, 0, 1, 0], ("10", "20", "30")),
        ([2.0, 5.0], "multiclass", [0, 1], ("2", "5")),
        ([False, True], "binary", [0, 1], ("False", "True")),
    ],
)
def test_classes_are_numbered_in_sorted_order(values: Any, task: Any, codes: list[int], names: tuple[str, ...]) -> None:
    made = targets.encode(columns(values), task)

    assert (made.values.tolist(), made.class_names, made.values.dtype) == (codes, names, np.int64)


def test_one_hot_columns_become_classes_where_the_task_says_so() -> None:
    made = targets.encode(columns([0, 1, 0], [1, 0, 0], [0, 0, 1]), "multiclass")

    assert made.values.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        (columns([1, 2, 3]), "binary", "two classes; the target 't0' has 3"),
        (columns([1, 1]), "multiclass", "one value only"),
        (columns([0.5, 1]), "multiclass", "has fractions"),
        (columns(texts("a", "b")), "regression", "holds texts, and regression needs numbers"),
        (columns([0.5, 1.5]), "unit_regression", "targets in 0..1; 't0' reaches from 0.5 to 1.5"),
        (columns([0, 2], [1, 0]), "multilabel", "targets of 0 and 1; 't0' has others"),
        (columns([0, 1]), "multilabel", "not one"),
        (columns([1.5, 2]), "vector_regression", "not one"),
        (columns([1.5, 2], [2, 3]), "regression", "one target column, not 2"),
        (columns([1, 2], [2, 3]), "binary", "one target column of classes"),
        (columns([1, 1], [1, 0]), "multiclass", "one target column of classes"),
        (columns([1, np.nan]), "regression", r"missing in row 2 \(of 2\)"),
        (columns([np.nan] * 8), "regression", "rows 1, 2, 3, 4, 5 and 3 more"),
        (columns([1, -np.inf]), "regression", "missing or infinite in row 2"),
        (columns(texts("a", None)), "binary", "missing in row 2"),
    ],
)
def test_targets_that_cannot_be_the_task_are_refused(values: Any, task: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        targets.encode(values, task)


def test_a_data_set_may_be_read_as_a_task_that_means_the_same() -> None:
    inputs = np.zeros((2, 1))
    binary = assemble("b", "binary", inputs, np.array([0, 1]), class_names=("a", "b"))
    shares = assemble("s", "regression", inputs, np.array([0.5, 1.0]))

    assert targets.retarget(binary, "multiclass").outputs == 2
    assert targets.retarget(shares, "unit_regression").task == "unit_regression"
    with pytest.raises(DataError, match="'b' is a binary problem"):
        targets.retarget(binary, "regression")
    with pytest.raises(DataError, match=r"in 0\.\.1"):
        targets.retarget(assemble("s", "regression", inputs, np.array([0.5, 3.0])), "unit_regression")


def test_two_classes_may_be_read_as_binary_and_more_may_not() -> None:
    inputs = np.zeros((3, 1))
    two = assemble("two", "multiclass", inputs, np.array([0, 1, 1]), class_names=("a", "b"))
    three = assemble("three", "multiclass", inputs, np.array([0, 1, 2]), class_names=("a", "b", "c"))

    read = targets.retarget(two, "binary")

    assert (read.task, read.targets.tolist(), read.class_names) == ("binary", [0, 1, 1], ("a", "b"))
    assert (read.fingerprint, two.task) == (two.fingerprint, "multiclass")
    with pytest.raises(DataError, match="'three' is a multiclass problem"):
        targets.retarget(three, "binary")


def test_classes_that_only_the_test_set_has_are_refused_the_other_way_round_is_fine() -> None:
    only_trained = columns(texts("a", "b", "c", "a", "b"))

    assert targets.encode(only_trained, "multiclass", test_from=3).values.tolist() == [0, 1, 2, 0, 1]
    with pytest.raises(DataError, match="that the training file lacks: 'c'"):
        targets.encode(columns(texts("a", "b", "a", "c")), "multiclass", test_from=3)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([0], "row 1"),
        ([2, 16], "rows 3, 17"),
        (range(5), "rows 1, 2, 3, 4, 5"),
        (range(1005), "rows 1, 2, 3, 4, 5 and 1,000 more"),
    ],
)
def test_rows_are_named_counted_from_one(rows: Any, text: str) -> None:
    mask = np.zeros(2000, bool)
    mask[list(rows)] = True

    assert targets.rows_text(np.array(rows)) == text
    assert targets.rows_text(mask) == text


@given(st.lists(st.sampled_from([-3, 0, 2, 10, 100]), min_size=2))
@settings(max_examples=50, deadline=None)
def test_class_indices_are_those_of_scikit_learn(values: list[int]) -> None:
    from sklearn.preprocessing import LabelEncoder

    assume(len(set(values)) > 1)
    encoder = LabelEncoder().fit(values)

    made = targets.encode(columns(values), "multiclass")

    assert made.values.tolist() == encoder.transform(values).tolist()
    assert made.class_names == tuple(str(name) for name in encoder.classes_)


@pytest.mark.parametrize(
    ("values", "task", "kind", "shape"),
    [
        (columns([1, 0]), "binary", np.int64, (2,)),
        (columns([True, False], [True, True]), "multilabel", np.uint8, (2, 2)),
        (columns([1, 2]), "regression", np.float64, (2,)),
        (columns([0, 1]), "unit_regression", np.float64, (2,)),
        (columns([1, 2], [3, 4]), "vector_regression", np.float64, (2, 2)),
    ],
)
def test_targets_have_the_type_and_shape_that_a_data_set_promises(
    values: Any, task: Any, kind: Any, shape: tuple[int, ...]
) -> None:
    made = targets.encode(values, task)

    assert (made.values.dtype, made.values.shape, made.task) == (kind, shape, task)


def test_arrays_of_targets_are_taken_apart() -> None:
    assert [column.name for column in targets.columns_of(np.zeros((3, 2)), "y")] == ["y[0]", "y[1]"]
    assert targets.columns_of(np.zeros((3, 1)), "y")[0].values.shape == (3,)
    with pytest.raises(DataError, match=r"shape \(2, 2, 2\)"):
        targets.columns_of(np.zeros((2, 2, 2)), "y")
    with pytest.raises(DataError, match="type complex128"):
        targets.columns_of(np.zeros(2, complex), "y")
