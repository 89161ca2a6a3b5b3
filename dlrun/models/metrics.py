"""Which metrics have a meaning for which task, and which of them are no losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dlrun.errors import Problem
from dlrun.models.names import loss_name, snake_case
from dlrun.models.tasks import Targets
from dlrun.registry import registry
from dlrun.spec.sections import Named

_BINARY = frozenset({"binary", "multilabel"})
_SINGLE = frozenset({"multiclass"})
_CLASSES = _BINARY | _SINGLE
_NUMBERS = frozenset({"regression", "vector_regression", "unit_regression", "forecasting", "autoencoder"})

_OWN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("accuracy", "roc_auc", "pr_auc", "precision", "recall", "f1"), _CLASSES),
        "mean_average_precision": frozenset({"multiclass", "multilabel"}),
        "top_k_accuracy": _SINGLE,
        **dict.fromkeys(("mae", "mse", "rmse", "r2"), _NUMBERS),
    }
)
"""dlrun's own metrics, computed exactly, and the tasks that each is for."""

_KERAS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("auc", "f1_score", "f_beta_score", "keras_accuracy", "keras_precision", "keras_recall"), _CLASSES
        ),
        **dict.fromkeys(("true_positives", "true_negatives", "false_positives", "false_negatives"), _CLASSES),
        **dict.fromkeys(("binary_accuracy", "binary_io_u"), _BINARY),
        **dict.fromkeys(("sensitivity_at_specificity", "specificity_at_sensitivity"), _BINARY),
        **dict.fromkeys(("precision_at_recall", "recall_at_precision"), _BINARY),
        **dict.fromkeys(("categorical_accuracy", "sparse_categorical_accuracy"), _SINGLE),
        **dict.fromkeys(("categorical_crossentropy", "sparse_categorical_crossentropy", "categorical_hinge"), _SINGLE),
        **dict.fromkeys(("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"), _SINGLE),
        **dict.fromkeys(("io_u", "mean_io_u", "one_hot_io_u", "one_hot_mean_io_u"), _CLASSES),
        **dict.fromkeys(("r2_score", "concordance_correlation", "pearson_correlation"), _NUMBERS),
    }
)
"""Keras's metrics that have a meaning for some tasks only. Distances, such as MeanSquaredError, fit every one."""

_SMOOTH = frozenset(
    {"rmse", "root_mean_squared_error", "r2", "r2_score", "concordance_correlation", "pearson_correlation"}
)
_COUNTED = frozenset({*_OWN, *_KERAS, *_SMOOTH}) - {"mae", "mse"}


def origin_of(metric: Named) -> str:
    """Say whose a metric is: "dlrun", "keras", or the package that brought it."""
    entry = registry("metrics").find(metric.name)
    return entry.origin if entry else ""


def column_name(metric: Named) -> str:
    """Name the column of a metric in scores and history.

    Keras's metrics are named by their class in snake case, with ``keras_`` before it where dlrun has one of that name.
    """
    entry = registry("metrics").find(metric.name)
    if entry is None or entry.origin != "keras":
        return entry.name if entry else metric.name
    snake = snake_case(entry.name)
    return f"keras_{snake}" if snake in _OWN else snake


def not_a_loss(loss: Named, targets: Targets | None) -> Problem | None:
    """Say so when a metric without a loss of the same name is given as the loss."""
    name = loss_name(loss)
    if registry("losses").find(loss.name) is not None or name not in _COUNTED:
        return None
    why = "describes a whole data set, not a batch" if name in _SMOOTH else "is not differentiable"
    use = f"use {' or '.join(targets.row.losses)}, and " if targets else ""
    message = f"'{loss.name}' is a metric and {why}, so nothing can be trained by it"
    return Problem(message, ("loss",), hint=f"{use}list '{loss.name}' under metrics")


def metric_problems(metrics: Sequence[Named], targets: Targets) -> list[Problem]:
    """Find metrics that have no meaning for a task, and metrics listed twice."""
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, metric in enumerate(metrics):
        column = column_name(metric)
        fits = _OWN.get(column) or _KERAS.get(column)
        if column in seen:
            problems.append(Problem(f"'{metric.name}' is listed twice", ("metrics", index), hint="leave one out"))
        elif fits is not None and targets.task not in fits:
            message = f"the metric '{metric.name}' does not fit a {targets.task} task"
            problems.append(
                Problem(message, ("metrics", index), hint=f"these do: {', '.join(own_metrics(targets.task))}")
            )
        seen.add(column)
    return problems


def own_metrics(task: str) -> list[str]:
    """List dlrun's own metrics for a task."""
    return [name for name, tasks in _OWN.items() if task in tasks]
