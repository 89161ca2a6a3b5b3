from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from dlrun.evaluation import EvaluationResult, FoldOutcome, bootstrap, corrected_interval, naive_baselines, summarise
from dlrun.evaluation.exact import Accuracy, RocAuc
from dlrun.seeds import child_seed

TARGETS = np.array([0, 1, 0, 1, 0, 1, 1, 0])
GOOD = np.array([[0.1], [0.9], [0.2], [0.8]], np.float32)  # all right for rows 0..3
FAIR = np.array([[0.1], [0.9], [0.7], [0.8]], np.float32)  # row 2 wrong
(MAJORITY,) = naive_baselines("binary", TARGETS[4:], 1)
OUTCOME = FoldOutcome(
    iteration=1,
    fold=1,
    train_rows=4,
    validation_rows=np.arange(4),
    predictions=FAIR,
    best_predictions=GOOD,
    train={"loss": [0.9, 0.6, 0.4, 0.2]},
    validation={"loss": [0.8, 0.6, 0.25, 0.5], "accuracy": [0.5, 0.75, 1, 0.75], "roc_auc": [0.5, 0.75, 1, 1]},
    final_epoch=4,
    best_epoch=3,
    stopped_early=False,
    baselines={"majority": MAJORITY.predict(4)},
)
SECOND = replace(
    OUTCOME,
    fold=2,
    validation_rows=np.arange(4, 8),
    predictions=GOOD,  # rows 4..7 are 0, 1, 1, 0: two of four right
    validation={"loss": [0.7, 0.5, 0.9, 0.7], "accuracy": [0.5, 0.75, 0.25, 0.5], "roc_auc": [0.5] * 4},
    best_epoch=2,
)
METRICS = (Accuracy(), RocAuc())


def scored(*outcomes: FoldOutcome, seed: int = 0) -> EvaluationResult:
    return summarise(outcomes, TARGETS, METRICS, seed=seed)


def test_hold_out_scores_are_those_of_the_last_epoch_and_of_the_selected_one() -> None:
    result = scored(OUTCOME)

    last = {name: score.mean for name, score in result.validation.items()}
    selected = {name: score.mean for name, score in result.selected.items()}
    assert last == {"loss": 0.5, "accuracy": 0.75, "roc_auc": 1}
    assert selected == {"loss": 0.25, "accuracy": 1, "roc_auc": 1}
    assert {score.epoch for score in result.selected.values()} == {3}
    assert (result.primary, result.higher_is_better) == ("accuracy", True)


def test_the_loss_is_that_of_the_epoch_whose_weights_are_the_final_ones() -> None:
    assert scored(replace(OUTCOME, final_epoch=2)).validation["loss"].mean == 0.6


def test_baselines_are_scored_on_the_same_rows() -> None:
    assert scored(OUTCOME).baselines == {"majority": {"accuracy": 0.5, "roc_auc": 0.5}}


def test_a_hold_out_score_has_a_bootstrap_interval_and_no_deviation() -> None:
    result = scored(OUTCOME, seed=7)

    score, selected = result.validation["accuracy"], result.selected["accuracy"]
    draws = child_seed(7, "interval")
    assert (score.low, score.high) == bootstrap(Accuracy(), TARGETS[:4], FAIR, seed=draws)
    assert (selected.low, selected.high) == bootstrap(Accuracy(), TARGETS[:4], GOOD, seed=draws)
    assert (score.std, score.n, score.per_fold) == (None, 1, ((0.75,),))
    assert (result.validation["loss"].low, result.validation["loss"].high) == (None, None)


def test_folds_are_averaged_with_the_corrected_interval_loss_too() -> None:
    result = scored(OUTCOME, SECOND)

    score, loss = result.validation["accuracy"], result.validation["loss"]
    assert (score.mean, score.n, score.per_fold) == (0.625, 2, ((0.75, 0.5),))
    assert score.std == pytest.approx(0.25 / 2**0.5)  # of 0.75 and 0.5 with n - 1
    wide = corrected_interval([0.75, 0.5], [4, 4], [4, 4])  # far beyond what an accuracy can be: cut there
    assert wide[0] < 0 < 1 < wide[1]
    assert (score.low, score.high) == (0, 1)
    assert (loss.low, loss.high) == pytest.approx(corrected_interval([0.5, 0.7], [4, 4], [4, 4]))


