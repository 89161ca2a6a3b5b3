"""Every optimiser of Keras inside the compiled engine against the same optimiser in a loop by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.training.by_hand import (
    EVEN,
    assert_as_by_hand,
    compiled,
    dense,
    fit_by_hand,
    fit_together,
    fold_of,
    folds_of,
    plan_of,
    three_values,
)

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("float64")]

OPTIMISERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "RMSprop": ("RMSprop", {}),
    "centered RMSprop": ("RMSprop", {"centered": True, "momentum": 0.9}),
    "Adam": ("Adam", {}),
    "AdamW": ("AdamW", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "Adadelta": ("Adadelta", {}),
    "Adagrad": ("Adagrad", {}),
    "Adamax": ("Adamax", {}),
    "Nadam": ("Nadam", {}),
    "Ftrl": ("Ftrl", {"l1_regularization_strength": 0.01, "l2_regularization_strength": 0.01}),
    "Lion": ("Lion", {}),
    "Lamb": ("Lamb", {}),
    "Adafactor": ("Adafactor", {}),
    "Muon": ("Muon", {}),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "clipnorm": {"clipnorm": 0.1},
    "global_clipnorm": {"global_clipnorm": 0.1},
    "clipvalue": {"clipvalue": 0.05},
    "weight_decay": {"weight_decay": 0.01},
    "use_ema": {"use_ema": True, "ema_momentum": 0.9},
    "ema_overwrite_frequency": {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 2},
    "gradient_accumulation_steps": {"gradient_accumulation_steps": 2},
}
SCHEDULES: dict[str, dict[str, Any]] = {
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5},
    "CosineDecay with warmup": {
        "initial_learning_rate": 0.01,
        "decay_steps": 5,
        "warmup_target": 0.1,
        "warmup_steps": 3,
    },
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 3},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5, "staircase": True},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [2, 5], "values": [0.1, 0.05, 0.01]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 4, "end_learning_rate": 0.01, "cycle": True},
}


def optimiser_of(name: str, **options: Any) -> Callable[[], Any]:
    import keras

    kind, own = OPTIMISERS[name]
    return lambda: getattr(keras.optimizers, kind)(learning_rate=0.01, **own, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_takes_the_steps_that_it_takes_by_hand(name: str) -> None:
    plan = plan_of(dense(outputs=3), optimiser=optimiser_of(name))

    assert_as_by_hand(compiled("vectorized", 2), folds_of(three_values, EVEN[:2]), plan)


def embedding() -> list[Any]:
    import keras

    return [keras.layers.Embedding(10, 4), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)]


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_takes_the_sparse_gradients_of_an_embedding_as_by_hand(name: str) -> None:
    folds = []
    for number in range(2):
        random = np.random.default_rng(number)
        folds.append(fold_of(random.integers(0, 10, (20, 4)).astype(np.int32), random.normal(size=(20, 1)), 16))

    assert_as_by_hand(compiled("graph"), folds, plan_of(embedding, optimiser=optimiser_of(name), epochs=2))


@pytest.mark.parametrize("name", ["Adam", "Nadam"])
@pytest.mark.parametrize("program", ["unrolled", "graph"])
def test_other_programs_take_the_same_steps(program: str, name: str) -> None:
    plan = plan_of(dense(outputs=3), optimiser=optimiser_of(name))

    assert_as_by_hand(compiled(program), folds_of(three_values)[:2], plan)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "option"), [*itertools.product(["momentum"], OPTIONS), ("Adam", "gradient_accumulation_steps")]
)
def test_every_option_of_an_optimiser_does_what_it_does_by_hand(name: str, option: str) -> None:
    plan = plan_of(dense(outputs=3), optimiser=optimiser_of(name, **OPTIONS[option]))

    assert_as_by_hand(compiled("vectorized", 2, xla=False), folds_of(three_values)[1:], plan)


@pytest.mark.parametrize("option", ["ema_overwrite_frequency", "gradient_accumulation_steps"])
def test_options_that_act_every_few_steps_do_so_in_a_graph(option: str) -> None:
    plan = plan_of(dense(outputs=3), optimiser=optimiser_of("momentum", **OPTIONS[option]))

    assert_as_by_hand(compiled("graph"), folds_of(three_values)[:1], plan)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_gives_the_learning_rates_that_it_gives_by_hand(name: str) -> None:
    import keras

    schedule = getattr(keras.optimizers.schedules, name.split()[0])
    plan = plan_of(dense(outputs=3), optimiser=lambda: keras.optimizers.SGD(schedule(**SCHEDULES[name])))

    # Keras computes learning rates in single precision, whatever the model's.
    assert_as_by_hand(compiled("vectorized", 2), folds_of(three_values, EVEN[:2]), plan, tolerance=1e-6)


def test_the_optimiser_of_a_single_fit_ends_in_the_state_that_it_has_by_hand() -> None:
    plan = plan_of(dense(outputs=3), optimiser=optimiser_of("Adam"))
    (data, *_) = folds_of(three_values)

    (result,) = fit_together(compiled("graph"), [data], plan)

    theirs = fit_by_hand(result.task, data, plan).model.optimizer.variables
    for mine, other in zip(result.model.optimizer.variables, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-9, atol=1e-9)
