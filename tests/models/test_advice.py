"""Warnings about layers, inputs and learning rates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dlrun.data.encoded import MultiHotRows
from dlrun.models import DataFacts, InputFacts, input_facts


def test_a_layer_narrower_than_the_classes_is_called_a_bottleneck(make: Any) -> None:
    facts = DataFacts("multiclass", 46, (100,), 900)

    (warning,) = make.completed(facts, make.layer("Dense", units=64), make.layer("Dense", units=4)).warnings

    assert warning.startswith("layers[1] (Dense 4) is narrower than the 46 classes: an information bottleneck")


@pytest.mark.parametrize(
    ("facts", "units"),
    [
        (DataFacts("multiclass", 2, (9,), 90), 1),
        (DataFacts("multiclass", 4, (9,), 90), 4),
        (DataFacts("binary", 1, (9,), 9), 1),
    ],
)
def test_a_layer_as_wide_as_the_classes_or_with_two_classes_is_no_bottleneck(
    make: Any, facts: DataFacts, units: int
) -> None:
    assert make.completed(facts, make.layer("Dense", units=units)).warnings == ()


def test_only_layers_that_hold_one_vector_a_row_can_be_a_bottleneck(make: Any) -> None:
    layers = [make.layer("Dense", units=2), make.layer("Flatten"), make.layer("Dense", units=9)]

    assert make.completed(DataFacts("multiclass", 5, (9, 9), 90), *layers).warnings == ()


def test_a_branch_beside_it_makes_a_narrow_layer_no_bottleneck(make: Any) -> None:
    layers = [make.layer("Dense", "narrow", units=2), make.layer("Concatenate", None, ("narrow", "input"))]

    assert make.completed(DataFacts("multiclass", 5, (9,), 90), *layers).warnings == ()


def test_moving_averages_that_have_not_come_far_are_a_warning(make: Any) -> None:
    facts = DataFacts("binary", 1, (9,), 300)  # 10 steps an epoch at batch 32
    layers = [make.layer("Dense", units=4), make.layer("BatchNormalization"), make.layer("BatchNormalization")]

    (warning,) = make.completed(facts, *layers, training={"epochs": 10}).warnings

    assert warning.startswith("layers[1], layers[2] (BatchNormalization): 100 steps are few")
    assert "37 % of them are still initial values" in warning  # 0.99 ** 100


@pytest.mark.parametrize(("momentum", "epochs"), [(0.99, 46), (0.9, 5)])
def test_moving_averages_that_have_arrived_are_none(make: Any, momentum: float, epochs: int) -> None:
    facts = DataFacts("binary", 1, (9,), 300)
    layers = [make.layer("Dense", units=4), make.layer("BatchNormalization", momentum=momentum)]

    assert make.completed(facts, *layers, training={"epochs": epochs}).warnings == ()


def conv_and_norm(make: Any, **arguments: Any) -> list[Any]:
    return [
        make.layer("Conv2D", filters=4, kernel_size=3, **arguments),
        make.layer("LayerNormalization"),
        make.layer("Activation", activation="relu"),
        make.layer("Flatten"),
    ]


def test_an_activation_before_and_after_a_normalisation_is_a_warning(make: Any) -> None:
    facts = DataFacts("binary", 1, (6, 6, 1), 300)

    (warning,) = make.completed(facts, *conv_and_norm(make)).warnings

    assert warning.startswith("layers[0] (Conv2D) gets the hidden activation 'relu', and another one follows")


def test_one_activation_on_either_side_of_a_normalisation_is_none(make: Any) -> None:
    facts = DataFacts("binary", 1, (6, 6, 1), 300)
    after, (convolution, norm, _, flatten) = conv_and_norm(make, activation="none"), conv_and_norm(make)

    assert make.completed(facts, *after).warnings == ()
    assert make.completed(facts, convolution, norm, flatten).warnings == ()
    assert make.completed(facts, *conv_and_norm(make), hidden_activation="none").warnings == ()


@pytest.mark.parametrize(("rate", "why"), [(0.1, "hardly regularises"), (0.6, "drops more than it keeps")])
@pytest.mark.parametrize("kind", ["Dropout", "GaussianDropout", "SpatialDropout1D"])
def test_a_dropout_rate_outside_the_usual_is_a_warning(make: Any, kind: str, rate: float, why: str) -> None:
    (warning,) = make.completed("binary", make.layer("Dense", units=2), make.layer(kind, rate=rate)).warnings

    assert f"dropout rate {rate} (layers[1])" in warning
    assert why in warning


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5])
def test_a_usual_dropout_rate_is_none(make: Any, rate: float) -> None:
    assert make.completed("binary", make.layer("Dense", units=2), make.layer("Dropout", rate=rate)).warnings == ()


def test_an_unusual_rate_in_regularisation_is_one_warning(make: Any) -> None:
    layers = [make.layer("Dense", units=2), make.layer("Dense", units=2)]

    (warning,) = make.completed("binary", *layers, regularisation={"dropout": 0.8}).warnings

    assert "(regularisation)" in warning


@pytest.mark.parametrize(
    ("ranges", "why"),
    [
        (InputFacts(0, 255), "the inputs are large (0 to 255)"),
        (InputFacts(-711, 1), "the inputs are large (-711 to 1)"),
        (InputFacts(0, 1, spread=1e4), "one feature's range is 10000 times another's"),
    ],
)
def test_large_or_uneven_inputs_that_nothing_normalises_are_a_warning(make: Any, ranges: InputFacts, why: str) -> None:
    facts = replace(make.facts["binary"], inputs=ranges)

    (warning,) = make.completed(facts).warnings

    assert warning.startswith(why)
    assert make.completed(replace(facts, normalised=True)).warnings == ()
    assert make.completed(facts, make.layer("LayerNormalization"), make.layer("Dense", units=2)).warnings == ()


def test_pixels_scaled_to_0_to_1_are_no_warning(make: Any) -> None:
    assert make.completed(replace(make.facts["binary"], inputs=InputFacts(0, 1, spread=255))).warnings == ()


def test_token_numbers_taken_for_amounts_are_a_warning(make: Any) -> None:
    tokens = replace(make.facts["binary"], integer_inputs=True)
    embedded = [make.layer("Embedding", input_dim=9, output_dim=2), make.layer("Flatten")]

    assert "begin with an Embedding" in make.completed(tokens).warnings[0]
    assert make.completed(tokens, *embedded).warnings == ()


def test_an_embedding_of_measured_values_is_an_error(make: Any) -> None:
    embedded = [make.layer("Embedding", input_dim=9, output_dim=2), make.layer("Flatten")]

    assert "the pad step alone" in make.problems("binary", *embedded)[("layers", 0)]


def test_input_facts_are_the_extremes_over_the_chosen_rows() -> None:
    inputs = np.random.default_rng(0).normal(size=(9000, 3)) * [1, 10, 0]
    inputs[0] = 1e6
    rows = np.arange(1, 9000)

    facts = input_facts(inputs, rows)

    widths = np.ptp(inputs[1:], axis=0)
    assert (facts.low, facts.high) == (inputs[1:].min(), inputs[1:].max())
    assert facts.spread == pytest.approx(widths[1] / widths[0])


def test_input_facts_of_images_look_at_all_pixels_together() -> None:
    images = np.zeros((5, 4, 4), np.uint8)
    images[2, 1] = 255

    assert input_facts(images) == InputFacts(0, 255, 1)


@pytest.mark.parametrize("inputs", [np.zeros((4, 3)), np.empty((0, 3))])
def test_input_facts_of_constant_or_no_rows_are_zero(inputs: np.ndarray) -> None:
    assert input_facts(inputs) == InputFacts(0, 0, 1)


def test_input_facts_of_multi_hot_rows_need_no_look() -> None:
    assert input_facts(MultiHotRows(np.zeros((2, 1), np.uint16), 16)) == InputFacts(0, 1)


@pytest.mark.parametrize(("name", "rate"), [("rmsprop", 0.001), ("sgd", 0.01), ("Adam", 0.001)])
def test_the_learning_rate_is_kerass_unless_the_spec_says_one(make: Any, name: str, rate: float) -> None:
    assert make.completed("binary", optimiser=name).spec.optimiser.arguments == {"learning_rate": rate}


@pytest.mark.parametrize(
    ("name", "usual", "large"),
    [("rmsprop", 0.01, 0.02), ("sgd", 0.1, 0.5), ("adadelta", 1.0, 2.0), ("adam", 0.01, 0.1)],
)
def test_what_is_a_large_learning_rate_depends_on_the_optimiser(
    make: Any, name: str, usual: float, large: float
) -> None:
    assert make.completed("binary", optimiser={name: {"learning_rate": usual}}).warnings == ()
    assert "unusually large" in make.completed("binary", optimiser={name: {"learning_rate": large}}).warnings[0]


def test_a_schedule_starts_from_the_optimisers_learning_rate(make: Any) -> None:
    schedule = {"name": "ExponentialDecay", "arguments": {"decay_steps": 10, "decay_rate": 0.5}}

    done = make.completed("binary", optimiser={"sgd": {"learning_rate": 0.05}}, training={"schedule": schedule}).spec

    assert done.training.schedule.arguments["initial_learning_rate"] == 0.05


@pytest.mark.parametrize(
    "schedule",
    [
        {"name": "CosineDecay", "arguments": {"initial_learning_rate": 0.02, "decay_steps": 10}},
        {"name": "PiecewiseConstantDecay", "arguments": {"boundaries": [5], "values": [0.02, 0.01]}},
    ],
)
def test_a_schedules_own_start_is_the_optimisers_learning_rate(make: Any, schedule: dict[str, Any]) -> None:
    done = make.completed("binary", optimiser="sgd", training={"schedule": schedule}).spec

    assert done.optimiser.arguments["learning_rate"] == 0.02
    assert done.training.schedule.arguments == schedule["arguments"]


def test_two_learning_rates_that_differ_are_an_error(make: Any) -> None:
    schedule = {"name": "CosineDecay", "arguments": {"initial_learning_rate": 0.02, "decay_steps": 10}}

    problems = make.problems("binary", optimiser={"sgd": {"learning_rate": 0.1}}, training={"schedule": schedule})

    assert "starts at 0.02" in problems[("training", "schedule")]


def test_an_embedding_with_too_few_rows_for_the_tokens_is_an_error(make: Any) -> None:
    tokens = replace(make.facts["binary"], input_shape=(5,), integer_inputs=True, tokens=1000)
    small = [make.layer("Embedding", input_dim=999, output_dim=2), make.layer("Flatten")]
    enough = [make.layer("Embedding", input_dim=1000, output_dim=2), make.layer("Flatten")]

    found = make.problems(tokens, *small)

    assert "the tokens go up to 999" in found[("layers", 0, "Embedding", "input_dim")]
    assert make.completed(tokens, *enough).warnings == ()


@pytest.mark.parametrize(
    ("arguments", "warned"),
    [
        ({"units": 3, "activation": "softmax"}, True),
        ({"units": 1, "activation": "sigmoid"}, True),
        ({"units": 3, "activation": "linear"}, True),
        ({"units": 16, "activation": "linear"}, False),
        ({"units": 3}, False),
    ],
)
def test_a_list_that_ends_in_an_output_layer_of_its_own_is_warned_of(
    make: Any, arguments: dict[str, Any], warned: bool
) -> None:
    layers = [make.layer("Dense", units=16), make.layer("Dense", **arguments)]

    warnings = make.completed("multiclass", *layers).warnings

    assert any("it is added by itself" in warning for warning in warnings) is warned