def test_the_score_is_the_mean_over_iterations_of_the_mean_over_folds() -> None:
    score = scored(OUTCOME, SECOND, replace(OUTCOME, iteration=2)).validation["accuracy"]

    reach = np.diff(corrected_interval([0.75, 0.5, 0.75], [4] * 3, [4] * 3))[0] / 2
    assert score.per_fold == ((0.75, 0.5), (0.75,))
    assert score.mean == pytest.approx((0.625 + 0.75) / 2)
    assert (score.low, score.high) == pytest.approx((max(0, score.mean - reach), min(1, score.mean + reach)))


def test_under_k_fold_all_folds_are_read_at_the_best_epoch_of_the_mean_curve() -> None:
    result = scored(OUTCOME, SECOND)

    chosen = result.selected["accuracy"]  # means by epoch: 0.5, 0.75, 0.625, 0.625; the folds' own best are 3 and 2
    assert (chosen.epoch, chosen.mean, chosen.per_fold) == (2, 0.75, ((0.75, 0.75),))
    assert result.selected["loss"].per_fold == ((0.6, 0.5),)
    assert result.selected["roc_auc"].per_fold == ((0.75, 0.5),)
    assert (chosen.low, chosen.high) == (0.75, 0.75)


def test_a_fold_that_failed_leaves_no_mean_and_is_named() -> None:
    empty = np.empty((0, 1), np.float32)
    failed = replace(
        SECOND, predictions=empty, best_predictions=empty, validation={"loss": []}, baselines={}, failure="loss is NaN"
    )

    result = scored(OUTCOME, failed)

    for score in [*result.validation.values(), *result.selected.values()]:
        assert np.isnan(score.mean)
        assert (score.std, score.low, score.high, score.n) == (None, None, None, 1)
        assert np.isnan(score.per_fold[0][1])
    assert result.validation["accuracy"].per_fold[0][0] == 0.75
    assert result.comparisons == {}
    assert np.isnan(result.baselines["majority"]["accuracy"])
    assert result.notes == ("no mean is given: 1 of 2 folds failed (fold 2)",)
    assert result.failures_as_json() == [{"iteration": 1, "fold": 2, "reason": "loss is NaN"}]
    assert result.curve.folds == (1, 1, 1, 1)


def test_where_all_folds_failed_nothing_is_selected() -> None:
    failed = replace(OUTCOME, failure="out of memory")

    for result in (scored(failed), scored(failed, replace(failed, iteration=2))):
        assert {score.epoch for score in result.selected.values()} == {None}
        assert all(np.isnan(score.mean) for score in result.selected.values())
    assert result.notes == ("no mean is given: 2 of 2 folds failed (fold 1 of iteration 1, fold 1 of iteration 2)",)


def test_the_record_form_is_plain_json_with_null_for_what_is_not_there() -> None:
    history = {**OUTCOME.validation, "loss": [0.8, 0.6, float("inf"), 0.5]}
    result = scored(replace(OUTCOME, validation_rows=np.array([0, 0, 2, 2]), validation=history))

    scores, comparisons = result.as_json(), result.comparisons_as_json()

    assert json.loads(json.dumps([scores, comparisons], allow_nan=False)) == [scores, comparisons]
    assert scores["validation"]["roc_auc"] == {
        "mean": None, "std": None, "low": None, "high": None, "n": 1, "per_fold": [[None]],
    }  # fmt: skip
    assert scores["validation"]["loss"] == {
        "mean": 0.5, "std": None, "low": None, "high": None, "n": 1, "per_fold": [[0.5]],
    }  # fmt: skip
    assert scores["selected"]["loss"]["mean"] is None
    assert scores["selected"]["accuracy"]["epoch"] == 3
    assert list(scores) == ["validation", "selected", "baselines"]
    assert list(comparisons["majority"]) == ["baseline", "difference", "low", "high"]


def test_a_score_without_a_value_is_explained() -> None:
    one_class = replace(OUTCOME, validation_rows=np.array([0, 0, 2, 2]))
    broken = replace(OUTCOME, predictions=np.full((4, 1), np.nan, np.float32))

    notes = [summarise([outcome], TARGETS, [RocAuc()], seed=0).notes for outcome in (one_class, broken)]

    assert notes == [
        ("roc_auc has no value: no class has both rows of its own and rows of others",),
        ("roc_auc has no value: the model predicts NaN or infinity",),
    ]


def test_without_metrics_loss_is_the_primary_one_and_baselines_have_no_score() -> None:
    result = summarise([OUTCOME, SECOND], TARGETS, (), seed=0)

    assert (result.primary, result.higher_is_better, list(result.validation)) == ("loss", False, ["loss"])
    assert result.selected["loss"].epoch == 2  # means 0.75, 0.55, 0.575, 0.6
    assert (result.baselines, result.comparisons) == ({"majority": {}}, {})
