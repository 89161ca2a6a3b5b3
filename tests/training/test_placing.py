"""Inputs on the device: large ones are used where they lie, and every kind of array gives the same rows."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.data.encoded import ALIGNMENT, aligned_array

pytestmark = pytest.mark.tensorflow

FLOATS = np.dtype(np.float32)


def test_a_large_aligned_array_is_not_copied() -> None:
    from dlrun.training.batches import placed

    array = aligned_array((600, 512), FLOATS)
    array[:] = 1

    (tensor,) = placed(array).arrays
    array[0, 0] = 5  # which nobody does but a test that wants to know whose memory it is

    assert not array.ctypes.data % ALIGNMENT
    assert float(tensor[0, 0]) == 5


@pytest.mark.parametrize("kind", ["unaligned", "read-only", "reversed", "small"])
def test_any_other_array_is_copied_and_gives_the_same_rows(kind: str) -> None:
    from dlrun.training.batches import row_picker

    array = aligned_array((600, 513), FLOATS)
    array[:] = np.random.default_rng(0).normal(size=array.shape)
    other = {
        "unaligned": array.reshape(-1)[1:-512].reshape(599, 513),
        "read-only": array.view(),
        "reversed": array[::-1],
        "small": array[:9].copy(),
    }[kind]
    other.flags.writeable = kind != "read-only"
    before = other[:3].copy()

    pick = row_picker(other)
    array[:] = 0

    np.testing.assert_array_equal(pick(np.arange(3)), before)


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (7, 3, 2)])
def test_an_aligned_array_has_any_shape_and_type(shape: tuple[int, ...]) -> None:
    for dtype in (np.float32, np.int32, np.uint16):
        array = aligned_array(shape, np.dtype(dtype))

        assert (array.shape, array.dtype) == (shape, dtype)
