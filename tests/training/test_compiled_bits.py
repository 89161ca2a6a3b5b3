"""Bits and noise of the compiled engine: what a fit hangs on, and what differs from lane to lane and step to step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlrun.training.contract import FitResult, FoldData, FoldTask
from tests.training.by_hand import Layers, compiled, fold_of, folds_of, one_value, plan_of, tasks_of

pytestmark = pytest.mark.tensorflow

ROWS = ((75, 9), (50, 9), (100, 12), (64, 5), (32, 7), (90, 9), (81, 6))
"""Training and validation rows of seven folds."""


def plain() -> list[Any]:
    import keras

    return [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)]


def noisy() -> list[Any]:
    import keras

    layers = keras.layers
    return [
        layers.GaussianNoise(0.1),
        layers.Dense(16, activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.Dense(1),
    ]


def bits_of(result: FitResult) -> list[bytes]:
    weights = list(result.weights.values()) if result.model is None else result.model.get_weights()
    return [result.predictions.tobytes(), *(array.tobytes() for array in weights)]


def adam() -> Any:
    import keras

    return keras.optimizers.Adam(0.01)


@pytest.mark.parametrize(
    ("layers", "lanes", "batch"),
    [
        (noisy, 4, 16),
        pytest.param(noisy, 2, 32, marks=pytest.mark.slow),
        pytest.param(noisy, 7, 16, marks=pytest.mark.slow),
        pytest.param(plain, 7, 32, marks=pytest.mark.slow),
    ],
)
def test_a_fold_alone_has_the_bits_that_it_has_beside_others(layers: Layers, lanes: int, batch: int) -> None:
    folds = folds_of(one_value, ROWS[:lanes])
    plan = plan_of(layers, optimiser=adam, batch_size=batch)
    engine, tasks = compiled("vectorized", lanes), tasks_of(lanes)

    def fit(some: list[FoldTask]) -> list[FitResult]:
        return list(engine.fit(some, lambda task: folds[task.number], plan, lambda event: None))

    beside, again = fit(tasks), fit(tasks)
    (alone,) = fit(tasks[1:2])

    assert [result.failure for result in (*beside, alone)] == [None] * (lanes + 1)
    assert [bits_of(result) for result in beside] == [bits_of(result) for result in again]
    assert bits_of(alone) == bits_of(beside[1])
    assert alone.history.train == beside[1].history.train
    assert alone.history.validation == beside[1].history.validation


RATE, STEPS = 0.25, 40


def squares(engine_program: str, layer: Callable[[], Any], data: FoldData) -> np.ndarray:
    """Mean squares of what a layer makes of the inputs, by lane and step: the loss of a net that learns nothing."""
    import keras

    def layers() -> list[Any]:
        return [layer(), keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)]

    plan = plan_of(
        layers, optimiser=lambda: keras.optimizers.SGD(0.0), epochs=STEPS, batch_size=len(data.train), follow=False
    )
    results = compiled(engine_program).fit(tasks_of(3), lambda task: data, plan, lambda event: None)
    return np.array([result.history.train["loss"] for result in results])


def inputs_beside_zeros() -> FoldData:
    inputs = np.random.default_rng(0).uniform(0.5, 1.5, size=(512, 1)).astype(np.float32)
    return fold_of(inputs, np.zeros((512, 1), np.float32), 510)


@pytest.mark.parametrize("program", ["vectorized", "unrolled", "graph"])
def test_dropout_keeps_the_share_that_its_rate_says_and_never_the_same_rows_twice(program: str) -> None:
    import keras

    data = inputs_beside_zeros()
    square = float((data.inputs[data.train] ** 2).mean())

    found = squares(program, lambda: keras.layers.Dropout(RATE), data)

    kept = found * (1 - RATE) ** 2 / square  # what is kept is divided by 1 - rate
    assert len(np.unique(found)) == 3 * STEPS
    np.testing.assert_allclose(kept.mean(axis=1), 1 - RATE, atol=0.02)  # five standard deviations
    np.testing.assert_allclose(kept.std(), (1.43 * RATE * (1 - RATE) / 510) ** 0.5, rtol=0.3)
    assert abs(np.corrcoef(kept)[np.triu_indices(3, 1)]).max() < 0.6


@pytest.mark.parametrize("program", ["vectorized", "graph"])
@pytest.mark.parametrize("name", ["GaussianNoise", "GaussianDropout"])
def test_gaussian_noise_has_its_size_and_differs_in_every_lane_and_step(name: str, program: str) -> None:
    import keras

    data = inputs_beside_zeros()
    square = float((data.inputs[data.train] ** 2).mean())

    found = squares(program, lambda: getattr(keras.layers, name)(0.2), data)

    expected = square + 0.2**2 if name == "GaussianNoise" else square * (1 + 0.2 / 0.8)
    assert len(np.unique(found)) == 3 * STEPS
    np.testing.assert_allclose(found.mean(axis=1), expected, rtol=0.02)


@pytest.mark.slow
def test_recurrent_dropout_differs_in_every_step_and_seed() -> None:
    import keras

    random = np.random.default_rng(0)
    data = fold_of(
        random.normal(size=(40, 5, 2)).astype(np.float32), random.normal(size=(40, 1)).astype(np.float32), 38
    )

    def layers() -> list[Any]:
        return [keras.layers.LSTM(8, recurrent_dropout=0.5, kernel_initializer="ones"), keras.layers.Dense(1)]

    plan = plan_of(layers, optimiser=lambda: keras.optimizers.SGD(0.0), epochs=20, batch_size=38, follow=False)
    results = list(compiled("graph").fit(tasks_of(2), lambda task: data, plan, lambda event: None))

    losses = [loss for result in results for loss in result.history.train["loss"]]
    assert len(set(losses)) == 40
