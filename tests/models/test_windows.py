"""What sliding windows make of an axis, against windows that are laid out one by one."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dlrun.models.windows import Window, grow, slide

small = st.integers(1, 5)


@given(before=st.integers(1, 30), size=small, stride=small, dilation=st.integers(1, 3))
def test_a_valid_window_has_a_position_wherever_it_fits(before: int, size: int, stride: int, dilation: int) -> None:
    window = Window(size, stride, dilation)
    covered = dilation * (size - 1) + 1
    assume(covered <= before)

    starts = [start for start in range(0, before, stride) if start + covered <= before]

    change = slide(before, window)
    assert change.after == len(starts)
    assert change.dropped == before - (starts[-1] + covered)
    assert slide(before, Window(size, 1, dilation)).after == before - change.border


@given(before=st.integers(1, 30), size=small, stride=small)
def test_same_padding_gives_a_window_to_every_stride(before: int, size: int, stride: int) -> None:
    change = slide(before, Window(size, stride, padding="same"))

    assert change.after == len(range(0, before, stride))
    assert (change.border, change.dropped) == (0, 0)
    # With its zeros the axis holds these windows, and no zero is there for nothing.
    whole = before + change.padded
    assert change.after is not None
    assert change.padded == 0 or (change.after - 1) * stride + size == whole


@given(before=st.integers(1, 30), size=small, stride=small, dilation=st.integers(1, 3))
def test_a_causal_window_ends_at_the_step_that_it_is_for(before: int, size: int, stride: int, dilation: int) -> None:
    change = slide(before, Window(size, stride, dilation, "causal"))

    ends = range(0, before, stride)
    assert change.after == len(ends)
    assert change.padded == dilation * (size - 1)
    assert change.dropped == before - 1 - ends[-1]


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_an_axis_that_varies_stays_unknown(padding: str) -> None:
    window = Window(3, 2, padding=padding)

    assert (slide(None, window).after, grow(None, window).after) == (None, None)
    assert slide(None, window).border == (2 if padding == "valid" else 0)


@given(before=st.integers(1, 12), size=small, stride=small)
def test_patches_lie_a_stride_apart_and_the_last_is_whole(before: int, size: int, stride: int) -> None:
    after = grow(before, Window(size, stride)).after

    assert after == max(start * stride + max(size, stride) for start in range(before))
