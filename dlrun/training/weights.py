"""A model's weights as plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlrun.data.dataset import Array


def named_weights(model: Any) -> dict[str, Array]:
    """Copy a Keras model's weights, trainable and not, by their paths in the model: ``dense/kernel``, (inputs, units).

    Two variables of one path are told apart by a number, in the order of ``model.weights``.
    """
    weights: dict[str, Array] = {}
    for variable in model.weights:
        path, number = variable.path, 1
        while path in weights:
            number += 1
            path = f"{variable.path}_{number}"
        weights[path] = np.array(variable.numpy())
    return weights
