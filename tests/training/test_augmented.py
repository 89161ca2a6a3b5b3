"""Augmentation under the engines: what plain Keras learns, and the same in a fold alone as beside others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlrun import seeds
from dlrun.training.contract import FoldData, TrainingPlan
from tests.training.by_hand import fold_of, tasks_of
from tests.training.conftest import make_engine

pytestmark = pytest.mark.tensorflow


def images(number: int) -> FoldData:
    random = np.random.default_rng(number)
    inputs = random.uniform(0, 1, (28, 6, 6, 3)).astype(np.float32)
    return fold_of(inputs, inputs.mean(axis=(1, 2, 3), keepdims=False)[:, None], 20)


def build(shape: tuple[int | None, ...], seed: int) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    layers = keras.layers
    augmentation = [
        layers.RandomFlip(seed=seed),
        layers.RandomRotation(0.2, seed=seed),
        layers.RandomZoom(0.3, seed=seed),
        layers.RandomContrast(0.5, value_range=(0, 1), seed=seed),
    ]
    return keras.Sequential([keras.Input(shape), *augmentation, layers.Flatten(), layers.Dropout(0.3), layers.Dense(1)])


def plan() -> TrainingPlan:
    import keras

    def compile_arguments() -> dict[str, Any]:
        return {"optimizer": keras.optimizers.SGD(0.01), "loss": keras.losses.MeanSquaredError(), "metrics": []}

    return TrainingPlan(build, compile_arguments, (), ("loss", False), epochs=3, batch_size=8)


@pytest.mark.parametrize("name", ["keras", "graph"])
def test_a_fit_is_that_of_a_loop_by_hand(name: str) -> None:
    data, planned = images(0), plan()
    (task,) = tasks_of(1)

    (result,) = make_engine(name).fit([task], lambda task: data, planned, lambda event: None)

    model = build((6, 6, 3), seeds.child_seed(task.seed, "weights", 1, 1))
    model.compile(**planned.compile_arguments())
    for epoch in (1, 2, 3):
        order = data.train[seeds.batch_order(task.seed, 1, 1, epoch, 20)]
        for start in range(0, 20, 8):
            rows = order[start : start + 8]
            model.train_on_batch(np.asarray(data.inputs)[rows], data.targets[rows])
    for ours, theirs in zip(result.model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        result.predictions, model.predict(np.asarray(data.inputs)[data.validation], verbose=0), atol=1e-5
    )


@pytest.mark.parametrize("name", ["keras", "graph"])
def test_a_fold_draws_the_same_alone_as_after_another(name: str) -> None:
    tasks = tasks_of(2)

    def fit(some: Any) -> Any:
        return list(make_engine(name).fit(some, lambda task: images(task.number), plan(), lambda event: None))[-1]

    beside, alone = fit(tasks), fit(tasks[1:])

    np.testing.assert_array_equal(beside.predictions, alone.predictions)
    assert beside.history.train == alone.history.train
