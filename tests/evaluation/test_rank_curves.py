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
    thin_precision_recall,
    thin_roc,
)


def drawn(rows: int, seed: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which some share is 1, and scores that know something of them, with ties."""
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < share).astype(int)
    return labels, np.round(2 * labels + random.normal(0, 1, rows), 2)


def below(x: np.ndarray, y: np.ndarray) -> float:
    """The area below steps that end at x."""
    return float(np.sum(np.diff(x) * y[1:]))


@pytest.mark.parametrize(("rows", "share"), [(12, 0.3), (3000, 0.3), (30_000, 0.002), (2000, 0.99)])
def test_areas_are_those_of_scikit_learn_and_so_is_what_is_drawn(rows: int, share: float) -> None:
    labels, scores = drawn(rows, 1, share)
    roc, precision_recall = roc_curve(labels, scores), precision_recall_curve(labels, scores)

    assert roc is not None
    assert precision_recall is not None
    assert roc.area == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert precision_recall.area == pytest.approx(metrics.average_precision_score(labels, scores))
    line, steps = thin_roc(roc), thin_precision_recall(precision_recall)
    assert np.trapezoid(line.y, line.x) == pytest.approx(roc.area, abs=5e-3)
    assert below(steps.x, steps.y) == pytest.approx(precision_recall.area, abs=0.01)
    for curve in (line, steps):
        assert len(curve.x) == len(curve.y) <= 151
        assert np.all(np.diff(curve.x) >= 0)
        assert (curve.x[0], curve.x[-1]) == (0, 1)


@pytest.mark.parametrize("labels", [np.ones(4, int), np.zeros(4, int)])
def test_rows_of_one_kind_have_no_curve(labels: np.ndarray) -> None:
    assert roc_curve(labels, np.arange(4.0)) is None
    assert precision_recall_curve(labels, np.arange(4.0)) is None


def test_a_score_that_is_no_number_ranks_nothing() -> None:
    assert roc_curve(np.array([0, 1]), np.array([0.1, np.nan])) is None
    assert precision_recall_curve(np.array([0, 1]), np.array([0.1, np.inf])) is None


def test_the_mean_of_equal_roc_curves_is_that_curve() -> None:
    curve = RankCurve(np.array([0.0, 0.25, 1.0]), np.array([0.0, 0.75, 1.0]), 0.7)
    mean = mean_roc([curve, curve])

    known = np.interp([0.1, 0.25, 0.8], curve.x, curve.y)
    assert np.interp([0.1, 0.25, 0.8], mean.x, mean.y) == pytest.approx(known, abs=5e-3)
    assert mean.area == pytest.approx(0.7)


def test_a_mean_roc_curve_lies_between_those_it_is_of() -> None:
    low, high = (RankCurve(np.array([0.0, 1.0]), np.array([start, 1.0]), start) for start in (0.0, 0.5))
    mean = mean_roc([low, high])

    assert np.interp([1e-9, 0.5, 1.0], mean.x, mean.y) == pytest.approx([0.25, 0.625, 1.0])


def test_the_mean_of_perfect_curves_goes_straight_up() -> None:
    perfect = roc_curve(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9]))
    assert perfect is not None
    mean = mean_roc([perfect, perfect])

    assert list(zip(mean.x[:2], mean.y[:2], strict=True)) == [(0, 0), (0, 1)]
    assert np.trapezoid(mean.y, mean.x) == pytest.approx(1)


def test_precision_between_two_recalls_is_that_of_the_next_threshold() -> None:
    curve = RankCurve(np.array([0.5, 1.0]), np.array([1.0, 0.4]), 0.7)
    mean = mean_precision_recall([curve, curve])

    assert np.interp([0.2, 0.49, 0.52, 0.9], mean.x, mean.y) == pytest.approx([1.0, 1.0, 0.4, 0.4])


def test_the_mean_of_steps_has_the_mean_of_their_areas() -> None:
    curves = [curve for seed in (5, 6) if (curve := precision_recall_curve(*drawn(5000, seed, 0.01)))]
    mean = mean_precision_recall(curves)

    assert len(curves) == 2
    assert below(mean.x, mean.y) == pytest.approx(mean.area, abs=0.01)
