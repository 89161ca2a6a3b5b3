"""Reads how a class or function is called, from the object itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from dlrun.registry.entry import BASE_LAYER_ARGUMENTS, Parameter, nested_kind

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

LEFT_OUT = {
    "name": "a spec names things itself",
    "quantization_config": "takes a configuration that Keras deserialises",
    "gptq_unpacked_column_size": "only of use with quantization_config",
    "weights": "arrays do not belong in a spec",
}
"""Arguments that a spec cannot give, and why."""


def parameters_of(target: Callable[..., Any], kind: str) -> tuple[Parameter, ...]:
    """List what a spec may give to a constructor, or to an activation function (which also gets a tensor)."""
    found = list(inspect.signature(target).parameters.values())
    if kind == "activations" and not inspect.isclass(target):
        found = found[1:]
    listed = [_parameter(item) for item in found if item.kind in _NAMED and item.name not in LEFT_OUT]
    if kind == "layers" and any(item.kind is inspect.Parameter.VAR_KEYWORD for item in found):
        names = {parameter.name for parameter in listed}
        defaults = {"trainable": True, "dtype": None}
        listed += [Parameter(name, default=defaults[name]) for name in BASE_LAYER_ARGUMENTS if name not in names]
    return tuple(listed)


def inputs_of(layer: Any) -> tuple[str, ...]:
    """List the tensors that a layer class's ``call`` requires."""
    items = list(inspect.signature(layer.call).parameters.values())[1:]
    return tuple(item.name for item in items if item.kind in _NAMED and item.default is inspect.Parameter.empty)


def summary_of(target: Any) -> str:
    """Return the first line of a docstring, without a full stop at its end."""
    return (inspect.getdoc(target) or "").strip().partition("\n")[0].rstrip(".")


def json_value(value: Any) -> Any:
    """Turn a default into a JSON value, tuples into lists; None where there is none."""
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    return value if isinstance(value, (bool, int, float, str)) else None


def _parameter(item: inspect.Parameter) -> Parameter:
    required = item.default is inspect.Parameter.empty
    return Parameter(item.name, required, None if required else json_value(item.default), nested_kind(item.name))
