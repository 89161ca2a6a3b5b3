from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor

from dlrun.evaluation import naive_baselines
from dlrun.evaluation.baselines import WORDS
from dlrun.evaluation.exact import R2, Accuracy, MeanAbsoluteError, RocAuc

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("multiclass", 4)])
@pytest.mark.parametrize("seed", range(3))
def test_the_majority_scores_as_scikit_learns_dummy_does(task: str, outputs: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    train, real = (random.choice(max(outputs, 2), 60) for _ in range(2))
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((60, 1)), train)

    (baseline,) = naive_baselines(task, train, outputs)

    predictions = baseline.predict(60)
    assert Accuracy().score(real, predictions) == pytest.approx(dummy.score(np.zeros((60, 1)), real))
    assert RocAuc().score(real, predictions) == pytest.approx(0.5)
    assert predictions.shape == (60, outputs)


def test_a_class_that_training_rows_lack_has_a_column_all_the_same() -> None:
    (baseline,) = naive_baselines("multiclass", np.array([0, 0, 1]), 4)

    assert baseline.prediction == pytest.approx([2 / 3, 1 / 3, 0, 0])


def test_label_frequencies_are_scikit_learns_prior() -> None:
    train = RANDOM.integers(0, 2, (50, 3))
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((50, 1)), train)

    (baseline,) = naive_baselines("multilabel", train.astype(np.uint8), 3)

    expected = [column[0, 1] for column in dummy.predict_proba(np.zeros((1, 1)))]
    assert baseline.name == "frequencies"
    assert baseline.prediction == pytest.approx(expected)


@pytest.mark.parametrize(("task", "columns"), [("regression", 1), ("vector_regression", 3)])
def test_mean_and_median_are_scikit_learns(task: str, columns: int) -> None:
    train = RANDOM.exponential(size=(41, columns))
    train = train[:, 0] if columns == 1 else train

    baselines = naive_baselines(task, train, columns)

    assert [baseline.name for baseline in baselines] == ["mean", "median"]
    for baseline in baselines:
        dummy = DummyRegressor(strategy=baseline.name).fit(np.zeros((41, 1)), train)
        assert baseline.predict(2) == pytest.approx(dummy.predict(np.zeros((2, 1))).reshape(2, columns))


def test_the_mean_explains_nothing_and_the_median_has_the_least_absolute_error() -> None:
    train = RANDOM.exponential(size=101)
    mean, median = naive_baselines("regression", train, 1)

    assert R2().score(train, mean.predict(101)) == pytest.approx(0, abs=1e-6)
    assert MeanAbsoluteError().score(train, median.predict(101)) < MeanAbsoluteError().score(train, mean.predict(101))


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression", "unit_regression"])
def test_every_baseline_has_words(task: str) -> None:
    targets = np.zeros((4, 2), np.uint8) if task == "multilabel" else np.zeros(4, int)

    names = [baseline.name for baseline in naive_baselines(task, targets, 2)]

    assert names
    assert set(names) <= set(WORDS)
