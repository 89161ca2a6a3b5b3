"""How much of the input a value of a convolution sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.models.kinds import ACTIVATIONS, DROPOUT
from dlrun.models.shapes import CONVOLUTION, ShapeChange, Sizes, shape_change

_WINDOWED = frozenset({"convolution", "pooling"})
_KEEPING = frozenset({"cropping", "zero_padding", "embedding"})
_POINTWISE = (
    ACTIVATIONS
    | DROPOUT
    | {"BatchNormalization", "LayerNormalization", "UnitNormalization", "GaussianNoise", "Identity"}
    | {"Rescaling", "Normalization", "ActivityRegularization"}
)
_MERGING = frozenset({"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"})


@dataclass(frozen=True)
class ReceptiveField:
    """How much of the input one value of a layer's map sees.

    Args:
        layer: its name in the model.
        kind: its Keras class.
        sizes: positions of the input along each axis of the map, those beyond its border too.
        of: the sizes of the input along these axes; None where one varies.
    """

    layer: str
    kind: str
    sizes: tuple[int, ...]
    of: Sizes


@dataclass(frozen=True)
class _Reach:
    """What a value of a tensor sees; nothing has slid over the input yet where there are no sizes.

    Args:
        sizes: positions of the input along each axis.
        jumps: how far two neighbouring values lie apart in the input.
        of: the sizes of the input.
    """

    sizes: tuple[int, ...] = ()
    jumps: tuple[int, ...] = ()
    of: Sizes = ()


def receptive_field(model: Any) -> ReceptiveField | None:
    """Work out the receptive field of the last convolution of a built ``keras.Model``.

    None where it has no convolution, or where one follows what sees the whole input or enlarges a map. Branches that
    meet see what the widest of them sees.
    """
    reaches: dict[int, _Reach | None] = {id(tensor): _Reach() for tensor in model.inputs}
    last = None
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        taken = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
        reach = _beyond(layer, [reaches.get(id(tensor)) for tensor in taken])
        reaches[id(layer.output)] = reach
        if reach and reach.sizes and CONVOLUTION.fullmatch(kind := _core_kind(layer)):
            last = ReceptiveField(layer.name, kind, reach.sizes, reach.of)
    return last


def _core_kind(layer: Any) -> str:
    """Name the class of a layer, or of the one that a TimeDistributed applies to each step."""
    kind = type(layer).__name__
    return type(layer.layer).__name__ if kind == "TimeDistributed" else kind


def _beyond(layer: Any, taken: Sequence[_Reach | None]) -> _Reach | None:
    """Tell what a value of a layer's output sees, from what those of its inputs see."""
    kind = _core_kind(layer)
    known = [reach for reach in taken if reach is not None]
    if len(known) < len(taken) or not known:
        return None
    if kind in _MERGING:
        return _widest(known)
    (reach,) = known if len(known) == 1 else (None,)
    if reach is None or kind in _POINTWISE or kind.startswith("Random"):
        return reach
    if kind == "Dense":  # on maps it works on the channels of each position, as a kernel of size 1 would
        return reach if len(layer.input.shape) > 2 else None
    if kind in ("Reshape", "Permute"):
        return reach if not reach.sizes else None
    change = shape_change(layer)
    if change is None:  # a convolution or a pooling that keeps the size without padding sees one position
        return reach if CONVOLUTION.fullmatch(kind) else None
    if change.cause in _KEEPING:
        return _begun(reach, change)
    return _slid(reach, change) if change.cause in _WINDOWED else None


def _begun(reach: _Reach, change: ShapeChange) -> _Reach:
    """Note the sizes of the map where its axes are met for the first time: before zeros are added to it."""
    if reach.sizes or not change.axes:
        return reach
    ones = (1,) * len(change.axes)
    return _Reach(ones, ones, tuple(axis.before for axis in change.axes))


def _slid(reach: _Reach, change: ShapeChange) -> _Reach | None:
    """Widen a reach by the windows of one more layer."""
    reach = _begun(reach, change)
    if len(reach.sizes) != len(change.axes):
        return None
    windows = [axis.window for axis in change.axes]
    return _Reach(
        tuple(
            size + (window.span - 1) * jump
            for size, jump, window in zip(reach.sizes, reach.jumps, windows, strict=True)
        ),
        tuple(jump * window.stride for jump, window in zip(reach.jumps, windows, strict=True)),
        reach.of,
    )


def _widest(reaches: Sequence[_Reach]) -> _Reach | None:
    """Join branches; None where their values do not lie equally far apart."""
    slid = [reach for reach in reaches if reach.sizes]
    if not slid:
        return _Reach()
    first = slid[0]
    untouched = len(slid) < len(reaches)
    if any((reach.jumps, reach.of) != (first.jumps, first.of) for reach in slid):
        return None
    if untouched and set(first.jumps) != {1}:
        return None
    sizes = tuple(map(max, zip(*(reach.sizes for reach in slid), strict=True)))
    return _Reach(sizes, first.jumps, first.of)
