"""What a sliding window makes of one axis of a map: how many positions it has, and where the others are lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """What slides over one axis: the kernel of a convolution, or the pool of a pooling layer.

    Args:
        size: how many values it takes at once.
        stride: how far it moves.
        dilation: how far the values that it takes lie apart.
        padding: ``valid`` (it stays inside), ``same`` (zeros on both sides) or ``causal`` (zeros before the first).
    """

    size: int
    stride: int = 1
    dilation: int = 1
    padding: str = "valid"

    @property
    def span(self) -> int:
        """How many positions it covers, those between the values that it takes too."""
        return self.dilation * (self.size - 1) + 1


@dataclass(frozen=True)
class AxisChange:
    """One axis before and after a layer.

    Args:
        before: its size; None where it varies.
        after: the same, afterwards.
        window: what slides over it; of a layer that enlarges a map, the patch that each position becomes.
        border: positions lost because the window stays inside: its span less 1.
        dropped: positions at the end that no window reaches, because it moves by more than one.
        padded: zeros added on both sides together.
    """

    before: int | None
    after: int | None
    window: Window
    border: int = 0
    dropped: int = 0
    padded: int = 0


def slide(before: int | None, window: Window) -> AxisChange:
    """Slide a window over an axis, as convolutions and pooling do."""
    border = window.span - 1 if window.padding == "valid" else 0
    lead = window.span - 1 if window.padding == "causal" else 0
    if before is None:
        return AxisChange(None, None, window, border, padded=lead)
    if window.padding == "same":
        after = -(-before // window.stride)
        padded = max((after - 1) * window.stride + window.span - before, 0)
        return AxisChange(before, after, window, padded=padded)
    moves, dropped = divmod(before + lead - window.span, window.stride)
    return AxisChange(before, moves + 1, window, border, dropped, lead)


def grow(before: int | None, window: Window, extra: int | None = None) -> AxisChange:
    """Turn every position into a patch, as transposed convolutions do; ``extra`` is Keras's ``output_padding``."""
    if before is None:
        return AxisChange(None, None, window)
    if window.padding == "same":
        ending = window.stride if extra is None else window.span % 2 + extra
    else:
        ending = max(window.span, window.stride) if extra is None else window.span + extra
    return AxisChange(before, (before - 1) * window.stride + ending, window)
