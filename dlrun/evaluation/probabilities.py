"""What a net's raw output means as a prediction: logits become probabilities, two columns become one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import CLASSIFICATION

Predictions = npt.NDArray[np.float32]


def as_probabilities(raw: npt.NDArray[Any], task: str, activation: str, from_logits: bool) -> Predictions:
    """Turn what the last layer gives into what metrics take.

    Logits go through softmax (multi-class, and binary with two columns) or sigmoid. A ``tanh`` head's -1..1 becomes
    0..1. Whatever else lies outside 0..1 in a binary or multi-label problem (a linear head under mse) is clipped, so
    values beyond one end count as equal. A binary softmax over two columns keeps the column of class 1. Regression
    passes unchanged.

    Args:
        raw: shape (rows, outputs) or (rows,).
        task: what kind of problem the targets make.
        activation: of the last layer, by its Keras name.
        from_logits: whether the loss takes logits, so that the last layer gives them.

    Returns:
        Shape (rows, outputs), float32; binary always (rows, 1).
    """
    predictions: Predictions = np.asarray(raw, np.float32).reshape(len(raw), -1)
    if task not in CLASSIFICATION:
        return predictions
    one_of_many = task == "multiclass" or (task == "binary" and predictions.shape[1] == 2)
    if from_logits:
        predictions = _softmax(predictions) if one_of_many else _sigmoid(predictions)
    elif activation == "tanh":
        predictions = (predictions + np.float32(1)) / np.float32(2)
    if task == "multiclass":
        return predictions
    if task == "binary":
        predictions = predictions[:, -1:]
    return np.clip(predictions, np.float32(0), np.float32(1))


def _sigmoid(logits: Predictions) -> Predictions:
    """Return 1 / (1 + exp(-x)) without overflow at either end."""
    small = np.exp(-np.abs(logits))  # in 0..1 for every logit
    return np.where(logits >= 0, 1 / (1 + small), small / (1 + small)).astype(np.float32)


def _softmax(logits: Predictions) -> Predictions:
    """Return exp(x) over its sum along the last axis, shifted so that no exponential overflows."""
    powers: Predictions = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
