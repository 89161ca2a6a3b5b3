"""A model in words: its layers as a table, or as one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.models.kinds import inner_layer
from dlrun.spec.sections import ExperimentSpec, Layer

_SIZES = ("units", "filters", "output_dim", "rate")


@dataclass(frozen=True)
class LayerRow:
    """One layer of a model.

    Args:
        name: of the layer in the model.
        kind: its Keras class.
        output_shape: rows first, which is None.
        parameters: how many numbers its weights hold.
        trainable: how many of them training changes.
    """

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int
    trainable: int


def layer_table(model: Any) -> tuple[LayerRow, ...]:
    """List the layers of a built ``keras.Model`` in its order, without the input."""
    return tuple(_row(layer) for layer in model.layers if type(layer).__name__ != "InputLayer")


def _row(layer: Any) -> LayerRow:
    trainable = sum(int(weight.shape.num_elements()) for weight in layer.trainable_weights)
    return LayerRow(layer.name, type(layer).__name__, tuple(layer.output.shape), int(layer.count_params()), trainable)


def outline(spec: ExperimentSpec, outputs: int | None = None) -> str:
    """Write a model as one line: ``Dense 64 → Dense 64 → Dense 1``.

    Where a layer names what it takes, a new part begins: ``Dense 8 (a); input → Dense 4 (b); a, b → Concatenate``.

    Args:
        spec: the layers, and whether an output layer follows them.
        outputs: units of that output layer; called ``output`` when not known.
    """
    parts: list[str] = []
    steps: list[str] = []
    for layer in spec.layers:
        if layer.inputs:
            parts += [" → ".join(steps)] if steps else []
            steps = [", ".join(layer.inputs)]
        steps.append(_step(layer))
    if spec.output:
        steps.append("output" if outputs is None else f"Dense {outputs}")
    return "; ".join([*parts, " → ".join(steps)])


def _step(layer: Layer) -> str:
    """Write one layer: its kind, its size, and its name where it has one."""
    text = " ".join(_words(layer.kind, layer.arguments))
    return f"{text} ({layer.name})" if layer.name else text


def _words(kind: str, arguments: Any) -> Sequence[str]:
    inner = inner_layer(arguments)
    if inner:
        return [kind, *_words(*inner)]
    size = next((arguments[name] for name in _SIZES if name in arguments), None)
    return [kind] if size is None else [kind, f"{size:g}" if isinstance(size, float) else str(size)]
