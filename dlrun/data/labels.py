"""Targets as a loss takes them, and the weight of each row in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Dataset
from dlrun.errors import Problem, SpecError

CLASS_WEIGHT = ("training", "class_weight")


def encode_targets(
    targets: Array, task: str, outputs: int, labels: Literal["one_hot", "integer"] | None
) -> npt.NDArray[np.float32] | npt.NDArray[np.int64]:
    """Give targets the shape that the loss compares with predictions (rows, outputs).

    Args:
        targets: as in `Dataset.targets`.
        task: decides what the targets are.
        outputs: classes of a multi-class problem.
        labels: how a multi-class loss wants its classes; ignored for other tasks.

    Returns:
        Multi-class with integer labels: (rows,) int64. Else float32 of shape (rows, outputs).
    """
    if task == "multiclass":
        if labels == "integer":
            return targets.astype(np.int64)
        encoded = np.zeros((len(targets), outputs), np.float32)
        encoded[np.arange(len(targets)), targets] = 1.0
        return encoded
    columns = targets[:, np.newaxis] if targets.ndim == 1 else targets
    return columns.astype(np.float32)


def class_weights(
    class_weight: Literal["balanced"] | Mapping[str, float] | None, dataset: Dataset, train_targets: Array
) -> npt.NDArray[np.float32] | None:
    """Weigh each class, as counted over training rows: an array (classes,), or None for equal weights.

    ``balanced`` is rows / (classes × rows of the class), the rule of scikit-learn's ``compute_class_weight``.

    Args:
        class_weight: the spec's word, or weights by class name or index (where a text is both, the name counts); a
            class that is not named weighs 1.
        dataset: knows the task and the names of the classes.
        train_targets: class indices of the training rows, (rows,).

    Raises:
        SpecError: the task has no classes, a name is not one of them, or every class weighs 0.
    """
    if class_weight is None:
        return None
    if dataset.task not in ("binary", "multiclass"):
        raise _problem(f"class weights need one class for each row; the task is {dataset.task}")
    classes = 2 if dataset.task == "binary" else dataset.outputs
    if class_weight == "balanced":
        counts = np.bincount(train_targets, minlength=classes)
        # A class without training rows weighs on nothing, so any finite weight does for it.
        return (len(train_targets) / (classes * np.maximum(counts, 1))).astype(np.float32)
    return _named_weights(class_weight, dataset.class_names, classes)


def _named_weights(given: Mapping[str, float], names: Sequence[str], classes: int) -> npt.NDArray[np.float32]:
    weights = np.ones(classes, np.float32)
    positions = {str(index): index for index in range(classes)} | {name: index for index, name in enumerate(names)}
    for name, weight in given.items():
        if str(name) not in positions:
            known = ", ".join(names) if names else f"0 to {classes - 1}"
            raise _problem(f"there is no class '{name}'", f"the classes are {known}")
        weights[positions[str(name)]] = weight
    if not weights.any():
        raise _problem("every class weighs 0, so nothing could be learned")
    return weights


def _problem(message: str, hint: str | None = None) -> SpecError:
    return SpecError([Problem(message, CLASS_WEIGHT, hint)])
