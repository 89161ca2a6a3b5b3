"""Why layers change shapes, in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from dlrun.models.shapes import FirstDense, ShapeChange
from dlrun.models.windows import Window, grow, slide
from dlrun.report.shapes import change_words, dense_words, field_words


def conv(*axes: tuple[int | None, Window], kind: str = "Conv2D", cause: Any = "convolution") -> ShapeChange:
    slides = tuple(slide(size, window) for size, window in axes)
    before, after = (tuple(getattr(axis, side) for axis in slides) for side in ("before", "after"))
    return ShapeChange("it", kind, cause, (*before, 1), (*after, 8), slides)


def square(size: int, window: Window) -> ShapeChange:
    return conv((size, window), (size, window))


def pool(size: int, window: Window) -> ShapeChange:
    return conv((size, window), (size, window), kind="MaxPooling2D", cause="pooling")


def other(cause: Any, before: tuple[int | None, ...], after: tuple[int | None, ...], kind: str = "It") -> ShapeChange:
    return ShapeChange("it", kind, cause, before, after)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (square(28, Window(3)), "28 × 28 → 26 × 26: a 3 × 3 kernel without padding loses 1 pixel at each border"),
        (square(28, Window(4)), "28 × 28 → 25 × 25: a 4 × 4 kernel without padding loses 3 pixels of each axis"),
        (square(9, Window(3, padding="same")), "stays 9 × 9: a 3 × 3 kernel with padding loses nothing at the borders"),
        (
            square(28, Window(3, dilation=2)),
            "28 × 28 → 24 × 24: a 3 × 3 kernel with dilation 2 without padding loses 2 pixels at each border",
        ),
        (
            square(28, Window(3, 2)),
            "28 × 28 → 13 × 13: a 3 × 3 kernel without padding loses 1 pixel at each border; stride 2 takes every "
            "second position; the last row and column are dropped",
        ),
        (
            square(28, Window(3, 2, padding="same")),
            "28 × 28 → 14 × 14: a 3 × 3 kernel with padding loses nothing at the borders; stride 2 takes every "
            "second position",
        ),
        (
            square(28, Window(1, 2)),
            "28 × 28 → 14 × 14: a 1 × 1 kernel looks at one pixel at a time; stride 2 takes every second position; "
            "the last row and column are dropped",
        ),
        (
            conv((28, Window(3)), (28, Window(5))),
            "28 × 28 → 26 × 24: a 3 × 5 kernel without padding loses 2 of the height and 4 of the width",
        ),
        (pool(26, Window(2, 2)), "26 × 26 → 13 × 13: pooling 2 × 2 halves it"),
        (pool(11, Window(2, 2)), "11 × 11 → 5 × 5: pooling 2 × 2 halves it; the odd last row and column are dropped"),
        (
            pool(11, Window(2, 2, padding="same")),
            "11 × 11 → 6 × 6: pooling 2 × 2 halves it; padding completes the last windows",
        ),
        (
            pool(29, Window(3, 3)),
            "29 × 29 → 9 × 9: pooling 3 × 3 leaves a third of it; the last 2 rows and 2 columns are dropped",
        ),
        (
            pool(13, Window(3, 2)),
            "13 × 13 → 6 × 6: pooling 3 × 3 without padding loses 1 pixel at each border; stride 2 takes every "
            "second position",
        ),
        (
            conv((120, Window(7)), kind="Conv1D"),
            "120 → 114: a kernel of 7 without padding loses 3 steps at each border",
        ),
        (
            conv((120, Window(2, dilation=4, padding="causal")), kind="Conv1D"),
            "stays 120: a kernel of 2 with dilation 4 sees a step and 4 steps before it; zeros stand before the first",
        ),
        (
            conv((None, Window(3)), kind="Conv1D"),
            "any → any: a kernel of 3 without padding loses 1 step at each border",
        ),
        (
            conv((121, Window(2, 2)), kind="MaxPooling1D", cause="pooling"),
            "121 → 60: pooling 2 halves it; the odd last step is dropped",
        ),
        (
            ShapeChange(
                "it",
                "Conv2DTranspose",
                "transposed_convolution",
                (7, 7, 8),
                (14, 14, 4),
                (grow(7, Window(3, 2, padding="same")),) * 2,
            ),
            "7 × 7 → 14 × 14: each position becomes a patch of 3 × 3, 2 pixels apart",
        ),
        (
            ShapeChange("it", "UpSampling2D", "upsampling", (7, 7, 8), (14, 14, 8), (grow(7, Window(2, 2)),) * 2),
            "7 × 7 → 14 × 14: each pixel is repeated 2 × 2 times",
        ),
        (other("flatten", (3, 3, 64), (576,)), "3 × 3 × 64 = 576 coefficients"),
        (
            other("global_pooling", (3, 3, 64), (64,), "GlobalMaxPooling2D"),
            "(3, 3, 64) → (64): of each map the largest value alone",
        ),
        (other("last_state", (120, 7), (32,), "LSTM"), "(120, 7) → (32): the last state only"),
        (
            other("every_state", (120, 7), (120, 64), "Bidirectional LSTM"),
            "(120, 7) → (120, 64): a state of both directions after every step",
        ),
        (other("embedding", (20,), (20, 8)), "(20) → (20, 8): each token number becomes a vector of 8"),
    ],
)
def test_a_change_says_what_became_of_the_shape_and_why(change: ShapeChange, words: str) -> None:
    assert change_words(asdict(change)) == words


def test_the_first_dense_layer_says_what_it_takes() -> None:
    dense = FirstDense("dense", 576, 36928, 93322)

    assert dense_words({**asdict(dense), "share": dense.share}).replace("\N{NARROW NO-BREAK SPACE}", ",") == (
        "the first Dense layer takes 36,928 of 93,322 parameters (40 %) for 576 coefficients"
    )


@pytest.mark.parametrize(
    ("sizes", "of", "words"),
    [
        ((18, 18), (28, 28), "sees 18 × 18 of the 28 × 28 pixels of the input"),
        ((40, 40), (28, 28), "sees all of the 28 × 28 pixels of the input (its receptive field is 40 × 40)"),
        ((8, 8), (8, 8), "sees all of the 8 × 8 pixels of the input"),
        ((23,), (None,), "sees 23 steps of the input"),
    ],
)
def test_the_receptive_field_is_compared_with_the_input(sizes: Any, of: Any, words: str) -> None:
    assert field_words({"sizes": sizes, "of": of}).endswith(words)
