"""What `inspect` sees, against pandas and hand-worked figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import inspect, load_dataset
from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset, TokenRows
from dlrun.data.layout import axes_of
from dlrun.data.row_hashes import hash_rows
from dlrun.spec.sources import ArraySource, TableSource, TokenSource


def dataset_of(inputs: Any, targets: Any = None, task: Any = "regression", **known: Any) -> Dataset:
    """Make a data set of inputs; targets 0, 1, 2, ... where none are given."""
    targets = np.arange(len(inputs), dtype=float) if targets is None else np.asarray(targets)
    return assemble("sample", task, inputs, targets, **known)


def test_columns_gaps_ranges_and_classes_are_counted() -> None:
    inputs = np.array([[1, 0, 5], [np.nan, 1, 5], [3, np.nan, 5], [np.nan, 0, 5]])
    dataset = dataset_of(
        inputs,
        np.array([0, 1, 1, 1]),
        "binary",
        feature_names=("x", "word", "flat"),
        categories={1: ("a", "b")},
        class_names=("no", "yes"),
    )

    summary = inspect(dataset, np.arange(4))

    assert (summary.rows, summary.rank, summary.axes, summary.shape) == (4, 2, ("samples", "features"), (4, 3))
    assert summary.classes == {"no": 1, "yes": 3}
    assert summary.missing == {"x": 2, "word": 1}
    assert summary.constant == ("flat",)
    assert (summary.features[0].minimum, summary.features[0].maximum, summary.features[0].mean) == (1, 3, 2)
    assert (summary.features[1].kind, summary.features[1].categories, summary.features[1].mean) == ("text", 2, None)
    assert summary.range == (1, 5)  # without the codes of `word`


def test_only_the_rows_asked_for_are_seen() -> None:
    dataset = dataset_of(np.array([[1.0], [2], [50]]), [1.0, 2, 50])

    summary = inspect(dataset, np.array([0, 1]))

    assert (summary.rows, summary.range, summary.targets[0].maximum, summary.targets[0].median) == (2, (1, 2), 2, 1.5)


def test_labels_of_a_multilabel_problem_are_counted_each() -> None:
    dataset = dataset_of(np.eye(3), np.array([[0, 1], [1, 1], [0, 1]], np.uint8), "multilabel", class_names=("a", "b"))

    assert inspect(dataset, np.arange(3)).classes == {"a": 1, "b": 3}


def test_a_summary_can_be_written_as_json(people: Dataset) -> None:
    text = json.dumps(asdict(inspect(people, np.arange(5))))

    assert json.loads(text)["features"][0]["name"] == "age"


@pytest.mark.parametrize(
    ("inputs", "axes"),
    [
        (np.zeros((2, 28, 28), np.uint8), ("samples", "height", "width")),
        (np.zeros((2, 28, 28), np.float32), ("samples", "timesteps", "features")),
        (np.zeros((2, 8, 8, 3)), ("samples", "height", "width", "channels")),
        (TokenRows.of([[1], [2, 3]]), ("samples", "tokens")),
    ],
)
def test_axes_are_named(inputs: np.ndarray, axes: tuple[str, ...]) -> None:
    assert axes_of(inputs) == axes


def test_token_rows_have_lengths_and_no_range() -> None:
    summary = inspect(dataset_of(TokenRows.of([[1], [2, 3], [1, 2, 3, 4]])), np.arange(3))

    assert summary.lengths is not None
    assert (summary.lengths.minimum, summary.lengths.median, summary.lengths.maximum) == (1, 2, 4)
    assert (summary.range, summary.shape, summary.features) == (None, (3, None), ())


@pytest.mark.parametrize(
    ("name", "target", "header", "expected"),
    [
        ("heart/heart.csv", "target", True, 723),
        ("wine_quality/winequality-red.csv", "11", False, 240),
        ("wine_quality/winequality-white.csv", "11", False, 937),
        ("iris/iris.csv", "4", False, 3),
    ],
)
def test_duplicates_of_real_tables_are_those_that_are_known(
    real_data: Callable[[str], Path], name: str, target: str, header: bool, expected: int
) -> None:
    source = TableSource(source="csv", path=(str(real_data(name)),), target=(target,), header=header)
    dataset = load_dataset(source, task=None if target != "11" else "regression")

    assert inspect(dataset, np.arange(dataset.rows)).duplicates == expected


@pytest.mark.parametrize("kind", ["u1", "f4", "f8", "i2", "?"])
@pytest.mark.parametrize("width", [1, 3, 8, 13])
def test_duplicates_are_those_that_pandas_finds(kind: str, width: int) -> None:
    import pandas as pd

    inputs = np.random.default_rng(width).integers(0, 2, (10000, width)).astype(kind)
    targets = np.arange(10000) % 3

    summary = inspect(dataset_of(inputs, targets, "multiclass"), np.arange(10000))

    table = pd.DataFrame(inputs).assign(target=targets)
    assert summary.duplicates == table.duplicated().sum()


def test_different_rows_have_different_hashes() -> None:
    # Doubles of small whole numbers differ in their highest bits only, where a weak hash loses them.
    grid = np.stack(np.meshgrid(np.arange(300.0), np.arange(300.0)), axis=-1).reshape(-1, 2)

    assert len(np.unique(hash_rows(grid, np.zeros(len(grid))))) == len(grid)


def test_equal_values_have_equal_hashes_whatever_their_bits() -> None:
    odd = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]

    hashes = hash_rows(np.array([[0.0, np.nan], [-0.0, odd]]), np.array([0.0, -0.0]))

    assert hashes[0] == hashes[1]


def test_token_rows_are_compared_with_order_and_length() -> None:
    rows = TokenRows.of([[1, 2], [2, 1], [1, 2], [1, 2, 0], [], [], [0]])
    targets = np.zeros(7)

    assert inspect(dataset_of(rows, targets), np.arange(7)).duplicates == 2
    assert inspect(dataset_of(rows, np.arange(7.0)), np.arange(7)).duplicates == 0


def test_real_pictures_and_texts_are_seen_as_they_are(real_keras_home: Path) -> None:
    mnist = load_dataset(ArraySource(source="mnist"))
    reuters = load_dataset(TokenSource(source="reuters"))

    pictures, texts = inspect(mnist, mnist.train_rows), inspect(reuters, reuters.train_rows)

    assert (pictures.range, pictures.duplicates, sum(pictures.classes.values())) == ((0, 255), 0, 60000)
    rows = [(tuple(reuters.inputs[row].tolist()), reuters.targets[row]) for row in reuters.train_rows]
    assert texts.duplicates == len(rows) - len(set(rows))


def test_a_text_column_with_one_text_is_constant() -> None:
    inputs = np.array([[0.0, 1], [0, np.nan], [0, 1], [0, 0]])
    dataset = dataset_of(inputs, feature_names=("country", "city"), categories={0: ("A",), 1: ("B", "C")})

    assert inspect(dataset, np.arange(4)).constant == ("country",)
    assert inspect(dataset, np.arange(3)).constant == ("country", "city")


def test_a_column_without_any_value_has_no_figures_and_counts_as_constant() -> None:
    summary = inspect(dataset_of(np.array([[np.nan, 1], [np.nan, 2]])), np.arange(2))

    assert (summary.missing, summary.constant, summary.range) == ({"0": 2}, ("0",), (1, 2))
    assert (summary.features[0].mean, summary.features[0].std) == (None, None)


def test_classes_without_a_row_are_counted_as_none() -> None:
    dataset = dataset_of(np.zeros((3, 1)), np.array([0, 1, 2]), "multiclass", class_names=("a", "b", "c"))
    nameless = dataset_of(np.zeros((3, 1)), np.array([0, 2, 2]), "multiclass")

    assert inspect(dataset, np.array([1, 1])).classes == {"a": 0, "b": 2, "c": 0}
    assert inspect(nameless, np.array([0])).classes == {"0": 1, "1": 0, "2": 0}


def test_gaps_in_sequences_are_counted_together_and_left_out_of_the_range() -> None:
    sequences = np.arange(12.0).reshape(2, 3, 2)
    sequences[1, 2, 1] = sequences[0, 1, 0] = np.nan

    summary = inspect(dataset_of(sequences), np.arange(2))

    assert (summary.missing, summary.range) == ({"inputs": 2}, (0, 10))
    assert (summary.features, summary.constant) == ((), ())


def test_inputs_of_texts_alone_have_no_range() -> None:
    assert inspect(dataset_of(np.array([[0.0], [1]]), categories={0: ("a", "b")}), np.arange(2)).range is None


def test_mean_and_spread_of_numbers_whose_squares_leave_float64_are_finite() -> None:
    (feature,) = inspect(dataset_of(np.array([[0.0], [1e300], [0.0], [1e300]])), np.arange(4)).features

    assert feature.mean == pytest.approx(5e299)
    assert feature.std == pytest.approx(5e299)


def test_targets_without_a_name_are_numbered() -> None:
    dataset = dataset_of(np.zeros((2, 1)), np.array([[1.0, 5], [3, 9]]), "vector_regression")

    found = inspect(dataset, np.arange(2)).targets

    assert [(target.name, target.minimum, target.maximum, target.mean) for target in found] == [
        ("target 0", 1, 3, 2),
        ("target 1", 5, 9, 7),
    ]


@pytest.mark.parametrize(
    ("rank", "dtype", "axes"),
    [
        (1, np.float32, ("samples",)),
        (3, np.uint16, ("samples", "timesteps", "features")),
        (4, np.uint8, ("samples", "height", "width", "channels")),
        (5, np.uint8, ("samples", "frames", "height", "width", "channels")),
        (6, np.float32, ("samples", "axis 1", "axis 2", "axis 3", "axis 4", "axis 5")),
    ],
)
def test_every_rank_has_names_for_its_axes(rank: int, dtype: Any, axes: tuple[str, ...]) -> None:
    assert axes_of(np.zeros((1,) * rank, dtype)) == axes
