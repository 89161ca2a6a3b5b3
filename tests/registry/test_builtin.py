from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from dlrun.evaluation import exact
from dlrun.registry import KINDS, registry
from dlrun.registry.entry import nested_kind
from dlrun.registry.excluded import EXCLUDED

OWN = {name: entry for name, entry in registry("metrics").items() if entry.origin == "dlrun"}


def test_dlrun_brings_the_metrics_it_computes_exactly() -> None:
    assert set(OWN) == {
        *("accuracy", "f1", "mae", "mean_average_precision", "mse", "pr_auc", "precision", "r2", "recall", "rmse"),
        *("roc_auc", "top_k_accuracy"),
    }


@pytest.mark.parametrize("name", sorted(OWN))
def test_the_listed_arguments_of_an_exact_metric_are_those_of_its_class(name: str) -> None:
    entry = OWN[name]
    constructor: Callable[..., Any] = getattr(exact, entry.reference.partition(":")[2])

    found = {item.name: item.default for item in inspect.signature(constructor).parameters.values()}

    assert found == {parameter.name: parameter.default for parameter in entry.parameters}


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("acc", "accuracy"),
        ("Accuracy", "accuracy"),
        ("mean_absolute_error", "mae"),
        ("MeanSquaredError", "mse"),
        ("RootMeanSquaredError", "rmse"),
        ("R2Score", "r2"),
    ],
)
def test_the_exact_metric_stands_in_for_keras_estimate_of_the_same_thing(written: str, ours: str) -> None:
    assert registry("metrics").find(written) == OWN[ours]


@pytest.mark.parametrize("written", ["Precision", "Recall"])
def test_keras_metrics_with_arguments_of_their_own_stay_reachable_by_their_exact_name(written: str) -> None:
    entry = registry("metrics")[written]

    assert entry.origin == "keras"
    assert entry.parameter("thresholds")


@pytest.mark.parametrize(
    ("name", "inputs"),
    [("Dense", ("inputs",)), ("MultiHeadAttention", ("query", "value")), ("LSTM", ("sequences",))],
)
def test_a_layer_says_which_tensors_it_needs(name: str, inputs: tuple[str, ...]) -> None:
    assert registry("layers")[name].inputs == inputs


def test_a_parameter_is_found_by_either_spelling() -> None:
    dense = registry("layers")["Dense"]

    assert dense.parameter("kernel_regulariser") == dense.parameter("kernel_regularizer")
    assert dense.parameter("kernel_regularisers") is None


def test_parameters_keep_the_order_of_the_constructor() -> None:
    names = [parameter.name for parameter in registry("layers")["Conv2D"].parameters]

    assert names[:4] == ["filters", "kernel_size", "strides", "padding"]
    assert names[-2:] == ["trainable", "dtype"]


@pytest.mark.parametrize(
    ("argument", "kind"),
    [
        ("kernel_initializer", "initialisers"),
        ("gamma_constraint", "constraints"),
        ("activity_regularizer", "regularisers"),
        ("recurrent_activation", "activations"),
        ("backward_layer", "layers"),
        ("cell", "layers"),
        ("learning_rate", None),
        ("units", None),
    ],
)
def test_the_name_of_an_argument_tells_where_its_value_comes_from(argument: str, kind: str | None) -> None:
    assert nested_kind(argument) == kind


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_out_is_in_no_table_and_has_a_reason(kind: str) -> None:
    assert not [name for name in EXCLUDED[kind] if name in registry(kind)]
    assert all(EXCLUDED[kind].values())


@pytest.mark.parametrize("name", ["Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "Input"])
def test_layers_that_run_foreign_code_are_not_available(name: str) -> None:
    assert registry("layers").find(name) is None


def test_no_entry_takes_a_configuration_that_keras_would_deserialise() -> None:
    arguments = {item.name for kind in KINDS for entry in registry(kind).values() for item in entry.parameters}

    assert not arguments & {"quantization_config", "config", "custom_objects", "filepath", "function", "fn"}
