"""Why layers change the shape of what passes through them, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dlrun.report.glyphs import grouped

Part = Mapping[str, Any]

_UNITS = {1: "step", 2: "pixel", 3: "voxel"}
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
_LAST = {1: ("step",), 2: ("row", "column"), 3: ("slice", "row", "column")}
_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_SHARES = {2: "halves it", 3: "leaves a third of it", 4: "leaves a quarter of it"}


def change_words(change: Part) -> str:
    """Say what one layer does to the shape, and why.

    Args:
        change: a ``ShapeChange`` of `dlrun.models` as a mapping.
    """
    axes = change["axes"]
    if not axes or change["cause"] in ("last_state", "every_state"):
        before, after = change["before"], change["after"]
        flat = change["cause"] == "flatten"
        sizes = f"{_by(before)} = {_by(after)} coefficients" if flat else f"{_listed(before)} → {_listed(after)}"
    else:
        before, after = ([axis[side] for axis in axes] for side in ("before", "after"))
        kept = before == after and not (None in before and any(axis["border"] for axis in axes))
        sizes = f"stays {_by(before)}" if kept else f"{_by(before)} → {_by(after)}"
    why = _CAUSES[change["cause"]](change)
    each = "for each step by itself, " if change["per_step"] else ""
    return f"{sizes}: {each}{why}" if why else sizes


def dense_words(dense: Part) -> str:
    """Say how many values reach the first Dense layer, and what it takes of all parameters."""
    count = dense["coefficients"]
    reached = "" if count is None else f" for {grouped(count)} coefficient{'' if count == 1 else 's'}"
    of = f"{grouped(dense['parameters'])} of {grouped(dense['total'])} parameters"
    return f"the first Dense layer takes {of} ({_percent(dense['share'])}){reached}"


def field_words(reach: Part) -> str:
    """Say how much of the input a value of the last convolution sees."""
    sizes, of = reach["sizes"], reach["of"]
    units = f"{_UNITS[len(sizes)]}s of the input"
    said = "the last convolution: one of its values sees"
    if None in of:
        return f"{said} {_by(sizes)} {units}"
    seen = [min(size, whole) for size, whole in zip(sizes, of, strict=True)]
    if seen == list(of):
        field = "" if seen == list(sizes) else f" (its receptive field is {_by(sizes)})"
        return f"{said} all of the {_by(of)} {units}{field}"
    return f"{said} {_by(seen)} of the {_by(of)} {units}"


def _by(sizes: Sequence[int | None]) -> str:
    """Write sizes as ``3 × 3 × 64``."""
    return " × ".join(map(_size, sizes))


def _listed(sizes: Sequence[int | None]) -> str:
    """Write sizes as ``(120, 7)``."""
    return f"({', '.join(map(_size, sizes))})"


def _size(size: int | None) -> str:
    return "any" if size is None else grouped(size)


def _percent(share: float) -> str:
    percent = 100 * share
    return "under 1 %" if 0 < percent < 1 else f"{percent:.0f} %"


def _slid(change: Part) -> str:
    """Say what a convolution or a pooling loses at the borders, by its stride, and at the end."""
    axes = change["axes"]
    windows = [axis["window"] for axis in axes]
    strides = [window["stride"] for window in windows]
    what, separate = _what(change, windows)
    if separate:  # windows side by side: what counts is by how much they divide the map
        clauses = [f"{what} {_divided(strides)}"]
    else:
        clauses = [_bordered(what, axes), *([_every(strides)] if max(strides) > 1 else [])]
    return "; ".join([*clauses, *_rest(axes, separate)])


def _what(change: Part, windows: Sequence[Part]) -> tuple[str, bool]:
    """Name what slides, and say whether its positions lie side by side without overlap."""
    sizes = [window["size"] for window in windows]
    if change["cause"] == "pooling":
        return f"pooling {_by(sizes)}", sizes == [window["stride"] for window in windows] and max(sizes) > 1
    dilations = {window["dilation"] for window in windows}
    apart = "" if dilations == {1} else f" with dilation {_by(_same([window['dilation'] for window in windows]))}"
    return (f"a kernel of {sizes[0]}" if len(sizes) == 1 else f"a {_by(sizes)} kernel") + apart, False


def _bordered(what: str, axes: Sequence[Part]) -> str:
    """Say what becomes of the border."""
    padding = axes[0]["window"]["padding"]
    lost = [axis["border"] for axis in axes]
    unit = _UNITS[len(axes)]
    if padding == "causal" and axes[0]["padded"]:
        return f"{what} sees a step and {_count(axes[0]['padded'], unit)} before it; zeros stand before the first"
    if padding != "valid":
        return f"{what} with padding loses nothing at the borders"
    if not any(lost):
        return f"{what} looks at one {unit} at a time"
    (same,) = set(lost) if len(set(lost)) == 1 else (None,)
    if same is not None and same % 2 == 0:
        return f"{what} without padding loses {_count(same // 2, unit)} at each border"
    if same is not None:
        return f"{what} without padding loses {_count(same, unit)}{' of each axis' if len(axes) > 1 else ''}"
    each = " and ".join(f"{size} of the {axis}" for size, axis in zip(lost, _AXES[len(axes)], strict=True) if size)
    return f"{what} without padding loses {each}"


def _every(strides: Sequence[int]) -> str:
    """Say what a stride takes: ``stride 2 takes every second position``."""
    named = _same(strides)
    which = f"every {_ORDINALS.get(named[0], f'{named[0]}th')} position" if len(named) == 1 else "fewer positions"
    return f"stride {_by(named)} takes {which}"


def _divided(strides: Sequence[int]) -> str:
    named = _same(strides)
    if len(named) == 1:
        return _SHARES.get(named[0], f"divides it by {named[0]}")
    return f"divides it by {_by(named)}"


def _rest(axes: Sequence[Part], separate: bool) -> list[str]:
    """Say what becomes of positions at the end that no whole window reaches."""
    dropped = [(axis["dropped"], name) for axis, name in zip(axes, _LAST[len(axes)], strict=True) if axis["dropped"]]
    if dropped:
        (most,) = {count for count, _ in dropped} if len({count for count, _ in dropped}) == 1 else (None,)
        odd = "odd " if separate and {axis["window"]["stride"] for axis in axes} == {2} else ""
        names = " and ".join(name for _, name in dropped)
        if most == 1:
            return [f"the {odd}last {names} {'is' if len(dropped) == 1 else 'are'} dropped"]
        each = " and ".join(f"{_count(count, name)}" for count, name in dropped)
        return [f"the last {each} are dropped"]
    if separate and any(axis["padded"] for axis in axes):
        return ["padding completes the last windows"]
    return []


def _grown(change: Part) -> str:
    windows = [axis["window"] for axis in change["axes"]]
    strides, sizes = [window["stride"] for window in windows], [window["size"] for window in windows]
    unit = _UNITS[len(windows)]
    apart = "" if set(strides) == {1} else f", {_by(_same(strides))} {unit}s apart"
    return f"each position becomes a patch of {_by(sizes)}{apart}"


def _repeated(change: Part) -> str:
    factors = [axis["window"]["stride"] for axis in change["axes"]]
    return f"each {_UNITS[len(factors)]} is repeated {_by(factors)} times"


def _cropped(change: Part) -> str:
    return _cut(change, "border", "cuts off")


def _zero_padded(change: Part) -> str:
    return _cut(change, "padded", "adds zeros:")


def _cut(change: Part, key: str, verb: str) -> str:
    """Say by how much each axis is cut or padded, both sides together."""
    axes = change["axes"]
    each = [
        f"{axis[key]} of the {name}" if key == "border" else f"{axis[key]} to the {name}"
        for axis, name in zip(axes, _AXES[len(axes)], strict=True)
        if axis[key]
    ]
    return f"{verb} {' and '.join(each)}"


def _pooled_whole(change: Part) -> str:
    which = "largest value" if "Max" in change["kind"] else "mean"
    return f"of each map the {which} alone"


def _state(change: Part) -> str:
    """Say which states a recurrent layer gives; a ConvLSTM loses borders besides."""
    both = " of both directions" if change["kind"].startswith("Bidirectional") else ""
    which = f"the last state{both} only" if change["cause"] == "last_state" else f"a state{both} after every step"
    lost = change["axes"] and any(axis["before"] != axis["after"] or axis["padded"] for axis in change["axes"])
    return f"{which}; {_slid({**change, 'cause': 'convolution'})}" if lost else which


def _embedded(change: Part) -> str:
    return f"each token number becomes a vector of {change['after'][-1]}"


def _count(count: int, unit: str) -> str:
    return f"{grouped(count)} {unit}{'' if count == 1 else 's'}"


def _same(values: Sequence[int]) -> Sequence[int]:
    """Write equal values once."""
    return values[:1] if len(set(values)) == 1 else values


_CAUSES: Mapping[str, Callable[[Part], str]] = MappingProxyType(
    {
        "convolution": _slid,
        "pooling": _slid,
        "transposed_convolution": _grown,
        "upsampling": _repeated,
        "cropping": _cropped,
        "zero_padding": _zero_padded,
        "global_pooling": _pooled_whole,
        "adaptive_pooling": lambda change: "pools to a size that does not hang on the input's",
        "flatten": lambda change: "",
        "reshape": lambda change: "the same values in another shape",
        "repeat": lambda change: "the same vector for every step",
        "embedding": _embedded,
        "last_state": _state,
        "every_state": _state,
    }
)
