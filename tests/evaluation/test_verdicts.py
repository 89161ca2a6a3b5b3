from __future__ import annotations

import pytest

from dlrun.evaluation import Comparison, Curve, EvaluationResult, Score, against_linear, power
from dlrun.evaluation.verdicts import figure

NO_CURVE = Curve((), {}, {}, {}, {})


def result(*comparisons: Comparison, folds: int = 4) -> EvaluationResult:
    score = Score(2.38, None, None, None, folds, ())
    return EvaluationResult({"mae": score}, {}, {}, {one.baseline: one for one in comparisons}, NO_CURVE, "mae", False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            result(Comparison("median", 4.15, 3.9, 4.4)),
            "beats always predicting the training median by 4.15 mae (95 % 3.90 to 4.40)",
        ),
        (
            result(Comparison("median", 0.1, -0.2, 0.4)),
            "may not beat always predicting the training median: the difference 0.100 is within what 4 folds can show "
            "(95 % -0.200 to 0.400)",
        ),
        (
            result(Comparison("majority", 0.1, -0.2, 0.4), folds=1),
            "may not beat always predicting the largest class: the difference 0.100 is within what these validation "
            "rows can show (95 % -0.200 to 0.400)",
        ),
        (
            result(Comparison("mean", -0.5, -0.8, -0.2)),
            "does not beat always predicting the training mean: worse by 0.500 mae (95 % 0.200 to 0.800)",
        ),
        (
            result(Comparison("majority", 0, 0, 0)),
            "does not beat always predicting the largest class: no difference",
        ),
        (
            result(Comparison("mean", -0.1, -0.4, 0.2)),
            "may not beat always predicting the training mean: the difference -0.100 is within what 4 folds can show "
            "(95 % -0.400 to 0.200)",
        ),
        (
            result(Comparison("median", 4.15, None, None)),
            "not known beside always predicting the training median: the difference is 4.15, without an interval",
        ),
        (result(Comparison("linear", 4.15, 4, 5)), ""),
        (result(), ""),
    ],
)
def test_power_says_whether_the_paired_difference_clears_the_naive_baseline(
    given: EvaluationResult, words: str
) -> None:
    assert power(given) == words


def test_the_naive_baseline_that_is_hardest_to_beat_is_the_bar() -> None:
    compared = result(
        Comparison("mean", 4.5, 4, 5), Comparison("median", 4.15, 3.9, 4.4), Comparison("linear", 1, 0, 2)
    )

    assert power(compared).startswith("beats always predicting the training median by 4.15")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (result(Comparison("linear", 0.9, 0.5, 1.3)), "better than a linear model by 0.90 mae (95 % 0.50 to 1.30)"),
        (
            result(Comparison("linear", 0.1, -0.2, 0.4)),
            "no better than a linear model: the difference 0.100 is within what 4 folds can show "
            "(95 % -0.200 to 0.400)",
        ),
        (
            result(Comparison("linear", -0.1, -0.4, 0.2)),
            "no better than a linear model: the difference -0.100 is within what 4 folds can show "
            "(95 % -0.400 to 0.200)",
        ),
        (
            result(Comparison("linear", -0.9, -1.3, -0.5)),
            "worse than a linear model by 0.90 mae (95 % 0.50 to 1.30)",
        ),
        (result(Comparison("linear", 0, None, None)), "no better than a linear model: the difference is 0.000"),
        (result(Comparison("mean", 1, 0.5, 2)), ""),
    ],
)
def test_the_linear_model_gets_words_of_its_own(given: EvaluationResult, words: str) -> None:
    assert against_linear(given) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8891, "0.889"), (2.381, "2.38"), (53.24, "53.2"), (1204.4, "1,204"), (0.00012, "0.00012"), (0, "0.000")],
)
def test_figures_have_the_digits_that_count(value: float, text: str) -> None:
    assert figure(value) == text
