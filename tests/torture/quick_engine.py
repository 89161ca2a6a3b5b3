"""An engine that keeps the contract in a few milliseconds, so that a run can be broken off at each of its writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dlrun import seeds
from dlrun.data.dataset import Array
from dlrun.events import FitEnded, FitStarted, OnEvent
from dlrun.training.checkpoints import NO_CHECKPOINTS, Checkpoints, Snapshot, part, under
from dlrun.training.contract import FitResult, FoldData, FoldTask, TrainingPlan
from dlrun.training.following import Following
from dlrun.training.watching import Watch


class Line:
    """A linear model: what a fit leaves."""

    def __init__(self, weights: Array) -> None:
        self.weights = [_Variable("line/kernel", weights)]

    def save(self, path: Path) -> None:
        """Write the weights."""
        with path.open("wb") as stream:
            np.save(stream, self.weights[0].numpy())


class _Variable:
    def __init__(self, path: str, value: Array) -> None:
        self.path, self._value = path, value

    def numpy(self) -> Array:
        """Return the value."""
        return self._value


class QuickEngine:
    """Goes down the gradient of a linear model, an epoch a step, in an order of rows that hangs on the epoch."""

    name = "keras"

    def fit(
        self,
        tasks: Sequence[FoldTask],
        prepare: Callable[[FoldTask], FoldData],
        plan: TrainingPlan,
        on_event: OnEvent,
        checkpoints: Checkpoints = NO_CHECKPOINTS,
    ) -> Iterator[FitResult]:
        """Carry out every task."""
        for task in tasks:
            result, weights = _fit(task, prepare(task), plan, on_event, checkpoints)
            several: dict[str, Any] = (
                {"weights": {"line/kernel": weights}} if len(tasks) > 1 else {"model": Line(weights)}
            )
            yield replace(result, **several)


def _fit(
    task: FoldTask, data: FoldData, plan: TrainingPlan, on_event: OnEvent, checkpoints: Checkpoints
) -> tuple[FitResult, Array]:
    inputs, targets = np.asarray(data.inputs, np.float64), np.asarray(data.targets, np.float64).reshape(-1, 1)
    following = Following(task, data, plan, Watch(plan), on_event)
    weights = np.full((inputs.shape[1], 1), 1e-3 * task.fold)
    on_event(FitStarted(task.iteration, task.fold, 1))
    if snapshot := checkpoints.load([task]):
        weights = part(snapshot, task.name)["weights"]
        following.restore(part(snapshot, f"{task.name}/follow"))

    def predict(rows: Array) -> tuple[Any, float]:
        predictions = (inputs[rows] @ weights).astype(np.float32)
        return predictions, float(np.square(predictions - targets[rows]).mean())

    def state() -> Snapshot:
        return under(task.name, {"weights": weights, **under("follow", following.state())})

    while not following.done:
        order = data.train[
            seeds.batch_order(task.seed, task.iteration, task.fold, following.epoch + 1, len(data.train))
        ]
        for row in order:
            weights = weights - 0.01 * inputs[row : row + 1].T @ (
                inputs[row : row + 1] @ weights - targets[row : row + 1]
            )
        train = dict.fromkeys(("loss", *plan.train_metrics), predict(data.train)[1])
        following.end_epoch(train, predict(data.validation) if following.follows else None, None, 0.0)
        checkpoints.offer([task], state)
    on_event(FitEnded(task.iteration, task.fold, following.epoch, following.failure))
    return following.result(predict(data.validation)[0] if following.predicts_last else None), weights
