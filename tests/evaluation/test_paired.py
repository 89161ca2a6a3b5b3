import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dlrun.evaluation.paired import (
    bootstrap_p,
    corrected_t_test,
    holm,
    iterations_needed,
    mcnemar,
    posterior,
    unpaired_t_test,
)

NUMBERS = st.floats(-100, 100).map(lambda value: round(value, 3))
SAMPLES = st.lists(NUMBERS, min_size=3, max_size=20).filter(lambda values: np.ptp(values) > 0.01)


@given(values=SAMPLES)
def test_without_shared_training_rows_the_corrected_test_is_students(values: list[float]) -> None:
    ours = corrected_t_test(values, [0.0] * len(values))

    theirs = stats.ttest_1samp(values, 0.0)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-12)
    interval = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high), rel=1e-9, abs=1e-9)


def test_the_corrected_test_by_hand() -> None:
    # Differences 1, 2, 3 under 3-fold: share 1/2, s² = 1, so t = 2 / sqrt(1/3 + 1/2) = 2.1909, 2 degrees of freedom.
    found = corrected_t_test([1.0, 2.0, 3.0], [0.5] * 3)

    t = 2 / math.sqrt(1 / 3 + 1 / 2)
    assert found.p == pytest.approx(2 * stats.t.sf(t, 2))
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 2) * math.sqrt(5 / 6))


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.5, 0.0)])
def test_equal_differences_leave_no_doubt(value: float, p: float) -> None:
    found = corrected_t_test([value] * 4, [1 / 3] * 4)

    assert (found.mean, found.low, found.high, found.p) == (value, value, value, p)


@given(ours=SAMPLES, theirs=SAMPLES)
def test_without_shared_training_rows_the_unpaired_test_is_welchs(ours: list[float], theirs: list[float]) -> None:
    found = unpaired_t_test(ours, theirs, [0.0] * len(ours), [0.0] * len(theirs))

    welch = stats.ttest_ind(ours, theirs, equal_var=False)
    assert found.p == pytest.approx(welch.pvalue, rel=1e-6, abs=1e-9)
    interval = welch.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-6)


@given(ours=st.integers(0, 60), theirs=st.integers(0, 60))
def test_mcnemars_test_is_the_binomial_test(ours: int, theirs: int) -> None:
    found = mcnemar(ours, theirs)

    decided = ours + theirs
    assert found == pytest.approx(stats.binomtest(ours, decided).pvalue if decided else 1.0)


def test_a_bootstrap_never_claims_certainty() -> None:
    assert bootstrap_p(np.full(999, 0.3)) == pytest.approx(2 / 1000)
    assert bootstrap_p(np.array([-1.0, 1.0] * 50)) == 1.0
    assert bootstrap_p(np.array([np.nan])) is None


def test_a_bootstrap_agrees_with_students_test_on_a_mean() -> None:
    random = np.random.default_rng(0)
    sample = random.normal(0.25, 1, 120)
    means = sample[random.integers(0, 120, (20_000, 120))].mean(axis=1)

    assert bootstrap_p(means) == pytest.approx(stats.ttest_1samp(sample, 0).pvalue, abs=0.01)


def test_holms_correction_by_hand() -> None:
    # 4 x 0.005 = 0.02; 3 x 0.011 = 0.033; 2 x 0.02 = 0.04; 0.04 x 1, not below the one before.
    assert holm([0.02, 0.04, 0.005, 0.011]) == pytest.approx([0.04, 0.04, 0.02, 0.033])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_no_correction_and_bonferronis(values: list[float]) -> None:
    for value, adjusted in zip(values, holm(values), strict=True):
        assert value <= adjusted <= min(1.0, len(values) * value) + 1e-12


def test_the_posterior_agrees_with_drawing_from_it() -> None:
    differences, shares = [0.02, 0.05, -0.01, 0.04, 0.03, 0.01, 0.06, 0.02, 0.00, 0.03], [1 / 9] * 10
    found = posterior(differences, shares, 0.01)

    # The definition, sampled: the variance from its inverse gamma, then the mean given the variance.
    random, rho, n = np.random.default_rng(1), 1 / 10, 10
    s2 = np.var(differences, ddof=1)
    variance = (n - 1) * s2 / random.chisquare(n - 1, 400_000)
    drawn = random.normal(np.mean(differences), np.sqrt(variance * (1 / n + rho / (1 - rho))))
    assert found.worse == pytest.approx((drawn < -0.01).mean(), abs=0.003)
    assert found.better == pytest.approx((drawn > 0.01).mean(), abs=0.003)
    assert found.worse + found.equivalent + found.better == pytest.approx(1)


