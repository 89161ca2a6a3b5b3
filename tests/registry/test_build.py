from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dlrun.errors import SpecError, UsageError
from dlrun.registry import KINDS, Entry, instantiate, load, registry

pytestmark = pytest.mark.tensorflow

SAMPLES: dict[str, Any] = yaml.safe_load("""
{activation: relu, units: 3, filters: 3, kernel_size: 2, pool_size: 2, output_size: 2, n: 2, height: 3, width: 3,
rate: 0.5, stddev: 0.1, factor: 0.1, scale: 0.5, height_factor: 0.1, width_factor: 0.1, max_number: 3, num_bins: 3,
num_tokens: 3, input_dim: 5, output_dim: 3, axes: -1, equation: "ab,bc->ac", output_shape: 3, dims: [2, 1],
target_shape: [3, 1], num_heads: 2, head_dim: 2, num_query_heads: 2, num_key_value_heads: 2, key_dim: 2,
layer: {LSTM: 3}, cell: {LSTMCell: 3}, cells: [{GRUCell: 2}], layers: [Flatten], vocabulary: ["1", "2"],
bin_boundaries: [0.0, 1.0], mean: [0.0, 1.0], variance: [1.0, 1.0], num_classes: 2, target_class_ids: [0],
recall: 0.5, precision: 0.5, sensitivity: 0.5, specificity: 0.5, initial_learning_rate: 0.1, decay_steps: 10,
decay_rate: 0.9, first_decay_steps: 3, boundaries: [1, 2], values: [1.0, 0.5, 0.1], threshold: 0.5, default_value: 0.0}
""")
"""A value for each argument that some entry requires."""

SPECIAL: dict[str, dict[str, Any]] = {
    "IntegerLookup": {"vocabulary": [1, 2]},
    "RandomPosterization": {"factor": 4},
}


def required(entry: Entry) -> dict[str, Any]:
    return {item.name: SAMPLES[item.name] for item in entry.parameters if item.required} | SPECIAL.get(entry.name, {})


@pytest.mark.parametrize("kind", KINDS)
def test_everything_in_the_tables_can_be_built(kind: str) -> None:
    for entry in registry(kind).values():
        assert callable(load(entry))
        assert instantiate(kind, entry.name, required(entry)) is not None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "activations"])
def test_every_argument_in_the_tables_is_one_that_the_constructor_takes(kind: str) -> None:
    for entry in registry(kind).values():
        defaults = {item.name: item.default for item in entry.parameters if not item.required}

        built = instantiate(kind, entry.name, {**defaults, **required(entry)})

        assert built is not None


def test_a_layer_is_the_one_that_keras_would_make_by_hand() -> None:
    import keras

    ours = instantiate(
        "layers",
        "Conv2D",
        {
            "filters": 8,
            "kernel_size": [3, 5],
            "activation": "relu",
            "kernel_initialiser": {"VarianceScaling": {"scale": 2.0, "seed": 1}},
            "kernel_regulariser": {"L2": 0.01},
            "bias_constraint": {"name": "max_norm", "max_value": 3},
            "activity_regulariser": "none",
            "trainable": False,
        },
    )

    by_hand = keras.layers.Conv2D(
        8,
        (3, 5),
        activation="relu",
        kernel_initializer=keras.initializers.VarianceScaling(2.0, seed=1),
        kernel_regularizer=keras.regularizers.L2(0.01),
        bias_constraint=keras.constraints.MaxNorm(3),
        trainable=False,
        name=ours.name,
    )
    assert ours.get_config() == by_hand.get_config()
    assert ours.kernel_size == (3, 5)


def test_a_wrapper_gets_the_layers_inside_it() -> None:
    import keras

    inside = {"LSTM": {"units": 4, "activation": None}}
    arguments = {"layer": inside, "backward_layer": {"name": "LSTM", "units": 4, "go_backwards": True}}

    wrapper = instantiate("layers", "Bidirectional", arguments)

    assert isinstance(wrapper.forward_layer, keras.layers.LSTM)
    assert wrapper.forward_layer.activation is keras.activations.linear
    assert wrapper.backward_layer.go_backwards


def test_an_activation_without_arguments_is_keras_function_itself() -> None:
    import keras

    assert instantiate("activations", "ReLU") is keras.activations.relu


ARGUED = [
    ("relu", {"max_value": 1.0, "negative_slope": 0.5}),
    ("leaky_relu", {"negative_slope": 0.5}),
    ("elu", {"alpha": 0.5}),
    ("softmax", {"axis": -1}),
    ("celu", {"alpha": 0.5}),
    ("gelu", {"approximate": True}),
    ("glu", {"axis": -1}),
    ("hard_shrink", {"threshold": 0.1}),
    ("log_softmax", {"axis": -1}),
    ("soft_shrink", {"threshold": 0.1}),
    ("sparsemax", {"axis": -1}),
    ("squareplus", {"b": 1}),
    ("threshold", {"threshold": 0.1, "default_value": 2.0}),
]


def test_every_activation_that_takes_arguments_is_among_those_tried_here() -> None:
    takers = {name for name, entry in registry("activations").items() if entry.parameters}

    assert takers == {name for name, _ in ARGUED}


@pytest.mark.parametrize(("name", "arguments"), ARGUED)
def test_an_activation_with_arguments_computes_what_keras_does_and_survives_saving(
    name: str, arguments: dict[str, Any], tmp_path: Path
) -> None:
    import keras
    import numpy as np

    rows = np.linspace(-3, 3, 24, dtype=np.float32).reshape(6, 4)
    layer = instantiate("layers", "Activation", {"activation": {name: arguments}})
    model = keras.Sequential([keras.Input((4,)), layer])
    model.save(tmp_path / "model.keras")

    again = keras.models.load_model(tmp_path / "model.keras")(rows)

    expected = getattr(keras.activations, name)(rows, **arguments)
    np.testing.assert_allclose(model(rows), expected, rtol=1e-6)
    np.testing.assert_allclose(again, expected, rtol=1e-6)


def test_one_of_dlruns_own_metrics_is_built_with_its_argument() -> None:
    metric = instantiate("metrics", "top_k_accuracy", {"k": 3})

    assert type(metric).__module__.startswith("dlrun.evaluation")
    assert metric.k == 3


def test_problems_of_the_call_come_before_anything_is_built() -> None:
    configuration = {"class_name": "L2", "config": {}}

    with pytest.raises(SpecError) as caught:
        instantiate("layers", "Dense", {"units": configuration, "kernel_regulariser": configuration}, ("a",))

    assert [problem.path for problem in caught.value.problems] == [("a", "units"), ("a", "kernel_regulariser")]


def test_what_keras_refuses_is_a_problem_at_the_calls_place() -> None:
    sideways = {"Conv1D": {"filters": 3, "kernel_size": 3, "padding": "sideways"}}

    with pytest.raises(SpecError, match=r"layers\[0\]\.layer\.Conv1D: Keras refuses 'Conv1D': .*padding") as caught:
        instantiate("layers", "TimeDistributed", {"layer": sideways}, ("layers", 0))

    assert isinstance(caught.value.__cause__, ValueError)


def test_a_reference_that_leads_nowhere_names_the_package() -> None:
    with pytest.raises(UsageError, match=r"'Ghost' of package 'keras' cannot be loaded from 'keras\.layers:Ghost'"):
        load(Entry("layers", "Ghost", "keras.layers:Ghost"))
