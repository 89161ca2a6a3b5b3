from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as sk

from dlrun.evaluation.exact import (
    F1,
    Accuracy,
    MeanAveragePrecision,
    PrAuc,
    Precision,
    Recall,
    RocAuc,
    TopKAccuracy,
)

Data = tuple[npt.NDArray[Any], npt.NDArray[np.float32]]

SEEDS = range(5)
AVERAGED = [(Precision(), sk.precision_score), (Recall(), sk.recall_score), (F1(), sk.f1_score)]
CLASS_METRICS = [RocAuc(), PrAuc(), Precision(), Recall(), F1()]


def binary(seed: int, rows: int = 60) -> Data:
    random = np.random.default_rng(seed)
    targets = random.integers(0, 2, rows)
    noisy = 0.3 * targets + random.random(rows) * 0.7
    return targets, noisy.round(1)[:, None].astype(np.float32)  # rounded: many ties


def multiclass(seed: int, rows: int = 80, classes: int = 5) -> Data:
    random = np.random.default_rng(seed)
    targets = random.integers(0, classes, rows)
    raw = random.random((rows, classes)) + np.eye(classes)[targets] * 0.5
    return targets, (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)


def multilabel(seed: int, rows: int = 60, labels: int = 4) -> Data:
    random = np.random.default_rng(seed)
    targets = random.integers(0, 2, (rows, labels)).astype(np.uint8)
    return targets, (0.4 * targets + 0.6 * random.random((rows, labels))).astype(np.float32)


@pytest.mark.parametrize("seed", SEEDS)
def test_accuracy_agrees_with_scikit_learn(seed: int) -> None:
    for targets, predictions, said in (
        (*(data := binary(seed)), data[1][:, 0] > 0.5),
        (*(data := multiclass(seed)), data[1].argmax(axis=1)),
    ):
        assert Accuracy().score(targets, predictions) == pytest.approx(sk.accuracy_score(targets, said))


def test_multi_label_accuracy_is_the_share_of_right_labels() -> None:
    targets = np.array([[1, 0, 1], [0, 0, 1]], np.uint8)
    predictions = np.array([[0.9, 0.2, 0.4], [0.6, 0.1, 0.8]], np.float32)  # 2 of 3, then 2 of 3

    assert Accuracy().score(targets, predictions) == pytest.approx(4 / 6)
    assert Accuracy().rows(targets, predictions) == pytest.approx([2 / 3, 2 / 3])


def test_a_probability_of_exactly_one_half_is_class_0() -> None:
    assert Accuracy().score(np.array([0, 1]), np.array([[0.5], [0.5]], np.float32)) == 0.5


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("metric", "reference"), AVERAGED)
def test_precision_recall_and_f1_agree_with_scikit_learn(
    metric: Any, reference: Callable[..., float], seed: int
) -> None:
    targets, predictions = binary(seed)
    assert metric.score(targets, predictions) == pytest.approx(reference(targets, predictions[:, 0] > 0.5))

    targets, predictions = multiclass(seed)
    assert metric.score(targets, predictions) == pytest.approx(
        reference(targets, predictions.argmax(axis=1), average="macro", zero_division=0)
    )

    targets, predictions = multilabel(seed)
    assert metric.score(targets, predictions) == pytest.approx(reference(targets, predictions > 0.5, average="macro"))


@pytest.mark.parametrize(("metric", "reference"), AVERAGED)
def test_a_class_without_rows_does_not_enter_the_average(metric: Any, reference: Callable[..., float]) -> None:
    targets, predictions = multiclass(0)
    kept = targets != 3
    targets, predictions = targets[kept], predictions[kept]

    expected = reference(targets, predictions.argmax(axis=1), labels=[0, 1, 2, 4], average="macro", zero_division=0)

    assert metric.score(targets, predictions) == pytest.approx(expected)


def test_precision_is_0_for_a_class_that_has_rows_but_is_never_said() -> None:
    assert Precision().score(np.array([0, 1]), np.array([[0.1], [0.2]], np.float32)) == 0.0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("metric", "reference"), [(RocAuc(), sk.roc_auc_score), (PrAuc(), sk.average_precision_score)])
def test_ranking_scores_are_scikit_learns_one_against_the_rest(
    metric: Any, reference: Callable[..., float], seed: int
) -> None:
    targets, predictions = binary(seed)
    assert metric.score(targets, predictions) == pytest.approx(reference(targets, predictions[:, 0]))

    targets, predictions = multiclass(seed)
    assert metric.score(targets, predictions) == pytest.approx(
        reference(np.eye(5)[targets], predictions, average="macro")
    )

    targets, predictions = multilabel(seed)
    assert metric.score(targets, predictions) == pytest.approx(reference(targets, predictions, average="macro"))


