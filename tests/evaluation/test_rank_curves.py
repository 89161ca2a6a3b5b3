"""ROC and precision-recall curves: areas as scikit-learn has them, means that read steps as steps."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from dlrun.evaluation.rank_curves import (
    RankCurve,
    mean_precision_recall,
    mean_roc,
    precision_recall_curve,
    roc_curve,
)


def drawn(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < 0.3).astype(int)
    return labels, np.round(labels + random.normal(0, 1, rows), 1)  # rounded: ties


@pytest.mark.parametrize("rows", [12, 3000])
def test_areas_are_those_of_scikit_learn_and_lines_stay_short(rows: int) -> None:
    labels, scores = drawn(rows, 1)
    roc, precision_recall = roc_curve(labels, scores), precision_recall_curve(labels, scores)

    assert roc is not None
    assert precision_recall is not None
    assert roc.area == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert precision_recall.area == pytest.approx(metrics.average_precision_score(labels, scores))
    for curve in (roc, precision_recall):
        assert len(curve.x) == len(curve.y) <= 150
        assert np.all(np.diff(curve.x) >= 0)
        assert (curve.x[-1], roc.y[-1]) == (1, 1)


def test_the_thinned_line_has_the_same_area() -> None:
    labels, scores = drawn(3000, 2)
    curve = roc_curve(labels, scores + np.random.default_rng(3).normal(0, 1e-3, 3000))

    assert curve is not None
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(curve.area, abs=2e-3)


@pytest.mark.parametrize("labels", [np.ones(4, int), np.zeros(4, int)])
def test_rows_of_one_kind_have_no_curve(labels: np.ndarray) -> None:
    assert roc_curve(labels, np.arange(4.0)) is None
    assert precision_recall_curve(labels, np.arange(4.0)) is None


def test_the_mean_of_equal_roc_curves_is_that_curve() -> None:
    curve = RankCurve(np.array([0.0, 0.25, 1.0]), np.array([0.0, 0.75, 1.0]), 0.7)
    mean = mean_roc([curve, curve])

    assert np.interp([0.1, 0.25, 0.8], mean.x, mean.y) == pytest.approx(np.interp([0.1, 0.25, 0.8], curve.x, curve.y))
    assert mean.area == pytest.approx(0.7)


def test_a_mean_roc_curve_lies_between_those_it_is_of() -> None:
    low, high = (RankCurve(np.array([0.0, 1.0]), np.array([start, 1.0]), start) for start in (0.0, 0.5))
    mean = mean_roc([low, high])

    assert mean.y[[0, 50, 100]] == pytest.approx([0.25, 0.625, 1.0])


def test_precision_between_two_recalls_is_that_of_the_next_threshold() -> None:
    curve = RankCurve(np.array([0.5, 1.0]), np.array([1.0, 0.4]), 0.7)
    mean = mean_precision_recall([curve, curve])

    assert np.interp([0.2, 0.49, 0.52, 0.9], mean.x, mean.y) == pytest.approx([1.0, 1.0, 0.4, 0.4])


def test_the_area_below_the_steps_is_the_average_precision() -> None:
    labels, scores = drawn(2000, 5)
    curve = precision_recall_curve(labels, scores)
    assert curve is not None
    mean = mean_precision_recall([curve])

    assert mean.y.mean() == pytest.approx(curve.area, abs=0.01)
