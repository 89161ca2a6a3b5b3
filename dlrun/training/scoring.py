"""Predictions and loss of held-out rows at the end of an epoch, in one pass and without a data pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from dlrun.data.dataset import Indices
from dlrun.training.batches import PickRows, as_loss_takes
from dlrun.training.contract import FoldData, Predictions

PREDICT_BATCH = 1024
"""Most rows predicted at once; fewer when rows are wide, so that a batch of inputs stays within 64 MB."""
PREDICT_BYTES = 64 * 2**20


class Scorer:
    """Predicts chosen rows with a model's current weights and computes the loss that ``model.evaluate`` would.

    The loss is Keras's own: weighted means over batches, with the penalties of regularisers.
    """

    def __init__(self, model: Any, data: FoldData, pick: PickRows) -> None:
        targets = tf.constant(as_loss_takes(data.targets))
        row_bytes = 4 * int(np.prod(data.inputs.shape[1:]))
        self._batch = max(1, min(PREDICT_BATCH, PREDICT_BYTES // max(row_bytes, 1)))

        def forward(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            inputs = pick(rows)
            predictions = model(inputs, training=False)
            loss = model.compute_loss(x=inputs, y=tf.gather(targets, rows), y_pred=predictions, training=False)
            return predictions, loss

        self._forward = tf.function(forward, input_signature=[tf.TensorSpec([None], tf.int64)])

    def __call__(self, rows: Indices) -> tuple[Predictions, float]:
        """Return predictions (rows, outputs) and the mean loss over the rows."""
        predictions, total = [], 0.0
        for start in range(0, len(rows), self._batch):
            part = rows[start : start + self._batch]
            outputs, loss = self._forward(tf.constant(part, tf.int64))
            predictions.append(outputs.numpy())
            total += float(loss) * len(part)
        return np.concatenate(predictions).astype(np.float32, copy=False), total / len(rows)
