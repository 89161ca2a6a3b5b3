"""Which layers are which: hidden Dense and Conv layers, dropout, wrappers with a layer inside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.errors import Problem
from dlrun.registry import positional, registry
from dlrun.registry.calls import read_call
from dlrun.spec.sections import Layer, Named

DROPOUT = frozenset(
    {"Dropout", "AlphaDropout", "GaussianDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}
)
RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
ACTIVATIONS = frozenset({"Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"})
RESHAPING = frozenset({"Reshape", "Flatten", "Permute", "Identity", "Cropping1D", "Cropping2D", "Cropping3D"})
NORMALISING = frozenset(
    {"BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization"}
)

_CONVOLUTION = re.compile(r"(Separable|Depthwise)?Conv[123]D(Transpose)?")


def is_dense_or_conv(kind: str) -> bool:
    """Whether a layer takes ``hidden_activation``: Dense and convolutions do, recurrent layers never."""
    return kind == "Dense" or _CONVOLUTION.fullmatch(kind) is not None


def inner_layer(arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Read the layer inside a wrapper: ``{layer: {LSTM: 32}}`` → ``("LSTM", {"units": 32})``."""
    if "layer" not in arguments:
        return None
    call = read_call(arguments["layer"], ())
    entry = None if isinstance(call, Problem) else registry("layers").find(call.name)
    if entry is None or isinstance(call, Problem):
        return None
    return entry.name, positional(entry, call.value)


def core(layer: Layer) -> tuple[str, Mapping[str, Any]]:
    """Give the kind and arguments of the layer that does the work: the one inside, for wrappers."""
    kind, arguments = layer.kind, layer.arguments
    while inner := inner_layer(arguments):
        kind, arguments = inner
    return kind, arguments


def with_core_arguments(layer: Layer, extra: Mapping[str, Any]) -> Layer:
    """Add arguments to the layer that does the work."""
    return layer.model_copy(update={"arguments": _add(layer.arguments, extra)}) if extra else layer


def _add(arguments: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Add arguments at the innermost layer of nested ones."""
    inner = inner_layer(arguments)
    if inner is None:
        return {**arguments, **extra}
    kind, inside = inner
    return {**arguments, "layer": {kind: _add(inside, extra)}}


def head_index(layers: Sequence[Layer]) -> int | None:
    """Find the layer that gives a model its output when the spec adds no output layer (``output: false``).

    That is the last Dense or Conv layer, if only layers without weights come after it.
    """
    for index in range(len(layers) - 1, -1, -1):
        kind, _ = core(layers[index])
        if is_dense_or_conv(kind):
            return index
        if kind not in ACTIVATIONS | RESHAPING:
            return None
    return None


def own_activation(layers: Sequence[Layer]) -> Named | None:
    """Read the activation that a model with ``output: false`` ends in; None where it cannot be told.

    A Dense or Conv layer without one is linear.
    """
    for layer in reversed(layers):
        kind, arguments = core(layer)
        if kind in {"ReLU", "Softmax"} and not arguments:
            return Named(name=kind.lower())
        if kind == "Activation" or is_dense_or_conv(kind):
            return as_named(arguments.get("activation"))
        if kind not in RESHAPING:
            return None
    return None


def as_value(named: Named) -> Any:
    """Write a named thing as the YAML value that means it."""
    return {named.name: dict(named.arguments)} if named.arguments else named.name


def as_named(value: Any) -> Named | None:
    """Read the YAML value of an activation; no value means none."""
    if value is None:
        return Named(name="none")
    call = read_call(value, ())
    if isinstance(call, Problem):
        return None
    entry = registry("activations").find(call.name)
    return Named(name=call.name, arguments=positional(entry, call.value) if entry else {})
