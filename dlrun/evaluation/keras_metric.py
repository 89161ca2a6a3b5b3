"""Keras's metrics in dlrun's clothes: fresh state for every score, targets in the shape that each of them needs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.errors import Problem, SpecError
from dlrun.registry import instantiate
from dlrun.registry.direction import LOWER_IS_BETTER

Predictions = npt.NDArray[np.float32]

INTEGERS = re.compile("^Sparse")
DECIDED_INTEGERS = re.compile("^IoU$|^MeanIoU$|^Accuracy$")
ONE_COLUMN_A_CLASS = re.compile("Categorical|^OneHot|^KLDivergence$|^F1Score$|^FBetaScore$")
ALONG_OUTPUTS = re.compile("^PearsonCorrelation$|^ConcordanceCorrelation$")


def snake_case(kind: str) -> str:
    """Turn a class name into a column's name, as Keras does: ``F1Score`` into ``f1_score``."""
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()


@dataclass(frozen=True)
class KerasMetric:
    """One of Keras's metrics, made anew for every score, so that no state is left from the epoch before.

    A metric that gives a value for each class counts with their mean.

    Args:
        name: what scores, history and tables call it.
        kind: the name in the registry: Keras's class name, or a plugin's.
        arguments: Keras's arguments.
        task: what kind of problem the targets make.
        says_higher_is_better: what a package's metric says of itself; None where its name has to tell.
    """

    name: str
    kind: str
    arguments: Mapping[str, Any]
    task: str
    says_higher_is_better: bool | None = None
    undefined: ClassVar[str] = "Keras gives none for these rows"

    @property
    def range(self) -> tuple[float, float]:
        """Not known: Keras does not say it."""
        return -math.inf, math.inf

    @property
    def higher_is_better(self) -> bool:
        """What it says of itself; else whether it is none of the errors, losses and divergences."""
        if self.says_higher_is_better is not None:
            return self.says_higher_is_better
        return not LOWER_IS_BETTER.search(self.kind)

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Score all rows together, in one update of Keras's state.

        Raises:
            SpecError: Keras refuses targets or predictions of this shape.
        """
        if not len(targets) or not np.isfinite(predictions).all():
            return np.nan
        metric: Any = instantiate("metrics", self.kind, self.arguments)
        real, said = self._shaped(targets, predictions)
        try:
            metric.update_state(real, said)
            return float(np.mean(np.asarray(metric.result())))
        except Exception as error:  # Keras and TensorFlow alone: they refuse shapes and arguments in many ways
            reason = str(error).strip().splitlines()[0]
            message = f"Keras's '{self.kind}' cannot score task '{self.task}': {reason}"
            raise SpecError([Problem(message, path=("metrics",), hint="check its arguments")]) from error

    def rows(self, targets: Array, predictions: Predictions) -> None:
        """Return None: Keras does not tell."""

    def _shaped(self, targets: Array, predictions: Predictions) -> tuple[Array, Array]:
        """Give targets and predictions the shapes that this class of metric takes."""
        if self.task in {"binary", "multiclass"}:
            return self._shaped_classes(targets, predictions)
        columns = targets.reshape(len(targets), -1).astype(np.float32)
        if DECIDED_INTEGERS.search(self.kind) and self.task == "multilabel":
            return targets, predictions > 0.5
        if ALONG_OUTPUTS.search(self.kind) and columns.shape[1] == 1:
            return columns.T, predictions.T  # it correlates along the last axis: let that be the rows
        return columns, predictions

    def _shaped_classes(self, targets: Array, predictions: Predictions) -> tuple[Array, Array]:
        """Give integers, one column a class, or the probability of class 1, by what the class of metric takes."""
        single = predictions.shape[1] == 1
        both = np.hstack([1 - predictions, predictions]) if single else predictions  # (rows, classes)
        if INTEGERS.search(self.kind):
            return targets[:, None], both
        if DECIDED_INTEGERS.search(self.kind):
            return targets[:, None], both.argmax(axis=1)[:, None]
        if single and not (ONE_COLUMN_A_CLASS.search(self.kind) and "threshold" not in self.arguments):
            return targets[:, None].astype(np.float32), predictions
        return np.eye(both.shape[1], dtype=np.float32)[targets], both
