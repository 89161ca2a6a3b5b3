"""The step `augment`, which is Keras layers: they come to stand in front of the model's own."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.errors import Path, Problem
from dlrun.models.names import free_name
from dlrun.spec.sections import ExperimentSpec, Layer
from dlrun.spec.steps import Augment
from dlrun.spec.wiring import INPUT

IMAGE_RANK = 3
"""Axes of one image: height, width, channels."""


def augment_problems(spec: ExperimentSpec, input_shape: Sequence[int | None]) -> list[Problem]:
    """Find inputs that are no images.

    Args:
        spec: as written.
        input_shape: of one row after the other steps.
    """
    shape = _reshaped(spec.layers) or input_shape
    return [
        Problem(
            f"augment works on images (height, width, channels), and a row has the shape {tuple(input_shape)}",
            ("preprocessing", index),
            hint="where only the axis of channels is missing, begin the layers with Reshape: [height, width, 1]",
        )
        for index, step in enumerate(spec.preprocessing)
        if isinstance(step, Augment) and len(shape) != IMAGE_RANK
    ]


def with_augmentation(
    spec: ExperimentSpec, layers: Sequence[Layer], origins: Sequence[int]
) -> tuple[tuple[Layer, ...], tuple[Path, ...]]:
    """Put the layers of `augment` in front of the model's, or behind the Reshape that makes images of its inputs.

    Args:
        spec: as written.
        layers: the model's, written out.
        origins: for each of them, its index in the spec as written.

    Returns:
        All layers, and where in the spec each one stands or belongs to.
    """
    places: list[Path] = [("layers", origin) for origin in origins]
    found = [
        (layer, ("preprocessing", at, "augment", place))
        for at, step in enumerate(spec.preprocessing)
        if isinstance(step, Augment)
        for place, layer in enumerate(step.layers)
    ]
    if not found:
        return tuple(layers), tuple(places)
    front = 1 if _reshaped(layers) else 0
    added, theirs = [layer for layer, _ in found], [path for _, path in found]
    before = layers[0].name if front else INPUT  # what others call that which is now augmented
    if before and any(before in layer.inputs for layer in layers[front:]):
        taken = {layer.name for layer in (*layers, *added) if layer.name}
        name = added[-1].name or free_name("augmented", taken)
        added[-1] = added[-1].model_copy(update={"name": name})
        layers = [*layers[:front], *(_taking(layer, before, name) for layer in layers[front:])]
    return (*layers[:front], *added, *layers[front:]), (*places[:front], *theirs, *places[front:])


def without_augmentation(spec: ExperimentSpec) -> ExperimentSpec:
    """Leave the step out: its layers stand among the model's."""
    steps = tuple(step for step in spec.preprocessing if not isinstance(step, Augment))
    return spec.model_copy(update={"preprocessing": steps})


def _taking(layer: Layer, before: str, name: str) -> Layer:
    inputs = tuple(name if each == before else each for each in layer.inputs)
    return layer.model_copy(update={"inputs": inputs})


def _reshaped(layers: Sequence[Layer]) -> tuple[int, ...] | None:
    """Give the shape that the first layer makes images of, where it does; None elsewhere."""
    if not layers or layers[0].kind != "Reshape":
        return None
    shape = layers[0].arguments.get("target_shape")
    return tuple(shape) if isinstance(shape, list | tuple) and len(shape) == IMAGE_RANK else None