def test_without_a_region_of_equivalence_the_posterior_is_the_one_sided_p() -> None:
    differences, shares = [0.3, -0.1, 0.4, 0.2], [1 / 3] * 4

    assert 2 * posterior(differences, shares, 0.0).worse == pytest.approx(corrected_t_test(differences, shares).p)


def test_more_iterations_show_a_difference_where_the_floor_lets_them() -> None:
    differences = [0.5, -0.2, 0.9, 0.4]  # mean 0.4, s² = 0.2067

    needed = iterations_needed(differences, [1 / 3] * 4, folds=4)
    assert needed is None  # 1.96 · sqrt(0.2067 / 3) = 0.51, above 0.4 whatever n is

    steadier = iterations_needed(differences, [1 / 19] * 4, folds=20)
    assert steadier is not None
    for iterations, shown in ((steadier, True), (steadier - 1, False)):
        count = 20 * iterations
        if count > 1:
            reach = stats.t.ppf(0.975, count - 1) * math.sqrt((1 / count + 1 / 19) * np.var(differences, ddof=1))
            assert (np.mean(differences) > reach) is np.bool_(shown)


FOLDS, SHARE = 20, 1 / 3
"""Of 5 iterations of 4-fold."""


def correlated(draws: int, mean: float) -> np.ndarray:
    """Differences (draws, 20) of variance 1, each pair as correlated as Nadeau and Bengio take folds to be."""
    random, rho = np.random.default_rng(2), SHARE / (1 + SHARE)
    return mean + rho**0.5 * random.normal(size=(draws, 1)) + (1 - rho) ** 0.5 * random.normal(size=(draws, FOLDS))


def rejections(draws: np.ndarray) -> float:
    """How often the corrected test claims a difference at the 5 % level."""
    return float(np.mean([(corrected_t_test(draw, [SHARE] * FOLDS).p or 0.0) < 0.05 for draw in draws]))


def test_on_correlated_folds_one_alarm_in_twenty_is_false_and_nearly_every_second_of_the_naive_test() -> None:
    draws = correlated(4000, mean=0.0)

    naive = np.mean(stats.ttest_1samp(draws, 0.0, axis=1).pvalue < 0.05)
    assert rejections(draws) == pytest.approx(0.05, abs=0.014)  # four standard deviations of a share of 4,000
    # Its t is larger than Student's by the root of (1/20 + 1/3) / (1/20).
    critical = stats.t.ppf(0.975, FOLDS - 1) / math.sqrt(1 + FOLDS * SHARE)
    assert naive == pytest.approx(2 * stats.t.sf(critical, FOLDS - 1), abs=0.032)
    assert naive > 0.4


@pytest.mark.parametrize("mean", [0.5, 1.3])
def test_on_correlated_folds_the_power_is_that_of_the_noncentral_t(mean: float) -> None:
    centre = mean / math.sqrt((1 - SHARE / (1 + SHARE)) * (1 / FOLDS + SHARE))
    critical = stats.t.ppf(0.975, FOLDS - 1)
    theory = stats.nct.sf(critical, FOLDS - 1, centre) + stats.nct.cdf(-critical, FOLDS - 1, centre)

    assert rejections(correlated(4000, mean)) == pytest.approx(theory, abs=0.032)


def test_on_folds_of_rows_two_features_that_are_equally_good_seldom_seem_to_differ() -> None:
    random, draws = np.random.default_rng(3), []
    for _ in range(400):
        features = random.normal(size=(80, 2))
        target = features.sum(axis=1) + random.normal(size=80)
        differences = []
        for _ in range(5):
            for held_out in np.split(random.permutation(80), 4):
                train = np.delete(np.arange(80), held_out)
                slopes = (features[train] * target[train, None]).sum(axis=0) / (features[train] ** 2).sum(axis=0)
                errors = np.abs(target[held_out, None] - slopes * features[held_out]).mean(axis=0)
                differences.append(errors[0] - errors[1])
        draws.append(differences)

    naive = np.mean(stats.ttest_1samp(draws, 0.0, axis=1).pvalue < 0.05)
    assert rejections(np.array(draws)) <= 0.07
    assert naive > 0.3
