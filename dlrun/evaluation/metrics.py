"""What a metric is, and which ones a spec's names mean.

Targets are as `Dataset.targets` holds them; predictions have one column an output, as `as_probabilities` leaves them:
binary (rows, 1) the probability of class 1, multi-class (rows, classes), multi-label (rows, labels), regression
(rows, 1), vector regression (rows, columns). ``loss`` is a name among scores too: lower is better, and the engine
computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.errors import Problem, SpecError
from dlrun.evaluation.exact import OWN, TopKAccuracy
from dlrun.evaluation.keras_metric import KerasMetric, snake_case
from dlrun.registry import Entry, instantiate, registry
from dlrun.spec.sections import Named

Predictions = npt.NDArray[np.float32]
LOSS = "loss"


class Metric(Protocol):
    """A measure of predictions against targets."""

    @property
    def name(self) -> str:
        """What scores, history and tables call it."""
        ...

    @property
    def higher_is_better(self) -> bool:
        """Which way is up."""
        ...

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest value that there can be."""
        ...

    def score(self, targets: Array, predictions: Predictions) -> float:
        """Score all rows together; NaN where these rows or predictions have no such score."""
        ...

    def rows(self, targets: Array, predictions: Predictions) -> Array | None:
        """Score each row, shape (rows,), where the whole score is the plain mean of that; else None."""
        ...


@runtime_checkable
class Reweighted(Protocol):
    """A metric that scores many resamples at once, from how often each of them holds each row."""

    def reweighted(self, targets: Array, predictions: Predictions, counts: Array) -> npt.NDArray[np.float64]:
        """Score each resample: counts (resamples, rows) -> (resamples,), NaN where a resample has no score."""
        ...


def metrics_for(names: Sequence[Named], task: str, outputs: int) -> tuple[Metric, ...]:
    """Make the metrics that a spec names, in its order: dlrun's own ones, and Keras's behind an adapter.

    Args:
        names: of the registry, with their arguments.
        task: what kind of problem the targets make.
        outputs: columns of the predictions.

    Raises:
        SpecError: a metric does not fit the task, always has the same value, or is named twice.
    """
    metrics: list[Metric] = []
    for position, named in enumerate(names):
        metric = _make(named, task, outputs, position)
        if metric.name in [other.name for other in metrics]:
            _refuse(position, f"'{metric.name}' is listed twice", "leave one of them out")
        metrics.append(metric)
    return tuple(metrics)


def is_higher_better(metrics: Sequence[Metric], name: str) -> bool:
    """Tell which way is up for one of the metrics, or for ``loss``."""
    return next((metric.higher_is_better for metric in metrics if metric.name == name), False)


def _make(named: Named, task: str, outputs: int, position: int) -> Metric:
    """Make one metric and refuse what would mislead."""
    entry = registry("metrics").find(named.name)
    if entry is None:
        _refuse(position, f"there is no metric '{named.name}'", "'dlrun list metrics' shows them all")
    metric: Any = instantiate("metrics", named.name, named.arguments, ("metrics", position))
    if hasattr(metric, "update_state"):  # Keras's, or a package's that is written for Keras
        _check_num_classes(named, task, outputs, position)
        says = getattr(metric, "higher_is_better", None)
        return KerasMetric(_column_name(entry), entry.name, dict(named.arguments), task, says)
    if task not in getattr(metric, "tasks", (task,)):
        fitting = ", ".join(own.name for own in OWN if task in own.tasks)
        _refuse(position, f"the metric '{metric.name}' does not fit a {task} task", f"these do: {fitting}")
    if isinstance(metric, TopKAccuracy) and metric.k >= outputs:
        message = f"'top_k_accuracy' with k = {metric.k} is always 1 with {outputs} classes"
        _refuse(position, message, "name a smaller 'k'")
    if (positive := getattr(metric, "positive", 1)) != 1:
        _check_positive(metric.name, positive, task, position)
    made: Metric = metric
    return made


def _check_positive(name: str, positive: Any, task: str, position: int) -> None:
    """Refuse a positive class where there are not two of them, or that is none of them."""
    if task != "binary":
        _refuse(position, f"'positive' is for binary problems; of a {task} one '{name}' is an average", "leave it out")
    if isinstance(positive, bool) or positive != 0:
        _refuse(position, f"'positive' of '{name}' is class 0 or class 1, not {positive}", "write 0 or 1")


def _column_name(entry: Entry) -> str:
    """Tell Keras's metrics from dlrun's where both have one of that name; a plugin's name is its own affair."""
    if entry.origin != "keras":
        return entry.name
    plain = snake_case(entry.name)
    return f"keras_{plain}" if plain in {own.name for own in OWN} else plain


def _check_num_classes(named: Named, task: str, outputs: int, position: int) -> None:
    """Refuse a number of classes that is too small: Keras would leave out rows of the others without a word."""
    classes = 2 if task in ("binary", "multilabel") else outputs
    given = named.arguments.get("num_classes")
    if isinstance(given, int) and given < classes:
        _refuse(
            position, f"'{named.name}' is told of {given} classes, and there are {classes}", f"num_classes: {classes}"
        )


def _refuse(position: int, message: str, hint: str) -> NoReturn:
    """Raise the problem of one entry in the spec's list of metrics."""
    raise SpecError([Problem(message, path=("metrics", position), hint=hint)])
