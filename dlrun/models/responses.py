"""What a trained convnet looks for, and what it makes of an image: filters and response maps, as plain arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_CONVOLUTION = re.compile(r"(Separable|Depthwise)?Conv2D")
_ANSWERING = re.compile(r"((Separable|Depthwise)?Conv2D(Transpose)?)|((Max|Average)Pooling2D)")


@dataclass(frozen=True)
class Filters:
    """The kernels of a model's first two-dimensional convolution.

    Args:
        layer: its name in the model.
        kernels: (filters, height, width, channels of its input).
    """

    layer: str
    kernels: Floats


@dataclass(frozen=True)
class ResponseMaps:
    """What one layer answers to one image.

    Args:
        layer: its name in the model.
        maps: (height, width, channels).
    """

    layer: str
    maps: Floats


@dataclass(frozen=True)
class Responses:
    """An image on its way through a convnet.

    Args:
        image: what the first convolution is given, (height, width, channels).
        layers: the maps after each convolution and pooling layer, in the model's order.
        prediction: what the model gives for it, of whatever shape.
    """

    image: Floats
    layers: tuple[ResponseMaps, ...]
    prediction: Floats


def has_convolution(model: Any) -> bool:
    """Whether a model has a two-dimensional convolution."""
    return _first(model) is not None


def first_filters(model: Any) -> Filters:
    """Read the kernels of the first two-dimensional convolution of a model that has one.

    A depthwise kernel, or the depthwise part of a separable one, has a filter for each channel and multiple of it.
    """
    layer = _first(model)
    assert layer is not None, "the model has no two-dimensional convolution"
    kernel = np.asarray(layer.kernel if hasattr(layer, "kernel") else layer.depthwise_kernel, np.float32)
    if "Depthwise" in type(layer).__name__ or "Separable" in type(layer).__name__:
        height, width = kernel.shape[:2]
        return Filters(layer.name, kernel.reshape(height, width, -1).transpose(2, 0, 1)[..., None])
    return Filters(layer.name, kernel.transpose(3, 0, 1, 2))


def responses(model: Any, row: Any) -> Responses:
    """Send one encoded row through a model that has a two-dimensional convolution.

    Args:
        model: a functional ``keras.Model``.
        row: one row of its input, (1, ...).
    """
    import keras

    first = _first(model)
    assert first is not None, "the model has no two-dimensional convolution"
    answering = [layer for layer in model.layers if _ANSWERING.fullmatch(type(layer).__name__)]
    inside = keras.Model(model.inputs[0], [first.input, *(layer.output for layer in answering), model.outputs[0]])
    image, *maps, prediction = (np.asarray(given, np.float32)[0] for given in inside(row, training=False))
    return Responses(
        _channels_last(first, image),
        tuple(
            ResponseMaps(layer.name, _channels_last(layer, given)) for layer, given in zip(answering, maps, strict=True)
        ),
        prediction,
    )


def _first(model: Any) -> Any:
    """Find the first two-dimensional convolution; None where there is none."""
    return next((layer for layer in model.layers if _CONVOLUTION.fullmatch(type(layer).__name__)), None)


def _channels_last(layer: Any, maps: Floats) -> Floats:
    return maps.transpose(1, 2, 0) if layer.data_format == "channels_first" else maps
