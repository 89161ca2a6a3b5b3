"""The engine that runs ``model.fit``: one fit after another, everything that Keras can do.

Three things differ from a hand-written call, and none of them changes what is learned: batches come from an order that
is a pure function of the seed and the epoch; held-out rows are predicted once an epoch and every score is computed from
those predictions; progress leaves as events.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from dlrun import seeds
from dlrun.data.dataset import Array
from dlrun.events import BatchEnded, FitEnded, FitStarted, OnEvent
from dlrun.training.batches import EpochBatches, as_it_failed, row_picker
from dlrun.training.checkpoints import NO_CHECKPOINTS, Checkpoints, Snapshot, in_order, numbered, part, under
from dlrun.training.contract import REPORT_EVERY, FitResult, FoldData, FoldTask, TrainingPlan
from dlrun.training.diverging import Divergence, largest_gradient
from dlrun.training.failing import FIT_ERRORS, words_of
from dlrun.training.following import Following
from dlrun.training.fresh import values_of
from dlrun.training.net import Net
from dlrun.training.scoring import Scorer
from dlrun.training.watching import Watch
from dlrun.training.weights import named_weights

LOOK_BACK = 2**28
"""Bytes of variables up to which a copy is kept from the beginning of an epoch, for a look at why the loss was lost."""


class KerasEngine:
    """Runs each fit with ``model.fit``, one after the other; folds whose shapes agree share one model."""

    name = "keras"

    def fit(
        self,
        tasks: Sequence[FoldTask],
        prepare: Callable[[FoldTask], FoldData],
        plan: TrainingPlan,
        on_event: OnEvent,
        checkpoints: Checkpoints = NO_CHECKPOINTS,
    ) -> Iterator[FitResult]:
        """Carry out every task, and yield its result before the next one begins."""
        fits = _Fits(prepare, plan, on_event, checkpoints, several=len(tasks) > 1)
        for task in tasks:
            yield fits.carry_out(task)


class _Fits:
    """The fits of one call, and the net that they share."""

    def __init__(
        self,
        prepare: Callable[[FoldTask], FoldData],
        plan: TrainingPlan,
        on_event: OnEvent,
        checkpoints: Checkpoints,
        *,
        several: bool,
    ) -> None:
        self._prepare, self._plan, self._on_event, self._several = prepare, plan, on_event, several
        self._checkpoints = checkpoints
        self._net: Net | None = None

    def carry_out(self, task: FoldTask) -> FitResult:
        """Carry out one task; what goes wrong in the data or in TensorFlow becomes the failure of this fit alone."""
        watch, data = Watch(self._plan), None
        try:
            data = self._prepare(task)
            result = self._fit(task, data, watch)
        except FIT_ERRORS as error:
            failure, hint = words_of(error, self._plan.batch_size, data)
        else:
            self._on_event(FitEnded(task.iteration, task.fold, result.history.epochs, result.failure))
            return result
        self._net = None  # whatever state it is in, the next fold begins with another one
        self._on_event(FitEnded(task.iteration, task.fold, watch.epochs, failure))
        return FitResult.failed(task, watch.history, failure, hint)

    def _fit(self, task: FoldTask, data: FoldData, watch: Watch) -> FitResult:
        plan, on_event = self._plan, self._on_event
        net = self._net_for(task, data)
        pick = row_picker(data.inputs)
        batches = EpochBatches(data, pick, plan.batch_size)
        scorer = Scorer(net.forward, data, pick)
        following = Following(task, data, plan, watch, on_event)
        follower = _Follower(following, plan, batches, scorer, on_event, self._checkpoints)
        on_event(FitStarted(task.iteration, task.fold, batches.steps))
        if snapshot := self._checkpoints.load([task]):
            follower.restore(net.model, part(snapshot, task.name))
        begin = plan.epochs if following.done else following.epoch
        with as_it_failed(pick):
            net.model.fit(
                batches.dataset,
                initial_epoch=begin,
                epochs=plan.epochs,
                shuffle=False,
                verbose=0,
                callbacks=[follower],
            )
            result = follower.result(net.model)
        if self._several:  # the next fold goes on with this model
            return replace(result, weights=named_weights(net.model))
        return replace(result, model=net.model)

    def _net_for(self, task: FoldTask, data: FoldData) -> Net:
        seed = seeds.child_seed(task.seed, "weights", task.iteration, task.fold)
        net = self._net.restarted(data, seed) if self._net is not None else None
        if net is None:
            if self._net is not None:
                # What was traced for other shapes is of no use any more, but Keras's global state would hold on to it.
                self._net = None
                keras.backend.clear_session()
                gc.collect()
            net = self._net = Net(data, self._plan, seed)
        return net


class _Follower(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Sits in ``model.fit``: sets each epoch's order, predicts held-out rows, and ends the fit when told."""

    def __init__(
        self,
        following: Following,
        plan: TrainingPlan,
        batches: EpochBatches,
        scorer: Scorer,
        on_event: OnEvent,
        checkpoints: Checkpoints,
    ) -> None:
        super().__init__()
        self._following, self._data, self._plan = following, following.data, plan
        self._batches, self._scorer, self._on_event = batches, scorer, on_event
        self._checkpoints = checkpoints
        self._restore: list[Any] | None = None
        self._began: list[Array] | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        task, rows = self._following.task, len(self._data.train)
        self._batches.set_order(seeds.batch_order(task.seed, task.iteration, task.fold, epoch + 1, rows))
        self._epoch = epoch + 1
        self._started = self._reported = time.monotonic()
        if 4 * sum(math.prod(variable.shape) for variable in self._variables) <= LOOK_BACK:
            self._began = values_of(self._variables)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY:
            self._reported = now
            task = self._following.task
            self._on_event(BatchEnded(task.iteration, task.fold, self._epoch, batch, self._batches.steps))

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        # The loss is the mean over the epoch so far: once it is no number, it stays so.
        if not math.isfinite((logs or {})["loss"]):
            self._following.diverge(self._divergence(batch).words(self._epoch))
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        following, data = self._following, self._data
        if following.failure:  # in the middle of the epoch
            return
        train = {name: float((logs or {})[name]) for name in ("loss", *self._plan.train_metrics)}
        held_out = self._scorer(data.validation) if following.follows else None
        monitor = data.monitor
        monitored = None if monitor is None or not following.monitors else lambda: self._scorer(monitor)
        following.end_epoch(train, held_out, monitored, time.monotonic() - self._started)
        if following.improved:
            self._restore = self.model.get_weights()
        if following.done:
            self.model.stop_training = True
        self._checkpoints.offer([following.task], self._snapshot)

    @property
    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def _divergence(self, batch: int) -> Divergence:
        """Go through the epoch once more, up to the step before the loss was lost, and look at its gradients."""
        found = Divergence(batch + 1, self._batches.steps)
        if self._began is None:
            return found
        for variable, value in zip(self._variables, self._began, strict=True):
            variable.assign(value)
        looked_at = max(batch - 1, 0)
        step = tf.function(self.model.train_step)
        for number, parts in enumerate(self._batches.dataset.take(looked_at + 1)):
            if number == looked_at:
                layer, norm = largest_gradient(self.model, *parts) or (None, math.nan)
                return replace(found, layer=layer, norm=norm, before=batch > 0)
            step(parts)
        return found

    def _snapshot(self) -> Snapshot:
        """Copy all that changes while a fit goes on. The metrics of training begin anew with every epoch."""
        return under(
            self._following.task.name,
            {
                **under("follow", self._following.state()),
                **under("model", numbered(values_of(self.model.variables))),
                **under("optimiser", numbered(values_of(self.model.optimizer.variables))),
                **(under("best", numbered(self._restore)) if self._restore else {}),
            },
        )

    def restore(self, model: keras.Model, snapshot: Snapshot) -> None:
        """Bring a model, whose fit has not begun, and what is known of it to where a `_snapshot` was taken."""
        for name, variables in (("model", model.variables), ("optimiser", model.optimizer.variables)):
            values = in_order(part(snapshot, name), values_of(variables))
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        if best := part(snapshot, "best"):
            self._restore = in_order(best, model.get_weights())
        self._following.restore(part(snapshot, "follow"))

    def result(self, model: keras.Model) -> FitResult:
        """Sum up, with the weights that count put back into the model."""
        if self._following.goes_back:
            model.set_weights(self._restore)
        last = self._scorer(self._data.validation)[0] if self._following.predicts_last else None
        return self._following.result(last)
