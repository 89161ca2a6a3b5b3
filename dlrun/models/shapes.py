"""Why a layer's output has another shape than its input: pure functions over the layers of a built model.

Every explanation is checked against the shape that Keras gives: a layer that this module would explain wrongly is left
unexplained.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from types import MappingProxyType
from typing import Any, Literal

from dlrun.models.kinds import RECURRENT
from dlrun.models.windows import AxisChange, Window, grow, slide

Sizes = tuple[int | None, ...]
Cause = Literal[
    "convolution",
    "transposed_convolution",
    "pooling",
    "adaptive_pooling",
    "global_pooling",
    "cropping",
    "zero_padding",
    "upsampling",
    "flatten",
    "reshape",
    "repeat",
    "embedding",
    "last_state",
    "every_state",
]

CONVOLUTION = re.compile(r"(Separable|Depthwise)?Conv[123]D")
_TRANSPOSED = re.compile(r"Conv[123]DTranspose")
_CONV_LSTM = re.compile(r"ConvLSTM[123]D")
_POOLING = re.compile(r"(Max|Average)Pooling[123]D")
_GLOBAL = re.compile(r"Global(Max|Average)Pooling[123]D")
_ADAPTIVE = re.compile(r"Adaptive(Max|Average)Pooling[123]D")
_NAMED: Mapping[str, Cause] = MappingProxyType(
    {"Flatten": "flatten", "Reshape": "reshape", "RepeatVector": "repeat", "Embedding": "embedding"}
)


@dataclass(frozen=True)
class ShapeChange:
    """What one layer does to the shape of a row.

    Args:
        layer: its name in the model.
        kind: its Keras class; of a wrapper, with that of the layer inside: ``Bidirectional LSTM``.
        cause: which kind of operation changes the shape.
        before: of one row of its input; None where an axis varies.
        after: of one row of its output.
        axes: of a map, each of its axes (height, width), without the channels.
        per_step: whether the layer is applied to each step of a sequence by itself; axes are those of one step.
    """

    layer: str
    kind: str
    cause: Cause
    before: Sizes
    after: Sizes
    axes: tuple[AxisChange, ...] = ()
    per_step: bool = False


@dataclass(frozen=True)
class FirstDense:
    """What reaches the first Dense layer of a model, and what that layer takes of all parameters.

    Args:
        layer: its name in the model.
        coefficients: values of a row that reach it; None where that varies.
        parameters: that it has.
        total: that the whole model has.
    """

    layer: str
    coefficients: int | None
    parameters: int
    total: int

    @property
    def share(self) -> float:
        """Its share of all parameters, 0..1."""
        return self.parameters / self.total


def shape_changes(model: Any) -> tuple[ShapeChange, ...]:
    """Explain every layer of a built ``keras.Model`` that reshapes, shrinks or enlarges what it is given."""
    return tuple(change for layer in model.layers if (change := shape_change(layer)))


def shape_change(layer: Any) -> ShapeChange | None:
    """Explain one layer of a built model; None where it keeps the shape, or where nothing is known of it."""
    before, after = _row_shape(layer.input), _row_shape(layer.output)
    return None if before is None or after is None else _explained(layer, before, after)


def first_dense(model: Any) -> FirstDense | None:
    """Find the first Dense layer of a built model, and count what reaches it."""
    for layer in model.layers:
        before = _row_shape(layer.input) if type(layer).__name__ == "Dense" else None
        if before is not None:
            count = None if None in before else prod(size or 0 for size in before)
            return FirstDense(layer.name, count, int(layer.count_params()), int(model.count_params()))
    return None


def _row_shape(tensor: Any) -> Sizes | None:
    """Give the shape of a row; None for a layer of several inputs."""
    return None if isinstance(tensor, list | tuple | dict) else tuple(tensor.shape)[1:]


def _explained(layer: Any, before: Sizes, after: Sizes) -> ShapeChange | None:
    kind = type(layer).__name__
    if kind == "TimeDistributed":
        return _for_each_step(layer, before, after)
    if kind == "Bidirectional":
        inside = layer.forward_layer
        return _state_of(layer, inside, f"{kind} {type(inside).__name__}", before, after)
    if kind in RECURRENT:
        return _state_of(layer, layer, kind, before, after)
    change = _of_map(layer, kind, before, after)
    if change is None and kind in _NAMED and before != after:
        change = ShapeChange(layer.name, kind, _NAMED[kind], before, after)
    return change


def _for_each_step(layer: Any, before: Sizes, after: Sizes) -> ShapeChange | None:
    """Explain the layer inside a TimeDistributed, for one step."""
    inside = _explained(layer.layer, before[1:], after[1:])
    if inside is None:
        return None
    kind = f"TimeDistributed {inside.kind}"
    return replace(inside, layer=layer.name, kind=kind, before=before, after=after, per_step=True)


def _state_of(layer: Any, recurrent: Any, kind: str, before: Sizes, after: Sizes) -> ShapeChange | None:
    """Explain a recurrent layer: its last state, or one for each step; a ConvLSTM slides over maps besides."""
    every = bool(recurrent.return_sequences)
    axes: tuple[AxisChange, ...] = ()
    if _CONV_LSTM.fullmatch(type(recurrent).__name__):
        axes = _slides(recurrent, recurrent.kernel_size, recurrent.dilation_rate, before[1:])
        if not _agree(axes, _spatial(recurrent, after[1:] if every else after)):
            return None
    return ShapeChange(layer.name, kind, "every_state" if every else "last_state", before, after, axes)


def _of_map(layer: Any, kind: str, before: Sizes, after: Sizes) -> ShapeChange | None:
    """Explain a layer that works on the axes of a map; None where it keeps their sizes without padding."""
    found = next((rule for pattern, rule in _MAPS if pattern.fullmatch(kind)), None)
    if found is None:
        return None
    cause, measure = found
    axes = measure(layer, before)
    if cause in ("global_pooling", "adaptive_pooling"):
        return ShapeChange(layer.name, kind, cause, before, after)
    moves = any(axis.before != axis.after or axis.padded or axis.border for axis in axes)
    if not moves or not _agree(axes, _spatial(layer, after)):
        return None
    return ShapeChange(layer.name, kind, cause, before, after, axes)


def _agree(axes: Sequence[AxisChange], real: Sizes) -> bool:
    """Whether the sizes that were worked out are those that Keras gives."""
    return tuple(axis.after for axis in axes) == real


def _spatial(layer: Any, shape: Sizes) -> Sizes:
    """Leave the channels out of the shape of a row."""
    return shape[1:] if getattr(layer, "data_format", None) == "channels_first" else shape[:-1]


def _slides(layer: Any, sizes: Sequence[int], dilations: Sequence[int], before: Sizes) -> tuple[AxisChange, ...]:
    windows = (
        Window(size, stride, dilation, layer.padding)
        for size, stride, dilation in zip(sizes, layer.strides, dilations, strict=True)
    )
    return tuple(map(slide, _spatial(layer, before), windows))


def _convolved(layer: Any, before: Sizes) -> tuple[AxisChange, ...]:
    return _slides(layer, layer.kernel_size, _each(layer.dilation_rate, len(layer.kernel_size)), before)


def _pooled(layer: Any, before: Sizes) -> tuple[AxisChange, ...]:
    return _slides(layer, layer.pool_size, [1] * len(layer.pool_size), before)


def _grown(layer: Any, before: Sizes) -> tuple[AxisChange, ...]:
    extras = _each(layer.output_padding, len(layer.kernel_size))
    dilations = _each(layer.dilation_rate, len(layer.kernel_size))
    return tuple(
        grow(size, Window(kernel, stride, dilation, layer.padding), extra)
        for size, kernel, stride, dilation, extra in zip(
            _spatial(layer, before), layer.kernel_size, layer.strides, dilations, extras, strict=True
        )
    )


def _each(value: Any, axes: int) -> Sequence[Any]:
    """Give one value for each axis."""
    return [value] * axes if value is None or isinstance(value, int) else value


def _cropped(layer: Any, before: Sizes) -> tuple[AxisChange, ...]:
    return tuple(
        AxisChange(size, None if size is None else size - sum(pair), Window(1), border=sum(pair))
        for size, pair in zip(_spatial(layer, before), _pairs(layer.cropping), strict=True)
    )


def _zero_padded(layer: Any, before: Sizes) -> tuple[AxisChange, ...]:
    return tuple(
        AxisChange(size, None if size is None else size + sum(pair), Window(1), padded=sum(pair))
        for size, pair in zip(_spatial(layer, before), _pairs(layer.padding), strict=True)
    )


def _pairs(value: Sequence[Any]) -> Sequence[tuple[int, int]]:
    """Read what is cut or added on the two sides of each axis; of one axis Keras keeps the pair alone."""
    return [(value[0], value[1])] if isinstance(value[0], int) else [(low, high) for low, high in value]


def _repeated(layer: Any, before: Sizes) -> tuple[AxisChange, ...]:
    sizes = _spatial(layer, before)
    return tuple(
        grow(size, Window(factor, factor)) for size, factor in zip(sizes, _each(layer.size, len(sizes)), strict=True)
    )


def _whole(layer: Any, before: Sizes) -> tuple[AxisChange, ...]:
    return ()


_MAPS: tuple[tuple[re.Pattern[str], tuple[Cause, Callable[[Any, Sizes], tuple[AxisChange, ...]]]], ...] = (
    (CONVOLUTION, ("convolution", _convolved)),
    (_TRANSPOSED, ("transposed_convolution", _grown)),
    (_POOLING, ("pooling", _pooled)),
    (_GLOBAL, ("global_pooling", _whole)),
    (_ADAPTIVE, ("adaptive_pooling", _whole)),
    (re.compile(r"Cropping[123]D"), ("cropping", _cropped)),
    (re.compile(r"ZeroPadding[123]D"), ("zero_padding", _zero_padded)),
    (re.compile(r"UpSampling[123]D"), ("upsampling", _repeated)),
)
