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
import numpy as np
import tensorflow as tf

from dlrun import seeds
from dlrun.data.dataset import Indices
from dlrun.errors import DataError, SpecError, TrainingError
from dlrun.events import BatchEnded, EpochEnded, FitEnded, FitStarted, OnEvent
from dlrun.training.batches import EpochBatches, row_picker
from dlrun.training.contract import FitResult, FoldData, FoldTask, Predictions, Score, Scores, TrainingPlan
from dlrun.training.net import Net
from dlrun.training.scoring import Scorer
from dlrun.training.watching import Watch
from dlrun.training.weights import named_weights

REPORT_EVERY = 0.25  # seconds between two BatchEnded events
DIVERGED = "a smaller learning rate or `- normalise` in preprocessing usually helps"


class KerasEngine:
    """Runs each fit with ``model.fit``, one after the other; folds whose shapes agree share one model."""

    name = "keras"

    def fit(
        self,
        tasks: Sequence[FoldTask],
        prepare: Callable[[FoldTask], FoldData],
        plan: TrainingPlan,
        on_event: OnEvent,
    ) -> Iterator[FitResult]:
        """Carry out every task, and yield its result before the next one begins."""
        fits = _Fits(prepare, plan, on_event, several=len(tasks) > 1)
        for task in tasks:
            yield fits.carry_out(task)


class _Fits:
    """The fits of one call, and the net that they share."""

    def __init__(
        self, prepare: Callable[[FoldTask], FoldData], plan: TrainingPlan, on_event: OnEvent, *, several: bool
    ) -> None:
        self._prepare, self._plan, self._on_event, self._several = prepare, plan, on_event, several
        self._net: Net | None = None

    def carry_out(self, task: FoldTask) -> FitResult:
        """Carry out one task; what goes wrong in the data or in TensorFlow becomes the failure of this fit alone."""
        watch = Watch(self._plan)
        try:
            result = self._fit(task, self._prepare(task), watch)
        except (tf.errors.ResourceExhaustedError, MemoryError):
            failure = f"memory ran out while training with batches of {self._plan.batch_size}"
            hint: str | None = "a smaller training.batch_size or a smaller model needs less"
        except tf.errors.OpError as error:
            failure = f"TensorFlow could not carry out a step: {_reason(error)}"
            hint = "the layers and the data do not fit together in every row; log.txt and --debug say more"
        except (DataError, SpecError, TrainingError) as error:  # not what a listener may raise: that ends the run
            failure, hint = error.message, error.hint
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
        follower = _Follower(task, data, plan, batches, Scorer(net.forward, data, pick), watch, on_event)
        on_event(FitStarted(task.iteration, task.fold, batches.steps))
        net.model.fit(batches.dataset, epochs=plan.epochs, shuffle=False, verbose=0, callbacks=[follower])
        result = follower.result(net.model)
        if self._several:  # the next fold goes on with this model
            return replace(result, model=None, weights=named_weights(net.model))
        return result

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


def _reason(error: tf.errors.OpError) -> str:
    """Return the line that says what was wrong, out of a report on the graph."""
    lines = [line.strip() for line in str(error.message).splitlines()]
    told = [line for line in lines if line and not line.startswith(("[[", "File ", "Detected at", "Graph execution"))]
    return told[-1] if told else type(error).__name__


class _Follower(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Sits in ``model.fit``: sets each epoch's order, scores held-out rows, decides when to stop."""

    def __init__(
        self,
        task: FoldTask,
        data: FoldData,
        plan: TrainingPlan,
        batches: EpochBatches,
        scorer: Scorer,
        watch: Watch,
        on_event: OnEvent,
    ) -> None:
        super().__init__()
        self._task, self._data, self._plan = task, data, plan
        self._batches, self._scorer, self._on_event = batches, scorer, on_event
        self._watch = watch
        self._failure: str | None = None
        self._stopped_early = False
        self._predictions = np.empty((0, 0), np.float32)
        self._follows = plan.follow and len(data.validation) > 0
        self._restore: list[Any] | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        task, rows = self._task, len(self._data.train)
        self._batches.set_order(seeds.batch_order(task.seed, task.iteration, task.fold, epoch + 1, rows))
        self._epoch = epoch + 1
        self._started = self._reported = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY:
            self._reported = now
            task = self._task
            self._on_event(BatchEnded(task.iteration, task.fold, self._epoch, batch, self._batches.steps))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        train = {name: float((logs or {})[name]) for name in ("loss", *self._plan.train_metrics)}
        validation: Scores = {}
        if self._follows:
            self._predictions, validation = self._score(self._data.validation, self._data.score)
        self._watch.record(train, validation, self._predictions, time.monotonic() - self._started)
        task = self._task
        self._on_event(
            EpochEnded(
                task.iteration, task.fold, self._epoch, self._plan.epochs, train, validation, self._watch.seconds[-1]
            )
        )
        bad = [
            part
            for part, scores in (("training", train), ("validation", validation))
            if not math.isfinite(scores.get("loss", 0.0))
        ]
        if bad:
            self._failure = f"the {' and the '.join(bad)} loss became NaN or infinite in epoch {self._epoch}"
            self.model.stop_training = True
        else:
            self._check_early_stop(validation)

    def _score(self, rows: Indices, score: Score) -> tuple[Predictions, Scores]:
        predictions, loss = self._scorer(rows)
        # A net that has diverged has nothing to score, and metrics may refuse NaN.
        scores = score(predictions) if np.isfinite(predictions).all() else {}
        return predictions, {"loss": loss, **scores}

    def _check_early_stop(self, validation: Scores) -> None:
        rule = self._plan.early_stop
        if rule is None:
            return
        values = validation
        if self._data.monitor is not None and self._data.score_monitor is not None:
            _, values = self._score(self._data.monitor, self._data.score_monitor)
        if self._watch.monitor(values.get(rule.monitor, math.nan), rule) and rule.restore_best:
            self._restore = self.model.get_weights()
        if self._watch.should_stop(rule):
            self._stopped_early = self._epoch < self._plan.epochs
            self.model.stop_training = True

    def result(self, model: keras.Model) -> FitResult:
        """Sum up, with the weights that count put back into the model."""
        watch, final_epoch = self._watch, self._watch.epochs
        goes_back = self._restore is not None and self._failure is None
        if goes_back:
            model.set_weights(self._restore)
            final_epoch = watch.monitored_epoch
        if len(self._data.validation) and (goes_back or not self._follows):
            self._predictions, _ = self._scorer(self._data.validation)
        best = self._predictions if watch.best_predictions is None else watch.best_predictions
        return FitResult(
            task=self._task,
            history=watch.history,
            predictions=self._predictions,
            best_epoch=watch.best_epoch or watch.epochs,
            best_predictions=best,
            final_epoch=final_epoch,
            model=model,
            stopped_early=self._stopped_early,
            failure=self._failure,
            hint=self._failure and DIVERGED,
        )
