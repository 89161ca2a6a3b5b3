"""Boston's training rows as ``keras.datasets`` gives them, by NumPy alone, for scripts that have no Keras."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[Any]


def boston() -> tuple[Rows, Rows]:
    """Return inputs (404, 13) and targets (404,). Raises OSError when Keras has not downloaded the file."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    with np.load(home / "datasets" / "boston_housing.npz") as archive:
        inputs, targets = archive["x"], archive["y"]
    order = np.arange(len(inputs))
    np.random.RandomState(113).shuffle(order)
    train = order[: int(len(inputs) * 0.8)]
    return inputs[train], targets[train]
