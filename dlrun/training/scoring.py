"""Predictions and loss of held-out rows at the end of an epoch, in one pass and without a data pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from dlrun.data.dataset import Indices
from dlrun.training.batches import PickRows, as_loss_takes, input_type, most_predicted
from dlrun.training.contract import FoldData, Predictions


class Forward:
    """A model's predictions and loss for a batch, traced once.

    The loss is Keras's own, as ``model.evaluate`` computes it: a weighted mean, with the penalties of regularisers.

    Args:
        data: shapes and types of its inputs and targets are those of every batch.
    """

    def __init__(self, model: Any, data: FoldData) -> None:
        targets = as_loss_takes(data.targets)

        def forward(inputs: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            predictions = model(inputs, training=False)
            return predictions, model.compute_loss(x=inputs, y=targets, y_pred=predictions, training=False)

        # Traced here: a function that traces on its first call is taken for one that is traced again and again where
        # several nets each have their own, and TensorFlow warns.
        self.call = tf.function(forward).get_concrete_function(
            tf.TensorSpec([None, *data.inputs.shape[1:]], input_type(data.inputs)),
            tf.TensorSpec([None, *targets.shape[1:]], targets.dtype),
        )


class Scorer:
    """Predicts chosen rows of a fold with a model's current weights."""

    def __init__(self, forward: Forward, data: FoldData, pick: PickRows) -> None:
        self._forward, self._pick = forward, pick
        self._targets = as_loss_takes(data.targets)
        self._batch = most_predicted(data.inputs.shape[1:])

    def __call__(self, rows: Indices) -> tuple[Predictions, float]:
        """Return predictions (rows, outputs) and the mean loss over the rows."""
        predictions, total = [], 0.0
        for start in range(0, len(rows), self._batch):
            part = rows[start : start + self._batch]
            inputs = self._pick(tf.constant(part, tf.int64))
            outputs, loss = self._forward.call(inputs, tf.constant(self._targets[part]))
            predictions.append(outputs.numpy())
            total += float(loss) * len(part)
        return np.concatenate(predictions).astype(np.float32, copy=False), total / len(rows)
