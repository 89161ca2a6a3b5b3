"""What the axes of inputs stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlrun.data.dataset import Inputs, TextRows, TokenRows


def axes_of(inputs: Inputs) -> tuple[str, ...]:
    """Name the axes: ``("samples", "features")``, ``("samples", "height", "width", "channels")``, ...

    Rank 3 is pictures in grey where the values are bytes, else sequences of feature vectors. What `normalise` takes for
    a feature follows from these names.
    """
    if isinstance(inputs, TokenRows):
        return ("samples", "tokens")
    if isinstance(inputs, TextRows):
        return ("samples",)  # of texts, as a tensor of strings has them
    return axes_of_array(inputs.ndim, inputs.dtype)


def axes_of_array(rank: int, dtype: np.dtype[Any]) -> tuple[str, ...]:
    """Name the axes of an array of this rank and type; see `axes_of`. Higher ranks get numbers from ``axis 1`` on."""
    if rank == 3 and dtype == np.uint8:
        return ("samples", "height", "width")
    return {
        1: ("samples",),
        2: ("samples", "features"),
        3: ("samples", "timesteps", "features"),
        4: ("samples", "height", "width", "channels"),
        5: ("samples", "frames", "height", "width", "channels"),
    }.get(rank, ("samples", *(f"axis {axis}" for axis in range(1, rank))))
