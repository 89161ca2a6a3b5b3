"""Where a fit diverged: at which step the loss became NaN or infinite, and in which layer the gradient was largest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Divergence:
    """The step at which the loss of training was no number any more. Steps count from 1.

    Args:
        step: of the epoch.
        steps: in the epoch.
        layer: whose gradient was largest; None where that could not be found out.
        norm: of that gradient; NaN where it was no number itself.
        before: whether that was in the step before, the last one with a loss.
    """

    step: int
    steps: int
    layer: str | None = None
    norm: float = math.nan
    before: bool = True

    def words(self, epoch: int) -> str:
        """Say it."""
        told = f"the training loss became NaN or infinite at step {self.step} of {self.steps} in epoch {epoch}"
        if self.layer is None:
            return told
        when = "the step before" if self.before else "in that step"
        size = f"the largest gradient was that of layer '{self.layer}' (norm {self.norm:.2g})"
        if not math.isfinite(self.norm):
            size = f"the gradient of layer '{self.layer}' was NaN or infinite"
        return f"{told}; {when}, {size}"


def largest_gradient(model: Any, inputs: Any, targets: Any, row_weights: Any | None = None) -> tuple[str, float] | None:
    """Find the layer with the largest gradient for a batch, by the model's weights as they are.

    A gradient that is no number counts as larger than any other; of several such, that nearest to the output, from
    where it came.

    Args:
        model: compiled.
        inputs: (batch, ...).
        targets: as the loss takes them.
        row_weights: (batch,), or None.

    Returns:
        The layer's name and the norm of the gradient of all its weights; None where no weight has a gradient.
    """
    with tf.GradientTape() as tape:
        outputs = model(inputs, training=True)
        loss = model.compute_loss(x=inputs, y=targets, y_pred=outputs, sample_weight=row_weights, training=True)
    variables = [variable.value for variable in model.trainable_variables]
    squares: dict[str, float] = {}
    for variable, gradient in zip(model.trainable_variables, tape.gradient(loss, variables), strict=True):
        if gradient is not None:
            layer = variable.path.rpartition("/")[0].rpartition("/")[2] or variable.path
            norm = float(tf.norm(tf.cast(tf.convert_to_tensor(gradient), tf.float64)))
            squares[layer] = squares.get(layer, 0.0) + norm * norm
    if not squares:
        return None
    broken = [layer for layer, square in squares.items() if not math.isfinite(square)]
    layer = broken[-1] if broken else max(squares, key=squares.__getitem__)
    return layer, math.sqrt(squares[layer]) if math.isfinite(squares[layer]) else math.nan
