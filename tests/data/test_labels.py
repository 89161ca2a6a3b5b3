"""Targets as a loss takes them, and class weights, against NumPy's and scikit-learn's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset
from dlrun.data.labels import class_weights, encode_targets
from dlrun.errors import SpecError

SPECIES = np.array([2, 0, 1, 1, 0, 1])


def classes_of(task: Any, targets: Any, names: tuple[str, ...] = ()) -> Dataset:
    targets = np.asarray(targets)
    return assemble("sample", task, np.zeros((len(targets), 1)), targets, class_names=names)


def test_integer_labels_stay_indices() -> None:
    encoded = encode_targets(SPECIES, "multiclass", 3, "integer")

    assert (encoded.tolist(), encoded.dtype, encoded.shape) == ([2, 0, 1, 1, 0, 1], np.int64, (6,))


@pytest.mark.parametrize("labels", ["one_hot", None])
def test_other_labels_of_many_classes_are_one_hot_and_as_wide_as_there_are_classes(labels: Any) -> None:
    # Class 3 has no row here, as may happen in a fold; the output layer has a unit for it all the same.
    encoded = encode_targets(SPECIES, "multiclass", 4, labels)

    np.testing.assert_array_equal(encoded, np.eye(4)[SPECIES])
    assert encoded.dtype == np.float32


@pytest.mark.tensorflow
@given(st.lists(st.integers(0, 6), min_size=1))
@settings(deadline=None)
def test_one_hot_labels_are_those_of_keras(values: list[int]) -> None:
    import keras

    np.testing.assert_array_equal(
        encode_targets(np.array(values), "multiclass", 7, "one_hot"), keras.utils.to_categorical(values, 7)
    )


@pytest.mark.parametrize(("task", "shape"), [("binary", (0, 1)), ("multiclass", (0, 3)), ("regression", (0, 1))])
def test_no_rows_have_no_targets(task: str, shape: tuple[int, ...]) -> None:
    assert encode_targets(np.empty(0, np.int64), task, 3, "one_hot").shape == shape


@pytest.mark.parametrize("labels", ["one_hot", "integer", None])
@pytest.mark.parametrize(
    ("task", "targets", "expected"),
    [
        ("binary", np.array([0, 1, 1]), [[0], [1], [1]]),
        ("regression", np.array([0.5, -2.0, 7.0]), [[0.5], [-2], [7]]),
        ("unit_regression", np.array([0.0, 0.25, 1.0]), [[0], [0.25], [1]]),
        ("multilabel", np.array([[0, 1], [1, 1]], np.uint8), [[0, 1], [1, 1]]),
        ("vector_regression", np.array([[0.5, 3], [1, 2]]), [[0.5, 3], [1, 2]]),
    ],
)
def test_other_tasks_have_a_column_for_each_output_whatever_the_labels(
    task: str, targets: np.ndarray, expected: Any, labels: Any
) -> None:
    encoded = encode_targets(targets, task, 1, labels)

    assert (encoded.tolist(), encoded.dtype) == (expected, np.float32)


@given(values=st.lists(st.integers(0, 4), min_size=1, max_size=60))
@settings(deadline=None)
def test_balanced_weights_are_those_of_scikit_learn(values: list[int]) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    dense = np.unique(values, return_inverse=True)[1]
    if dense.max() == 0:
        dense = np.append(dense, 1)
    dataset = classes_of("multiclass", dense)

    weights = class_weights("balanced", dataset, dense)

    assert weights is not None
    np.testing.assert_allclose(
        weights, compute_class_weight("balanced", classes=np.arange(dense.max() + 1), y=dense), rtol=1e-6
    )


def test_balanced_weights_are_counted_over_the_training_rows_alone() -> None:
    dataset = classes_of("binary", [0, 0, 0, 0, 1, 1])

    weights = class_weights("balanced", dataset, dataset.targets[[0, 1, 2, 4]])

    assert weights is not None
    np.testing.assert_allclose(weights, [4 / (2 * 3), 4 / (2 * 1)], rtol=1e-6)


def test_a_class_without_training_rows_has_a_finite_weight() -> None:
    weights = class_weights("balanced", classes_of("multiclass", [0, 1, 2]), np.array([0, 1, 0, 1]))

    assert weights is not None
    assert weights.shape == (3,)
    assert np.isfinite(weights).all()


@pytest.mark.parametrize(
    ("given_weights", "expected"),
    [
        ({"setosa": 3.0}, [3, 1, 1]),
        ({"2": 0.5, "virginica": 0.25}, [1, 1, 0.25]),
        ({"0": 0.0, "1": 2.0}, [0, 2, 1]),
        ({1: 2.0}, [1, 2, 1]),
        ({}, [1, 1, 1]),
    ],
)
def test_weights_are_given_by_name_or_index_and_are_else_one(given_weights: Any, expected: list[float]) -> None:
    dataset = classes_of("multiclass", [0, 1, 2], ("setosa", "versicolor", "virginica"))

    weights = class_weights(given_weights, dataset, dataset.targets)

    assert weights is not None
    assert (weights.tolist(), weights.dtype) == (expected, np.float32)


def test_a_class_that_is_called_by_a_number_is_found_by_its_name() -> None:
    dataset = classes_of("multiclass", [0, 1, 2], ("1", "2", "3"))

    weights = class_weights({"1": 5.0}, dataset, dataset.targets)

    assert weights is not None
    assert weights.tolist() == [5, 1, 1]


def test_without_class_weights_there_are_none_whatever_the_task() -> None:
    assert class_weights(None, classes_of("regression", [0.5, 1.5]), np.array([0.5])) is None


@pytest.mark.parametrize(
    ("task", "weights", "message"),
    [
        ("regression", "balanced", "the task is regression"),
        ("multilabel", {"0": 2.0}, "the task is multilabel"),
        ("binary", {"maybe": 2.0}, "there is no class 'maybe'(?s:.)*the classes are no, yes"),
        ("binary", {"2": 2.0}, "there is no class '2'"),
        ("binary", {"no": 0.0, "yes": 0.0}, "every class weighs 0"),
    ],
)
def test_weights_that_do_not_fit_are_spec_errors(task: str, weights: Any, message: str) -> None:
    targets = np.array([[0, 1], [1, 0]]) if task == "multilabel" else np.array([0, 1])
    dataset = classes_of(task, targets, ("no", "yes"))

    with pytest.raises(SpecError, match=message) as caught:
        class_weights(weights, dataset, dataset.targets)

    assert caught.value.problems[0].path == ("training", "class_weight")


def test_classes_without_names_are_listed_by_number() -> None:
    with pytest.raises(SpecError, match="the classes are 0 to 2"):
        class_weights({"3": 2.0}, classes_of("multiclass", [0, 1, 2]), np.array([0, 1, 2]))
