"""What differs between specs: layers stand beside their likes, and nothing that differs is left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.runs.spec_diff import Differing, diff_specs

DENSE = {"layers.0.Dense.units": 16, "layers.0.Dense.activation": "relu"}


def layers(*each: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Layers as a flat spec."""
    values: dict[str, Any] = {}
    for index, (kind, arguments) in enumerate(each):
        start = f"layers.{index}"
        values |= {f"{start}.{kind}.{name}": value for name, value in arguments.items()} or {start: kind}
    return values


def test_equal_specs_differ_in_nothing() -> None:
    assert diff_specs(DENSE, dict(DENSE)) == []


def test_values_that_differ_and_values_that_are_missing_are_told() -> None:
    a = {"loss": "mse", "seed": 0, "codes": None, "evaluation.k": 4}
    b = {"loss": "mae", "seed": 0, "training.epochs": 5, "evaluation.k": 4}

    assert diff_specs(a, b) == [
        Differing("loss", "loss", "mse", "mae"),
        Differing("codes", None, None, None),
        Differing(None, "training.epochs", None, 5),
    ]


def test_a_layer_that_was_put_in_moves_the_others_and_changes_none() -> None:
    dense, out = ("Dense", {"units": 16}), ("Dense", {"units": 4})
    before = layers(dense, ("Flatten", {}), out)
    after = layers(dense, ("Dropout", {"rate": 0.5}), ("Flatten", {}), out)

    assert diff_specs(before, after) == [Differing(None, "layers.1.Dropout", None, {"rate": 0.5})]
    assert diff_specs(after, before) == [Differing("layers.1.Dropout", None, {"rate": 0.5}, None)]


def test_a_layer_that_has_moved_is_told_with_both_places() -> None:
    before = layers(("Dense", {"units": 16}))
    after = layers(("Flatten", {}), ("Dense", {"units": 32}))

    assert diff_specs(before, after) == [
        Differing(None, "layers.0", None, "Flatten"),
        Differing("layers.0.Dense.units", "layers.1.Dense.units", 16, 32),
    ]


def test_layers_with_more_in_common_stand_beside_each_other() -> None:
    small, large = ("Dense", {"units": 8, "activation": "tanh"}), ("Dense", {"units": 64, "activation": "relu"})

    assert diff_specs(layers(small, large), layers(large)) == [
        Differing("layers.0.Dense", None, {"units": 8, "activation": "tanh"}, None)
    ]


def test_steps_and_metrics_are_lists_too() -> None:
    a = {"preprocessing.0": "normalise", "metrics.0": "accuracy", "metrics.1.name": "top_k", "metrics.1.k": 3}
    b = {"preprocessing.0.impute.strategy": "mean", "preprocessing.1": "normalise", "metrics.0": "accuracy"}

    assert diff_specs(a, b) == [
        Differing(None, "preprocessing.0.impute", None, {"strategy": "mean"}),
        Differing("metrics.1", None, {"name": "top_k", "k": 3}, None),
    ]


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), ("1", 1), (None, "null")])
def test_values_of_other_kinds_differ(one: Any, other: Any) -> None:
    assert len(diff_specs({"x": one}, {"x": other})) == 1


LAYERS = st.lists(
    st.tuples(st.sampled_from(["Dense", "LSTM"]), st.dictionaries(st.sampled_from("ab"), st.integers(0, 2))),
    max_size=5,
).map(lambda each: layers(*each))


@given(LAYERS, LAYERS)
def test_layers_are_told_to_differ_exactly_where_they_do(a: dict[str, Any], b: dict[str, Any]) -> None:
    found = diff_specs(a, b)

    assert bool(found) == (a != b)
    for each in found:
        for path, values, value in ((each.a_path, a, each.a), (each.b_path, b, each.b)):
            if path is not None and not isinstance(value, dict):
                assert values[path] == value
            elif path is not None:
                assert {f"{path}.{name}": inner for name, inner in value.items()}.items() <= values.items()


@given(LAYERS, LAYERS)
def test_the_other_way_round_the_same_is_told(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert len(diff_specs(a, b)) == len(diff_specs(b, a))
