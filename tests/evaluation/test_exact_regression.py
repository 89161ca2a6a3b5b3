from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as sk

from dlrun.evaluation.exact import R2, MeanAbsoluteError, MeanSquaredError, RootMeanSquaredError

Data = tuple[npt.NDArray[Any], npt.NDArray[np.float32]]

ALL = [MeanAbsoluteError(), MeanSquaredError(), RootMeanSquaredError(), R2()]


def data(columns: int = 1, rows: int = 50) -> Data:
    random = np.random.default_rng(columns)
    targets = random.normal(100, 3, (rows, columns))
    predictions = (targets + random.normal(0, 1, (rows, columns))).astype(np.float32)
    return (targets[:, 0] if columns == 1 else targets), predictions


@pytest.mark.parametrize("columns", [1, 3])
def test_errors_and_r2_agree_with_scikit_learn(columns: int) -> None:
    targets, predictions = data(columns)

    assert MeanAbsoluteError().score(targets, predictions) == pytest.approx(
        sk.mean_absolute_error(targets, predictions)
    )
    assert MeanSquaredError().score(targets, predictions) == pytest.approx(sk.mean_squared_error(targets, predictions))
    assert R2().score(targets, predictions) == pytest.approx(sk.r2_score(targets, predictions))


@pytest.mark.parametrize("columns", [1, 3])
def test_rmse_is_the_root_of_mse_over_all_columns(columns: int) -> None:
    targets, predictions = data(columns)

    squared = sk.mean_squared_error(targets, predictions)

    assert RootMeanSquaredError().score(targets, predictions) == pytest.approx(squared**0.5)


def test_worked_by_hand() -> None:
    targets, predictions = np.array([1.0, 2.0, 6.0]), np.array([[2.0], [2.0], [4.0]], np.float32)  # errors 1, 0, -2

    assert [metric.score(targets, predictions) for metric in ALL] == pytest.approx(
        [1, 5 / 3, (5 / 3) ** 0.5, 1 - 5 / 14]
    )


def test_integer_targets_are_no_trap() -> None:
    assert MeanAbsoluteError().score(np.array([0, 255], np.uint8), np.array([[1.0], [254.0]], np.float32)) == 1.0


def test_a_column_that_does_not_vary_does_not_enter_r2() -> None:
    targets, predictions = data(3)
    targets[:, 1] = 7.1

    expected = np.mean([sk.r2_score(targets[:, column], predictions[:, column]) for column in (0, 2)])

    assert R2().score(targets, predictions) == pytest.approx(expected)
    assert np.isnan(R2().score(np.full(4, 7.1), np.ones((4, 1), np.float32)))


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_predictions_that_are_not_finite_have_no_score(metric: Any, broken: float) -> None:
    targets, predictions = data()
    predictions[3] = broken

    assert np.isnan(metric.score(targets, predictions))


@pytest.mark.parametrize("metric", [MeanAbsoluteError(), MeanSquaredError()])
def test_rows_average_to_the_score(metric: Any) -> None:
    targets, predictions = data(3)

    assert metric.rows(targets, predictions).mean() == pytest.approx(metric.score(targets, predictions))


@pytest.mark.parametrize("metric", [RootMeanSquaredError(), R2()])
@pytest.mark.parametrize("columns", [1, 3])
def test_counts_score_a_resample_as_if_its_rows_were_written_out(metric: Any, columns: int) -> None:
    targets, predictions = data(columns)
    drawn = np.random.default_rng(5).integers(0, len(targets), (3, len(targets)))
    counts = np.array([np.bincount(rows, minlength=len(targets)) for rows in drawn], np.float64)

    at_once = metric.reweighted(targets, predictions, counts)

    assert at_once == pytest.approx([metric.score(targets[rows], predictions[rows]) for rows in drawn])
