from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from dlrun.evaluation import corrected_interval


def test_four_folds_worked_by_hand() -> None:
    # Mean 2.5; s² = (1.5² + 0.5² + 0.5² + 1.5²) / 3 = 5/3; 10 validation rows for 30 training rows: 1/4 + 1/3 = 7/12.
    # sqrt(7/12 · 5/3) = sqrt(35/36) = 0.98601; t(3) at 97.5 % is 3.18245 (tables): 3.13793 to each side.
    low, high = corrected_interval([1, 2, 3, 4], [30] * 4, [10] * 4)

    assert (low, high) == pytest.approx((2.5 - 3.13793, 2.5 + 3.13793), abs=1e-5)


def test_ten_times_ten_folds_are_the_corrected_repeated_k_fold_test() -> None:
    # Bouckaert and Frank (2004): t = mean / sqrt((1/100 + 1/9) s²) with 99 degrees of freedom.
    values = np.random.default_rng(0).normal(0.3, 1, 100)
    statistic = values.mean() / math.sqrt((1 / 100 + 1 / 9) * values.var(ddof=1))

    low, high = corrected_interval(list(values), [90] * 100, [10] * 100)

    # The interval's reach in units of the standard error is the quantile, so that 0 lies outside where |t| is beyond.
    assert values.mean() / ((high - low) / 2) == pytest.approx(statistic / stats.t(99).ppf(0.975))


def test_without_validation_rows_it_is_the_textbook_interval_of_a_mean() -> None:
    values = [0.2, 0.5, 0.1, 0.9, 0.4]

    interval = corrected_interval(values, [100] * 5, [0] * 5, level=0.9)

    assert interval == pytest.approx(stats.t.interval(0.9, 4, loc=np.mean(values), scale=stats.sem(values)))


def test_the_shares_of_folds_of_different_size_are_averaged() -> None:
    interval = corrected_interval([1, 3], [4, 8], [2, 2])  # shares 1/2 and 1/4

    assert interval == corrected_interval([1, 3], [8, 8], [3, 3])


def test_equal_values_leave_no_doubt() -> None:
    assert corrected_interval([0.5] * 4, [3] * 4, [1] * 4) == (0.5, 0.5)


@pytest.mark.parametrize("values", [[1.0], [1.0, float("nan")], []])
def test_without_two_numbers_there_is_no_interval(values: list[float]) -> None:
    sizes = [2] * len(values)

    assert np.isnan(corrected_interval(values, sizes, sizes)).all()


def test_over_repeated_k_fold_it_covers_about_as_often_as_it_says_and_the_plain_one_does_not() -> None:
    """Score the training mean as a predictor, by 4-fold repeated 5 times; the truth is known."""
    random = np.random.default_rng(1)
    rows, k, iterations, trials = 40, 4, 5, 400
    truth = 1 + 1 / 30  # squared error of a mean of 30 standard normal rows on a new row
    covered = plain = 0
    for _ in range(trials):
        data = random.normal(size=rows)
        values = []
        for _ in range(iterations):
            for held in random.permutation(rows).reshape(k, -1):
                rest = np.delete(data, held)
                values.append(float(np.mean((data[held] - rest.mean()) ** 2)))
        folds = k * iterations
        low, high = corrected_interval(values, [30] * folds, [10] * folds)
        reach = stats.t(folds - 1).ppf(0.975) * stats.sem(values)
        covered += low <= truth <= high
        plain += np.mean(values) - reach <= truth <= np.mean(values) + reach

    assert covered >= 0.90 * trials
    assert plain <= 0.80 * trials
