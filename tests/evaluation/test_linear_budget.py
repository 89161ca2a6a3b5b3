from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dlrun.data.encoded import MultiHotRows
from dlrun.evaluation.linear_budget import FEWEST_ROWS, MOST_CELLS, budget_for, sample_rows


def dense(rows: int, *shape: int) -> Any:
    """Rows that take no memory: every one is the same."""
    return np.broadcast_to(np.zeros((1, *shape), np.float32), (rows, *shape))


def sparse(rows: int, columns: int, stored: int) -> MultiHotRows:
    bits = np.zeros((1, columns // 16), np.uint16)
    bits[0, :stored] = 1
    return MultiHotRows(np.broadcast_to(bits, (rows, columns // 16)), columns)


@pytest.mark.parametrize(
    ("task", "inputs", "outputs"),
    [
        ("regression", dense(404, 13), 1),
        ("multiclass", dense(5000, 64), 10),
        ("binary", sparse(25_000, 10_000, 130), 1),
        ("regression", dense(20_000, 50), 20),
    ],
    ids=["boston", "digits", "imdb", "vectors"],
)
def test_what_is_small_is_fitted_on_all_rows(task: str, inputs: Any, outputs: int) -> None:
    assert budget_for(task, inputs, outputs).rows == len(inputs)


@pytest.mark.parametrize(
    ("task", "inputs", "outputs"),
    [
        ("multiclass", dense(48_000, 28, 28), 10),
        ("binary", dense(20_000, 150, 150, 3), 1),
        ("regression", dense(1_000_000, 500), 1),
        ("multilabel", sparse(20_000, 10_000, 130), 900),
        ("vector_regression", dense(48_000, 784), 784),
    ],
    ids=["mnist", "photos", "long table", "many labels", "pictures of pictures"],
)
def test_what_is_large_is_fitted_on_a_number_of_rows_with_two_digits(task: str, inputs: Any, outputs: int) -> None:
    budget = budget_for(task, inputs, outputs)

    assert FEWEST_ROWS <= budget.rows < len(inputs)
    assert set(str(budget.rows)[2:]) <= {"0"}
    assert isinstance(inputs, MultiHotRows) or budget.rows * np.prod(inputs.shape[1:]) <= MOST_CELLS


def test_more_classes_leave_fewer_rows_and_fewer_steps() -> None:
    budgets = [budget_for("multiclass", sparse(7000, 10_000, 80), classes) for classes in (2, 46, 400)]

    assert budgets[0].rows == budgets[1].rows == 7000 > budgets[2].rows
    assert budgets[0].steps == 100 > budgets[1].steps > budgets[2].steps >= 15


def test_padding_is_not_counted_as_tokens() -> None:
    mostly_padding = np.zeros((100_000, 100), np.int32)
    mostly_padding[:, 0] = 1

    steps = [budget_for("binary", tokens, 1).steps for tokens in (mostly_padding, mostly_padding + 1)]

    assert steps[0] == 100 > steps[1]


def test_even_the_widest_rows_get_a_fit() -> None:
    assert budget_for("binary", dense(5000, 2000, 2000, 3), 1).rows == FEWEST_ROWS
    assert budget_for("binary", dense(3, 2000, 2000, 3), 1).rows == 3


def test_a_sample_keeps_each_class_in_proportion_to_within_one_row() -> None:
    classes = np.repeat([0, 1, 2], [700, 290, 10])

    chosen = sample_rows(1000, 100, classes, seed=0)

    assert np.abs(np.bincount(classes[chosen]) - [70, 29, 1]).max() <= 1
    assert len(np.unique(chosen)) == 100
    assert (np.diff(chosen) > 0).all()


def test_a_sample_follows_from_its_seed() -> None:
    draws = SimpleNamespace(first=sample_rows(500, 50, None, seed=1), again=sample_rows(500, 50, None, seed=1))

    assert (draws.first == draws.again).all()
    assert not np.array_equal(draws.first, sample_rows(500, 50, None, seed=2))
