from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dlrun.data.encoded import WORD_BITS, MultiHotRows
from dlrun.evaluation import LINEAR, linear_baseline, linear_budget, naive_baselines
from dlrun.evaluation.baselines import WORDS
from dlrun.evaluation.exact import Accuracy, MeanAbsoluteError
from dlrun.evaluation.linear_budget import sample_rows

SETTLED = {"tol": 1e-6, "max_iter": 10_000}
NEAR = 0.02
"""How far probabilities may lie from those of a fit that has settled completely."""


def table(rows: int = 300, columns: int = 5) -> np.ndarray:
    random = np.random.default_rng(0)
    return (random.normal(size=(rows, columns)) * [1, 10, 100, 0.1, 1] + 3).astype(np.float32)


def bits(cells: np.ndarray) -> MultiHotRows:
    filled = np.pad(cells.astype(np.uint8), ((0, 0), (0, -cells.shape[1] % WORD_BITS)))
    return MultiHotRows(np.packbits(filled, axis=1).view(">u2").astype(np.uint16), cells.shape[1])


def test_numbers_are_predicted_by_ridge_on_standardised_inputs() -> None:
    inputs = table()
    targets = inputs[:, 1] * 3 + np.random.default_rng(1).normal(size=300)
    expected = make_pipeline(StandardScaler(), Ridge(alpha=1)).fit(inputs[:200].astype(float), targets[:200])

    baseline = linear_baseline("regression", 1, inputs[:200], targets[:200], inputs[200:], seed=0)

    assert baseline.predictions[:, 0] == pytest.approx(expected.predict(inputs[200:].astype(float)), rel=1e-5)
    assert baseline.predictions.dtype == np.float32
    assert baseline.note == ""


def test_several_columns_of_images_are_predicted_at_once() -> None:
    images = np.random.default_rng(0).normal(size=(60, 4, 4, 2)).astype(np.float32)
    flat = images.reshape(60, 32).astype(float)
    targets = flat[:, :3] + 1
    expected = make_pipeline(StandardScaler(), Ridge(alpha=1)).fit(flat[:40], targets[:40]).predict(flat[40:])

    baseline = linear_baseline("vector_regression", 3, images[:40], targets[:40], images[40:], seed=0)

    assert baseline.predictions == pytest.approx(expected, abs=1e-5)


def test_targets_in_0_to_1_are_predicted_in_0_to_1() -> None:
    inputs = np.arange(40, dtype=np.float32)[:, None]

    targets = (inputs[:, 0] > 10).astype(float)
    predictions = linear_baseline("unit_regression", 1, inputs, targets, inputs * 5 - 80, seed=0).predictions

    assert (predictions.min(), predictions.max()) == (0, 1)


def test_two_classes_get_the_probability_of_class_1() -> None:
    inputs = table()
    targets = (inputs[:, 0] + np.random.default_rng(1).normal(size=300) > 3).astype(np.int64)
    expected = make_pipeline(StandardScaler(), LogisticRegression(**SETTLED)).fit(inputs[:200], targets[:200])

    baseline = linear_baseline("binary", 1, inputs[:200], targets[:200], inputs[200:], seed=0)

    assert baseline.predictions.shape == (100, 1)
    assert baseline.predictions[:, 0] == pytest.approx(expected.predict_proba(inputs[200:])[:, 1], abs=NEAR)


def test_a_class_that_training_rows_lack_gets_probability_0() -> None:
    inputs = table()
    targets = np.digitize(inputs[:, 0], [2.5, 3.5])
    targets = np.where(targets == 2, 3, targets)  # classes 0, 1 and 3 of four
    expected = make_pipeline(StandardScaler(), LogisticRegression(**SETTLED)).fit(inputs[:200], targets[:200])

    predictions = linear_baseline("multiclass", 4, inputs[:200], targets[:200], inputs[200:], seed=0).predictions

    assert (predictions[:, 2] == 0).all()
    assert predictions[:, [0, 1, 3]] == pytest.approx(expected.predict_proba(inputs[200:]), abs=NEAR)


@pytest.mark.parametrize(
    ("task", "outputs", "only", "expected"),
    [("binary", 1, 0, [0]), ("binary", 1, 1, [1]), ("multiclass", 3, 1, [0, 1, 0])],
)
def test_where_all_training_rows_are_of_one_class_it_is_certain(
    task: str, outputs: int, only: int, expected: list[int]
) -> None:
    inputs = table(20)

    predictions = linear_baseline(task, outputs, inputs, np.full(20, only), inputs[:3], seed=0).predictions

    assert (predictions == np.array([expected] * 3)).all()


def test_each_label_has_a_fit_of_its_own_and_a_constant_one_stays_constant() -> None:
    inputs = table()
    labels = np.stack([inputs[:, 0] > 3, np.ones(300), inputs[:, 2] > 100], axis=1).astype(np.uint8)

    predictions = linear_baseline("multilabel", 3, inputs[:200], labels[:200], inputs[200:], seed=0).predictions

    assert (predictions[:, 1] == 1).all()
    for label in (0, 2):
        expected = linear_baseline("binary", 1, inputs[:200], labels[:200, label], inputs[200:], seed=0).predictions
        assert (predictions[:, [label]] == expected).all()


