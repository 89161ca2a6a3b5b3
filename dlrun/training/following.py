"""What happens at the end of an epoch, whatever the engine: scores, an event, and whether the fit goes on.

Plain Python on plain arrays, so that engines can't disagree on when a fit stops, fails or was best.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from dlrun.events import EpochEnded, FitResumed, OnEvent
from dlrun.training.checkpoints import Snapshot, part, under
from dlrun.training.contract import FitResult, FoldData, FoldTask, Predictions, Score, Scores, TrainingPlan
from dlrun.training.watching import Watch

DIVERGED = "a smaller learning rate or `- normalise` in preprocessing usually helps"

_FLAGS = ("done", "_stopped_early", "_has_best")
HeldOut = tuple[Predictions, float]
"""Predictions for some rows (rows, outputs), and the mean loss over them."""


class Following:
    """Follows one fit.

    Attributes:
        done: whether the fit has come to its end.
        failure: why it ended without a score, if it did.
        improved: whether the epoch that has just ended has the weights to go back to, so far.
        follows: whether validation rows are scored after every epoch.
    """

    def __init__(self, task: FoldTask, data: FoldData, plan: TrainingPlan, watch: Watch, on_event: OnEvent) -> None:
        self.task, self.data = task, data
        self.done = self.improved = False
        self.failure: str | None = None
        self.follows = plan.follow and len(data.validation) > 0
        self._plan, self._watch, self._on_event = plan, watch, on_event
        self._stopped_early = self._has_best = False
        self._predictions: Predictions = np.empty((0, 0), np.float32)

    @property
    def epoch(self) -> int:
        """How many epochs have ended."""
        return self._watch.epochs

    @property
    def monitors(self) -> bool:
        """Whether early stopping watches rows of its own."""
        return self._plan.early_stop is not None and self.data.monitor is not None

    @property
    def goes_back(self) -> bool:
        """Whether the final weights are those of an earlier epoch."""
        return self._has_best and self.failure is None

    @property
    def predicts_last(self) -> bool:
        """Whether the validation rows have to be predicted once more, by the final weights."""
        return len(self.data.validation) > 0 and self.failure is None and (self.goes_back or not self.follows)

    def diverge(self, told: str) -> None:
        """End the fit in the middle of an epoch, which does not count; ``told`` says what went wrong."""
        self.failure, self.done, self.improved = told, True, False

    def state(self) -> Snapshot:
        """Copy as arrays what is known at the end of an epoch."""
        arrays = {flag: np.array(getattr(self, flag)) for flag in _FLAGS}
        arrays |= {} if self.failure is None else {"failure": np.array(self.failure)}
        return {**arrays, "predictions": self._predictions, **under("watch", self._watch.state())}

    def restore(self, arrays: Snapshot) -> None:
        """Go on from a `state`, and say that the fit does."""
        for flag in _FLAGS:
            setattr(self, flag, bool(arrays[flag]))
        self.failure = str(arrays["failure"]) if "failure" in arrays else None
        self._predictions = arrays["predictions"]
        self._watch.restore(part(arrays, "watch"))
        task, history = self.task, self._watch.history
        self._on_event(FitResumed(task.iteration, task.fold, self.epoch, history.train, history.validation))

    def end_epoch(
        self, train: Scores, held_out: HeldOut | None, monitored: Callable[[], HeldOut] | None, seconds: float
    ) -> None:
        """Take in an epoch.

        Args:
            train: the loss and metrics of training.
            held_out: of the validation rows, where they are followed.
            monitored: gives those of the rows that early stopping watches; asked only where the fit goes on.
            seconds: that the epoch took.
        """
        validation: Scores = {}
        if held_out is not None:
            self._predictions, validation = held_out[0], _scores(held_out, self.data.score)
        self._watch.record(train, validation, self._predictions, seconds)
        task, plan = self.task, self._plan
        self._on_event(EpochEnded(task.iteration, task.fold, self.epoch, plan.epochs, train, validation, seconds))
        self.improved = False
        bad = [
            part
            for part, scores in (("training", train), ("validation", validation))
            if not math.isfinite(scores.get("loss", 0.0))
        ]
        if bad:
            self.failure = f"the {' and the '.join(bad)} loss became NaN or infinite in epoch {self.epoch}"
        else:
            self._check_early_stop(validation, monitored)
        self.done = bool(self.failure) or self._stopped_early or self.epoch >= plan.epochs

    def _check_early_stop(self, validation: Scores, monitored: Callable[[], HeldOut] | None) -> None:
        rule = self._plan.early_stop
        if rule is None:
            return
        values = validation
        if monitored is not None and self.data.score_monitor is not None:
            values = _scores(monitored(), self.data.score_monitor)
        self.improved = self._watch.monitor(values.get(rule.monitor, math.nan), rule) and rule.restore_best
        self._has_best = self._has_best or self.improved
        self._stopped_early = self._watch.should_stop(rule) and self.epoch < self._plan.epochs

    def result(self, predictions: Predictions | None) -> FitResult:
        """Sum up.

        Args:
            predictions: of the validation rows by the final weights, where `predicts_last`.
        """
        watch = self._watch
        last = self._predictions if predictions is None else predictions
        return FitResult(
            task=self.task,
            history=watch.history,
            predictions=last,
            best_epoch=watch.best_epoch or watch.epochs,
            best_predictions=last if watch.best_predictions is None else watch.best_predictions,
            final_epoch=watch.monitored_epoch if self.goes_back else watch.epochs,
            stopped_early=self._stopped_early,
            failure=self.failure,
            hint=self.failure and DIVERGED,
        )


def _scores(held_out: HeldOut, score: Score) -> Scores:
    predictions, loss = held_out
    # A net that has diverged has nothing to score, and metrics may refuse NaN.
    return {"loss": loss, **(score(predictions) if np.isfinite(predictions).all() else {})}
