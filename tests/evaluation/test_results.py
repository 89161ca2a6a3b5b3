from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from dlrun.evaluation import FoldOutcome, bootstrap, naive_baselines, summarise
from dlrun.evaluation.exact import Accuracy, RocAuc
from dlrun.seeds import child_seed

TARGETS = np.array([0, 1, 0, 1, 0, 1, 1, 0])
GOOD = np.array([[0.1], [0.9], [0.2], [0.8]], np.float32)  # all right for rows 0..3
FAIR = np.array([[0.1], [0.9], [0.7], [0.8]], np.float32)  # row 2 wrong
BASELINES = naive_baselines("binary", TARGETS[4:], 1)
OUTCOME = FoldOutcome(
    iteration=1,
    fold=1,
    validation_rows=np.arange(4),
    predictions=FAIR,
    best_predictions=GOOD,
    best_epoch=3,
    history_loss_final=0.5,
    history_loss_best=0.25,
)
METRICS = (Accuracy(), RocAuc())


def test_hold_out_scores_are_those_of_the_last_epoch_and_of_the_selected_one() -> None:
    result = summarise([OUTCOME], TARGETS, METRICS, [BASELINES], seed=0)

    assert {name: score.mean for name, score in result.validation.items()} == {
        "loss": 0.5,
        "accuracy": 0.75,
        "roc_auc": 1,
    }
    assert {name: score.mean for name, score in result.selected.items()} == {"loss": 0.25, "accuracy": 1, "roc_auc": 1}
    assert {score.epoch for score in result.selected.values()} == {3}
    assert (result.primary, result.higher_is_better) == ("accuracy", True)


def test_baselines_are_scored_on_the_same_rows() -> None:
    result = summarise([OUTCOME], TARGETS, METRICS, [BASELINES], seed=0)

    assert result.baselines == {"majority": {"accuracy": 0.5, "roc_auc": 0.5}}


def test_a_hold_out_score_has_a_bootstrap_interval_and_no_deviation() -> None:
    score = summarise([OUTCOME], TARGETS, METRICS, [BASELINES], seed=7).validation["accuracy"]

    expected = bootstrap(Accuracy(), TARGETS[:4], FAIR, seed=child_seed(7, "interval"))
    assert (score.low, score.high) == expected
    assert (score.std, score.n, score.per_fold) == (None, 1, ((0.75,),))


def test_folds_are_averaged_and_listed_by_iteration() -> None:
    second = replace(OUTCOME, fold=2, validation_rows=np.arange(4, 8), predictions=GOOD, history_loss_final=0.7)
    third = replace(second, iteration=2, fold=1)

    result = summarise([OUTCOME, second, third], TARGETS, METRICS, [BASELINES] * 3, seed=0)

    score = result.validation["accuracy"]  # rows 4..7 are 0, 1, 1, 0: two of four right
    assert score.per_fold == ((0.75, 0.5), (0.5,))
    assert (score.mean, score.n) == (pytest.approx(1.75 / 3), 3)
    assert score.std == pytest.approx(0.25 / 3**0.5)  # of 0.75, 0.5, 0.5 with n - 1
    assert (score.low, score.high) == (None, None)


def test_the_record_form_is_plain_json_with_null_for_what_is_not_there() -> None:
    outcome = replace(OUTCOME, validation_rows=np.array([0, 0, 2, 2]), history_loss_best=float("inf"))

    scores = summarise([outcome], TARGETS, METRICS, [BASELINES], seed=0).as_json()

    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    assert scores["validation"]["roc_auc"] == {
        "mean": None, "std": None, "low": None, "high": None, "n": 1, "per_fold": [[None]],
    }  # fmt: skip
    assert scores["validation"]["loss"] == {
        "mean": 0.5, "std": None, "low": None, "high": None, "n": 1, "per_fold": [[0.5]],
    }  # fmt: skip
    assert scores["selected"]["loss"]["mean"] is None
    assert scores["selected"]["accuracy"]["epoch"] == 3
    assert list(scores) == ["validation", "selected", "baselines"]


def test_a_score_without_a_value_is_explained() -> None:
    one_class = replace(OUTCOME, validation_rows=np.array([0, 0, 2, 2]))
    broken = replace(OUTCOME, predictions=np.full((4, 1), np.nan, np.float32))

    notes = [summarise([outcome], TARGETS, [RocAuc()], [BASELINES], seed=0).notes for outcome in (one_class, broken)]

    assert notes == [
        ("roc_auc has no value: no class has both rows of its own and rows of others",),
        ("roc_auc has no value: the model predicts NaN or infinity",),
    ]


def test_without_metrics_loss_is_the_primary_one() -> None:
    result = summarise([OUTCOME], TARGETS, (), [BASELINES], seed=0)

    assert (result.primary, result.higher_is_better, list(result.validation)) == ("loss", False, ["loss"])