def test_multi_hot_rows_are_fitted_as_zeros_and_ones_without_scaling() -> None:
    random = np.random.default_rng(0)
    cells = random.random((300, 37)) < 0.2
    targets = (cells[:, :5].sum(axis=1) + random.normal(0, 0.5, 300) > 1).astype(np.int64)
    expected = LogisticRegression(**SETTLED).fit(cells[:200].astype(float), targets[:200])

    predictions = linear_baseline("binary", 1, bits(cells[:200]), targets[:200], bits(cells[200:]), seed=0).predictions

    assert predictions[:, 0] == pytest.approx(expected.predict_proba(cells[200:].astype(float))[:, 1], abs=NEAR)


def test_padded_tokens_are_counted_without_padding_and_without_what_training_rows_do_not_hold() -> None:
    random = np.random.default_rng(0)
    tokens = np.where(random.random((300, 8)) < 0.3, 0, random.integers(1, 12, (300, 8))).astype(np.int32)
    tokens[250, 0] = 999
    targets = (tokens == 5).sum(axis=1) + 0.1 * (tokens == 7).sum(axis=1)
    texts = [" ".join(f"t{token}" for token in row if token) for row in tokens]
    counter = CountVectorizer(token_pattern=r"\S+").fit(texts[:200])
    expected = Ridge(alpha=1, solver="sparse_cg").fit(counter.transform(texts[:200]), targets[:200])

    predictions = linear_baseline("regression", 1, tokens[:200], targets[:200], tokens[200:], seed=0).predictions

    assert predictions[:, 0] == pytest.approx(expected.predict(counter.transform(texts[200:])), abs=1e-3)


def test_a_constant_column_does_not_matter_even_where_it_moves_later() -> None:
    inputs = table()
    targets = inputs[:, 0] * 2.0
    fixed = np.hstack([inputs, np.full((300, 1), 7, np.float32)])
    fixed[200:, -1] = 1000

    expected, found = (
        linear_baseline("regression", 1, given[:200], targets[:200], given[200:], seed=0).predictions
        for given in (inputs, fixed)
    )

    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", ["table", "bits", "tokens"])
def test_the_inputs_stay_as_they_were_and_a_second_fit_is_the_same(kind: str) -> None:
    inputs: Any = {
        "table": table(),
        "bits": bits(table() > 3),
        "tokens": np.abs(table()).astype(np.int32),
    }[kind]
    targets = np.arange(300) % 3
    values = inputs.bits if kind == "bits" else inputs
    before = values.copy()

    first, second = (linear_baseline("multiclass", 3, inputs, targets, inputs, seed=0) for _ in range(2))

    assert (values == before).all()
    assert (first.predictions == second.predictions).all()


def test_float64_inputs_in_any_memory_order_are_not_standardised_in_place() -> None:
    inputs = np.asfortranarray(table().astype(np.float64))
    before = inputs.copy()

    linear_baseline("regression", 1, inputs, inputs[:, 0], inputs, seed=0)

    assert (inputs == before).all()


def test_a_fit_that_did_not_settle_says_so_and_warns_of_nothing() -> None:
    random = np.random.default_rng(0)
    tokens = random.integers(1, 400, (2000, 500)).astype(np.int32)
    tokens[:, :400] = 7  # one count is four hundred times as large as the others: slow going for any solver

    baseline = linear_baseline("multiclass", 40, tokens, random.integers(0, 40, 2000), tokens[:2], seed=0)

    assert re.fullmatch(r"linear: stopped after \d+ steps, before it had settled", baseline.note)


def test_beyond_the_budget_a_sample_is_fitted_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, held = table(300), table(310)[300:]
    targets = inputs[:, 0] * 2.0 + np.random.default_rng(1).normal(size=300)
    chosen = sample_rows(300, 100, None, seed=3)
    expected = linear_baseline("regression", 1, inputs[chosen], targets[chosen], held, seed=3)

    monkeypatch.setattr(linear_budget, "MOST_CELLS", 500)
    baseline = linear_baseline("regression", 1, inputs, targets, held, seed=3)

    assert baseline.note == "linear: fitted on 100 of 300 training rows"
    assert baseline.predictions == pytest.approx(expected.predictions)


def test_linear_is_the_one_baseline_that_is_not_naive() -> None:
    assert LINEAR not in WORDS


def test_on_boston_housing_it_lies_between_the_median_and_a_net(real_data: Callable[[str], Any]) -> None:
    with np.load(real_data("boston_housing/boston_housing.npz")) as arrays:
        inputs, targets = arrays["x"].astype(np.float32), arrays["y"]
    order = np.random.default_rng(0).permutation(len(inputs))
    train, held = order[:400], order[400:]

    linear = linear_baseline("regression", 1, inputs[train], targets[train], inputs[held], seed=0)

    median = naive_baselines("regression", targets[train], 1)[1].predict(len(held))
    error = MeanAbsoluteError().score(targets[held], linear.predictions)
    assert 2.5 < error < 3.9 < MeanAbsoluteError().score(targets[held], median)


def test_on_imdb_it_is_right_in_more_than_four_of_five(real_data: Callable[[str], Any]) -> None:
    with np.load(real_data("imdb/imdb.npz"), allow_pickle=True) as arrays:
        rows, targets = arrays["x_train"][:4000], arrays["y_train"][:4000]
    cells = np.zeros((4000, 5000), np.uint8)
    for row, words in enumerate(rows):
        cells[row, [word for word in words if word < 5000]] = 1

    baseline = linear_baseline("binary", 1, bits(cells[:3000]), targets[:3000], bits(cells[3000:]), seed=0)

    assert Accuracy().score(targets[3000:], baseline.predictions) > 0.8
