from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from dlrun.evaluation import FoldOutcome, corrected_interval, summarise
from dlrun.evaluation.exact import Accuracy, MeanAbsoluteError, RocAuc

RANDOM = np.random.default_rng(0)


def outcome(
    rows: np.ndarray, predictions: np.ndarray, baselines: Mapping[str, np.ndarray], *, fold: int = 1
) -> FoldOutcome:
    history = {"loss": [0.0], "mae": [0.0], "accuracy": [0.0], "roc_auc": [0.0]}
    column = predictions[:, None].astype(np.float32)
    return FoldOutcome(
        iteration=1,
        fold=fold,
        train_rows=90,
        validation_rows=rows,
        predictions=column,
        best_predictions=column,
        train={"loss": [0.0]},
        validation=history,
        final_epoch=1,
        best_epoch=1,
        stopped_early=False,
        baselines={name: said[:, None].astype(np.float32) for name, said in baselines.items()},
    )


def test_folds_are_paired_and_bounded_by_the_corrected_variance() -> None:
    targets = np.zeros(6)
    offs = [(1, 4), (2, 6), (3, 5)]  # the errors of model and baseline on two rows each: differences 3, 4, 2
    folds = [
        outcome(np.array([2 * at, 2 * at + 1]), np.full(2, own), {"mean": np.full(2, other)}, fold=at + 1)
        for at, (own, other) in enumerate(offs)
    ]

    comparison = summarise(folds, targets, [MeanAbsoluteError()], seed=0).comparisons["mean"]

    assert (comparison.baseline, comparison.difference) == ("mean", 3)
    assert (comparison.low, comparison.high) == pytest.approx(corrected_interval([3, 4, 2], [90] * 3, [2] * 3))


def test_positive_means_better_where_higher_is_better_too() -> None:
    targets = np.array([1, 1, 0, 0])
    folds = [outcome(np.arange(4), np.array([0.9, 0.9, 0.1, at]), {"majority": np.full(4, 0.4)}) for at in (0.1, 0.8)]

    comparison = summarise(folds, targets, [Accuracy()], seed=0).comparisons["majority"]

    assert comparison.difference == pytest.approx((0.5 + 0.25) / 2)


def test_hold_out_is_bounded_as_the_mean_of_paired_differences_is() -> None:
    targets = RANDOM.normal(size=500)
    model, other = targets + RANDOM.normal(0, 1, 500), targets + RANDOM.normal(0, 1.1, 500)
    differences = np.abs(other - targets) - np.abs(model - targets)
    reach = 1.96 * differences.std(ddof=1) / 500**0.5

    result = summarise([outcome(np.arange(500), model, {"linear": other})], targets, [MeanAbsoluteError()], seed=0)

    comparison = result.comparisons["linear"]
    assert comparison.difference == pytest.approx(differences.mean(), rel=1e-4)
    expected = differences.mean() - reach, differences.mean() + reach
    assert (comparison.low, comparison.high) == pytest.approx(expected, abs=0.15 * reach)


def test_both_are_scored_on_the_same_draws_so_that_a_shift_has_no_spread() -> None:
    targets = RANDOM.normal(size=50)
    low = targets - 1 - RANDOM.random(50)  # always below: another 0.5 below adds 0.5 to every row's error

    result = summarise([outcome(np.arange(50), low, {"mean": low - 0.5})], targets, [MeanAbsoluteError()], seed=0)

    comparison = result.comparisons["mean"]
    assert (comparison.low, comparison.high) == pytest.approx((0.5, 0.5), abs=1e-6)


def test_resamples_without_a_score_are_left_out_of_the_difference() -> None:
    targets = np.array([1, 0, 0, 0])
    fold = outcome(np.arange(4), np.array([0.9, 0.1, 0.2, 0.3]), {"majority": np.full(4, 0.25)})

    comparison = summarise([fold], targets, [RocAuc()], seed=0).comparisons["majority"]

    assert (comparison.difference, comparison.low, comparison.high) == (0.5, 0.5, 0.5)


def test_a_baseline_that_a_fold_lacks_is_not_compared() -> None:
    targets, said = np.zeros(4), np.ones(2)
    folds = [
        outcome(np.arange(2), said, {"mean": said, "linear": said}, fold=1),
        outcome(np.arange(2, 4), said, {"mean": said}, fold=2),
    ]

    result = summarise(folds, targets, [MeanAbsoluteError()], seed=0)

    assert list(result.comparisons) == ["mean"]
    assert np.isnan(result.baselines["linear"]["mae"])


def test_a_single_row_has_a_difference_and_no_interval() -> None:
    fold = outcome(np.arange(1), np.array([1.0]), {"mean": np.array([3.0])})

    comparison = summarise([fold], np.zeros(1), [MeanAbsoluteError()], seed=0).comparisons["mean"]

    assert (comparison.difference, comparison.low, comparison.high) == (2, None, None)


def test_a_model_without_a_score_is_compared_with_nothing() -> None:
    fold = outcome(np.arange(2), np.array([np.nan, 1.0]), {"mean": np.ones(2)})

    assert summarise([fold], np.zeros(2), [MeanAbsoluteError()], seed=0).comparisons == {}
