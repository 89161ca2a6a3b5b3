"""Filters and response maps as pictures: what is drawn where, and in which colour."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dlrun.report.mosaic import draw_filters, draw_responses

Pixels = npt.NDArray[Any]

COLUMNS, MARGIN, DOTS, INCHES, GAP = 16, 0.25, 150, 10.0, 0.08


def picture(draw: Callable[[io.BytesIO], None]) -> Pixels:
    """Draw into memory; gives (height, width, 4) in 0..1."""
    import matplotlib.image

    target = io.BytesIO()
    draw(target)
    target.seek(0)
    return np.asarray(matplotlib.image.imread(target, format="png"))


def column_of(index: int) -> slice:
    """The pixels along the width in the middle of one of 16 maps side by side."""
    pitch = (INCHES - 2 * MARGIN) * DOTS / (COLUMNS * (1 + GAP) - GAP) * (1 + GAP)
    start = MARGIN * DOTS + index * pitch
    return slice(int(start + 0.3 * pitch), int(start + 0.5 * pitch))


def colours(pixels: Pixels) -> set[tuple[float, ...]]:
    return {tuple(np.round(pixel, 2).tolist()) for pixel in pixels[..., :3].reshape(-1, 3).astype(np.float64)}


def last_row(pixels: Pixels, height: int) -> Pixels:
    """The rows of pixels within the last row of square maps, ``height`` of the figure's margin above its end."""
    side = (INCHES - 2 * MARGIN) * DOTS / (COLUMNS * (1 + GAP) - GAP)
    end = len(pixels) - height
    return pixels[int(end - 0.7 * side) : int(end - 0.3 * side)]


def test_kernels_of_three_channels_are_drawn_in_their_colours() -> None:
    kernels = np.zeros((16, 3, 3, 3), np.float32)
    kernels[0, :, :, 0] = 2.0  # red more, the others as they are
    kernels[1] = -2.0

    drawn = last_row(picture(lambda target: draw_filters("conv2d", kernels, target)), int(MARGIN * DOTS))

    assert colours(drawn[:, column_of(0)]) == {(1.0, 0.5, 0.5)}
    assert colours(drawn[:, column_of(1)]) == {(0.0, 0.0, 0.0)}
    assert colours(drawn[:, column_of(2)]) == {(0.5, 0.5, 0.5)}


def test_kernels_of_one_channel_are_white_at_0_and_equally_strong_on_both_sides() -> None:
    kernels = np.zeros((16, 3, 3, 1), np.float32)
    kernels[0], kernels[1], kernels[2] = 0.5, -0.5, 0.25

    drawn = last_row(picture(lambda target: draw_filters("conv2d", kernels, target)), int(MARGIN * DOTS))

    ((red, _, blue),) = colours(drawn[:, column_of(0)])
    ((opposite_red, _, opposite_blue),) = colours(drawn[:, column_of(1)])
    ((nearly_white, *_),) = colours(drawn[:, column_of(3)])
    assert red > blue
    assert opposite_blue > opposite_red
    assert nearly_white > 0.95


def test_all_maps_of_a_layer_share_one_scale() -> None:
    maps = np.zeros((4, 4, 16), np.float32)
    maps[:, :, 3], maps[:, :, 4] = 1.0, 0.1

    drawn = last_row(
        picture(lambda target: draw_responses(np.zeros((4, 4, 1), np.float32), [("conv2d", maps)], target)),
        int(MARGIN * DOTS),
    )

    dark, bright, faint = (colours(drawn[:, column_of(index)]) for index in (0, 3, 4))
    assert (dark, bright) == ({(0.27, 0.0, 0.33)}, {(0.99, 0.91, 0.14)})  # the ends of viridis
    assert sum(next(iter(faint))) < sum(next(iter(bright))) - 0.8


@pytest.mark.parametrize(
    ("layers", "maps", "channels"),
    [(1, 1, 1), (2, 33, 3), (20, 2, 7)],
    ids=["one map", "more maps than fit", "more layers than fit"],
)
def test_any_net_is_drawn(layers: int, maps: int, channels: int) -> None:
    each = [(f"layer_{index}", np.random.default_rng(index).normal(size=(5, 9, maps))) for index in range(layers)]
    image = np.ones((12, 8, channels), np.float32)

    drawn = picture(lambda target: draw_responses(image, each, target, title="$x^2$ 狗\n<b>"))

    assert drawn.shape[1] == INCHES * DOTS
    assert len(drawn) < 4000  # pixels: 12 layers at most


def test_a_kernel_of_zeros_alone_is_no_error() -> None:
    assert picture(lambda target: draw_filters("conv2d", np.zeros((2, 1, 1, 5), np.float32), target)).size
