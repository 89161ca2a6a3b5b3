"""The task table: what each kind of problem takes by default. Values only, no NumPy and no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Labels = Literal["one_hot", "integer"]

NO_ACTIVATION = "none"
"""How a spec says that the output layer is linear; Keras's name for it is ``linear``."""


@dataclass(frozen=True)
class TaskRow:
    """One row of the task table.

    Args:
        last_activation: of the output layer.
        losses: usual ones, by their Keras function names; the first is the default (with one-hot labels).
        metrics: what is scored by default.
        classification: whether targets are classes or labels; regression otherwise.
    """

    last_activation: str
    losses: tuple[str, ...]
    metrics: tuple[str, ...]
    classification: bool


TASKS: Mapping[str, TaskRow] = MappingProxyType(
    {
        "binary": TaskRow("sigmoid", ("binary_crossentropy",), ("accuracy", "roc_auc"), True),
        "multiclass": TaskRow(
            "softmax", ("categorical_crossentropy", "sparse_categorical_crossentropy"), ("accuracy",), True
        ),
        "multilabel": TaskRow("sigmoid", ("binary_crossentropy",), ("mean_average_precision",), True),
        "regression": TaskRow(NO_ACTIVATION, ("mse",), ("mae",), False),
        "vector_regression": TaskRow(NO_ACTIVATION, ("mse",), ("mae",), False),
        "unit_regression": TaskRow("sigmoid", ("mse", "binary_crossentropy"), ("mae",), False),
        "forecasting": TaskRow(NO_ACTIVATION, ("mse", "binary_crossentropy"), ("mae",), False),
        # Sigmoid instead where the inputs lie in 0..1: see `usual_activation`.
        "autoencoder": TaskRow(NO_ACTIVATION, ("mse", "binary_crossentropy"), ("mse",), False),
    }
)


@dataclass(frozen=True)
class Targets:
    """What is known about the targets. None means not known yet, and nothing is judged by it.

    Args:
        task: the kind of problem.
        outputs: classes, labels or target columns; 1 for binary and single-column problems.
        low: the smallest numeric target of the training rows; None for classes.
        high: the largest one.
        balance: the share of each class among the training rows, in index order; empty where there are none.
    """

    task: str
    outputs: int | None = None
    low: float | None = None
    high: float | None = None
    balance: tuple[float, ...] = ()

    @property
    def row(self) -> TaskRow:
        """The task's row of the table."""
        return TASKS[self.task]

    @property
    def usual_activation(self) -> str:
        """The last activation that the task has by default; an autoencoder's hangs on what it has to give back."""
        in_unit = self.low is not None and self.high is not None and self.low >= 0 and self.high <= 1
        return "sigmoid" if self.task == "autoencoder" and in_unit else self.row.last_activation


SINGLE_OUTPUT = frozenset({"binary", "regression", "unit_regression"})

_SOURCES: Mapping[str, Targets] = MappingProxyType(
    {
        "imdb": Targets("binary", 1),
        "reuters": Targets("multiclass", 46),
        "boston_housing": Targets("regression", 1),
        "california_housing": Targets("regression", 1),
        "mnist": Targets("multiclass", 10),
        "fashion_mnist": Targets("multiclass", 10),
        "cifar10": Targets("multiclass", 10),
        "breast_cancer": Targets("binary", 1),
        "wine": Targets("multiclass", 3),
        "iris": Targets("multiclass", 3),
        "digits": Targets("multiclass", 10),
        "diabetes": Targets("regression", 1),
        "linnerud": Targets("vector_regression", 3),
        "timeseries": Targets("forecasting"),
        "make_series": Targets("forecasting"),
        "make_bouncing_ball": Targets("forecasting"),
        "make_dose_response": Targets("unit_regression", 1),
    }
)


def known_targets(source: str, task: str | None) -> Targets | None:
    """Say what a spec alone makes certain about its targets: from the source, or from ``task``; None if nothing.

    A ``task`` that is not the source's own leaves the number of outputs open, unless the task has one by nature.
    """
    known = _SOURCES.get(source)
    if task is None or (known is not None and known.task == task):
        return known
    return Targets(task, 1 if task in SINGLE_OUTPUT else None)