def test_mean_average_precision_is_the_average_over_labels_that_have_rows() -> None:
    targets, predictions = multilabel(1)
    targets[:, 2] = 0

    expected = [sk.average_precision_score(targets[:, label], predictions[:, label]) for label in (0, 1, 3)]

    assert MeanAveragePrecision().score(targets, predictions) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("metric", CLASS_METRICS)
def test_without_any_row_of_class_1_binary_scores_have_no_value(metric: Any) -> None:
    predictions = np.array([[0.2], [0.7], [0.9]], np.float32)

    assert np.isnan(metric.score(np.zeros(3, np.int64), predictions))


def test_roc_auc_has_no_value_where_all_rows_are_of_class_1() -> None:
    assert np.isnan(RocAuc().score(np.ones(3, np.int64), np.array([[0.2], [0.7], [0.9]], np.float32)))


@pytest.mark.parametrize("metric", [Accuracy(), *CLASS_METRICS])
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_predictions_that_are_not_finite_have_no_score(metric: Any, broken: float) -> None:
    targets, predictions = binary(0)
    predictions[3] = broken

    assert np.isnan(metric.score(targets, predictions))


@pytest.mark.parametrize("k", [1, 2, 4])
def test_top_k_accuracy_agrees_with_scikit_learn(k: int) -> None:
    targets, predictions = multiclass(2)

    assert TopKAccuracy(k).score(targets, predictions) == pytest.approx(
        sk.top_k_accuracy_score(targets, predictions, k=k, labels=range(5))
    )


def test_a_net_that_says_the_same_of_all_classes_earns_nothing_from_ties() -> None:
    targets = np.arange(10)

    assert TopKAccuracy(2).score(targets, np.full((10, 10), 0.1, np.float32)) == pytest.approx(0.2)


@pytest.mark.parametrize("metric", [Accuracy(), TopKAccuracy(2)])
def test_rows_average_to_the_score(metric: Any) -> None:
    targets, predictions = multiclass(3)

    assert metric.rows(targets, predictions).mean() == pytest.approx(metric.score(targets, predictions))


@pytest.mark.parametrize("metric", [RocAuc(), PrAuc(), MeanAveragePrecision(), Precision(), Recall(), F1()])
@pytest.mark.parametrize("make", [binary, multiclass, multilabel])
def test_counts_score_a_resample_as_if_its_rows_were_written_out(metric: Any, make: Callable[[int], Data]) -> None:
    targets, predictions = make(4)
    drawn = np.random.default_rng(5).integers(0, len(targets), (3, len(targets)))
    counts = np.array([np.bincount(rows, minlength=len(targets)) for rows in drawn], np.float64)

    at_once = metric.reweighted(targets, predictions, counts)

    assert at_once == pytest.approx([metric.score(targets[rows], predictions[rows]) for rows in drawn])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("metric", "twin"),
    [(Precision(positive=0), sk.precision_score), (Recall(positive=0), sk.recall_score), (F1(positive=0), sk.f1_score)],
)
def test_class_0_may_be_the_positive_one(metric: Any, twin: Callable[..., float], seed: int) -> None:
    targets, predictions = binary(seed)
    said = predictions[:, 0] > 0.5  # 0.5 itself says class 0

    assert metric.score(targets, predictions) == pytest.approx(twin(targets, said, pos_label=0))
    counts = np.ones((1, len(targets)))
    assert metric.reweighted(targets, predictions, counts)[0] == pytest.approx(twin(targets, said, pos_label=0))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_precision_recall_curve_may_be_that_of_class_0(seed: int) -> None:
    targets, predictions = binary(seed)
    theirs = sk.average_precision_score(targets == 0, -predictions[:, 0])

    assert PrAuc(positive=0).score(targets, predictions) == pytest.approx(theirs)
    counts = np.ones((1, len(targets)))
    assert PrAuc(positive=0).reweighted(targets, predictions, counts)[0] == pytest.approx(theirs)
    tiny = np.array([[1e-20], [1e-30]], np.float32)
    assert PrAuc(positive=0).score(np.array([1, 0]), tiny) == 1  # 1 - p would make both alike


@pytest.mark.parametrize("metric", [PrAuc(positive=0), Precision(positive=0), Recall(positive=0), F1(positive=0)])
def test_without_rows_of_class_0_its_score_has_no_value(metric: Any) -> None:
    assert np.isnan(metric.score(np.array([1, 1]), np.array([[0.2], [0.7]], np.float32)))
