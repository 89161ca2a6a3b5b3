from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlrun.evaluation import bootstrap
from dlrun.evaluation.exact import F1, R2, Accuracy, MeanAbsoluteError, RocAuc
from dlrun.evaluation.intervals import resamples_for


class Spread:
    """A metric of no special kind: it can only score one resample after another."""

    name = "spread"
    higher_is_better = False

    def score(self, targets: np.ndarray, predictions: np.ndarray) -> float:
        return float(np.std(predictions[:, 0] - targets))

    def rows(self, targets: np.ndarray, predictions: np.ndarray) -> None:
        return None


def regression(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    return random.normal(size=rows), random.normal(size=(rows, 1)).astype(np.float32)


def binary(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    targets = np.arange(rows) % 2
    return targets, (targets + random.normal(0, 1, rows))[:, None].astype(np.float32)


def test_the_interval_of_a_mean_is_the_normal_approximation_s() -> None:
    targets, predictions = regression()
    errors = np.abs(predictions[:, 0] - targets)
    reach = 1.96 * errors.std(ddof=1) / len(errors) ** 0.5

    low, high = bootstrap(MeanAbsoluteError(), targets, predictions, seed=0)

    assert (low, high) == pytest.approx((errors.mean() - reach, errors.mean() + reach), abs=0.15 * reach)


def test_the_interval_of_roc_auc_is_de_long_s() -> None:
    targets, predictions = binary()
    low_half, high_half = predictions[targets == 0, 0], predictions[targets == 1, 0]
    wins = (high_half[:, None] > low_half) + 0.5 * (high_half[:, None] == low_half)  # (positives, negatives)
    variance = wins.mean(axis=1).var(ddof=1) / len(high_half) + wins.mean(axis=0).var(ddof=1) / len(low_half)
    reach = 1.96 * variance**0.5

    low, high = bootstrap(RocAuc(), targets, predictions, seed=0)

    assert (low, high) == pytest.approx((wins.mean() - reach, wins.mean() + reach), abs=0.15 * reach)


def test_the_interval_covers_the_truth_about_as_often_as_its_level_says() -> None:
    covered = 0
    for trial in range(200):
        correct = np.random.default_rng(trial).random(100) < 0.8
        low, high = bootstrap(Accuracy(), np.ones(100, int), correct[:, None].astype(np.float32), seed=trial)
        covered += low <= 0.8 <= high

    assert 176 <= covered <= 199  # binomial: four standard deviations below 95 %, and not all


@pytest.mark.parametrize(
    ("metric", "data"),
    [(Accuracy(), binary), (F1(), binary), (RocAuc(), binary), (R2(), regression), (Spread(), regression)],
)
def test_the_interval_holds_the_score_and_narrows_with_its_level(metric: Any, data: Callable) -> None:
    targets, predictions = data()

    low, high = bootstrap(metric, targets, predictions, seed=3)
    inner_low, inner_high = bootstrap(metric, targets, predictions, seed=3, level=0.5)

    assert low < inner_low < metric.score(targets, predictions) < inner_high < high


def test_one_seed_gives_one_interval_and_another_seed_another() -> None:
    data = regression()

    first, again, other = (bootstrap(R2(), *data, seed=seed) for seed in (4, 4, 5))

    assert first == again != other


def test_resamples_of_one_class_are_left_out() -> None:
    targets = np.array([1, 0, 0, 0])

    low, high = bootstrap(RocAuc(), targets, np.array([[0.6], [0.7], [0.2], [0.1]], np.float32), seed=0)

    assert 0 <= low < high <= 1


@pytest.mark.parametrize(
    ("targets", "predictions"),
    [
        (np.ones(5, int), np.full((5, 1), 0.3, np.float32)),
        (np.array([1]), np.array([[0.7]], np.float32)),
        (np.array([0, 1, 1]), np.array([[np.nan], [0.2], [0.9]], np.float32)),
    ],
    ids=["one class", "one row", "not a number"],
)
def test_without_a_score_there_is_no_interval(targets: np.ndarray, predictions: np.ndarray) -> None:
    assert np.isnan(bootstrap(RocAuc(), targets, predictions, seed=0)).all()


@pytest.mark.parametrize(
    ("metric", "rows", "outputs", "resamples"),
    [
        (Accuracy(), 10_000, 1, 1000),
        (Accuracy(), 12_000, 10, 1000),
        (Accuracy(), 40_000, 10, 500),
        (RocAuc(), 10_000, 4, 500),
        (RocAuc(), 1_000_000, 1, 200),
        (Spread(), 10, 1, 200),
    ],
)
def test_the_number_of_resamples_follows_from_the_sizes(metric: Any, rows: int, outputs: int, resamples: int) -> None:
    assert resamples_for(metric, np.zeros(rows, int), np.zeros((rows, outputs), np.float32)) == resamples


def test_neighbours_that_are_alike_widen_the_interval_when_they_are_drawn_together() -> None:
    # Each error comes twenty times in a row, so there are 50 measurements, not 1,000.
    errors = np.repeat(np.random.default_rng(3).normal(size=50), 20)
    targets, predictions = np.zeros(1000), errors[:, None].astype(np.float32)
    alone = np.abs(errors[::20])

    low, high = bootstrap(MeanAbsoluteError(), targets, predictions, seed=0, block=20)

    by_hand = 1.96 * alone.std(ddof=1) / np.sqrt(50)
    # Blocks begin anywhere and mostly hold parts of two measurements, which leaves two thirds of the variance.
    assert (high - low) / 2 == pytest.approx(by_hand * np.sqrt(2 / 3), rel=0.15)
    narrow = bootstrap(MeanAbsoluteError(), targets, predictions, seed=0)
    assert (narrow[1] - narrow[0]) / 2 == pytest.approx(by_hand / np.sqrt(20), rel=0.15)
