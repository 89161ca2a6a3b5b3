"""What every engine takes and gives back. No TensorFlow here: a fake engine keeps this contract too.

``fit(tasks, prepare, plan, on_event, checkpoints)`` yields a `FitResult` for each task, in the order of the tasks and
as soon as it is there, so that a caller can store one fold before the next is trained. A fit that diverges, or that has
no memory left, is a result with a ``failure``, not an exception: the other folds go on. A fit that goes on from a
checkpoint gives, bit for bit, the result of one that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices
from dlrun.data.encoded import Encoded
from dlrun.events import OnEvent
from dlrun.training.checkpoints import NO_CHECKPOINTS, Checkpoints

Scores = dict[str, float]
Predictions = npt.NDArray[np.float32]
Score = Callable[[Predictions], Scores]
"""Scores predictions (rows, outputs) by every metric but the loss."""


REPORT_EVERY = 0.25
"""About how many seconds lie between two ``BatchEnded`` events."""


def fit_name(iteration: int, fold: int) -> str:
    """Name a fit as run folders do: ``i1-f3``."""
    return f"i{iteration}-f{fold}"


@dataclass(frozen=True)
class FoldTask:
    """One fit to do: which split, and the seed of everything random in it. Iterations and folds count from 1.

    ``number`` counts the fits of a run from 0. An engine that trains several together gives a fit the place that it
    has beside all the others, also where it is asked for one of them alone.
    """

    iteration: int
    fold: int
    seed: int
    number: int = 0

    @property
    def name(self) -> str:
        """The fit's name in files."""
        return fit_name(self.iteration, self.fold)


@dataclass(frozen=True)
class FoldData:
    """The data of one fit, after preprocessing that was fitted on its training rows.

    Args:
        inputs: the rows that this fit may see, (rows, ...).
        targets: as the loss takes them, (rows, outputs) or (rows,) for integer labels.
        train: indices into ``inputs``, shape (training rows,).
        validation: indices into ``inputs`` of the rows that are scored; may be empty.
        monitor: indices that early stopping watches, cut off the training rows; None: it watches the validation rows.
        weights: of each row in the loss, shape (rows,), or None for 1.
        score: scores predictions for the validation rows, (validation rows, outputs), by every metric but the loss.
        score_monitor: the same for the monitor rows, where they are not the validation rows.
    """

    inputs: Encoded
    targets: Array
    train: Indices
    validation: Indices
    score: Score
    monitor: Indices | None = None
    score_monitor: Score | None = None
    weights: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class EarlyStop:
    """Stop after ``patience`` epochs in which the monitored value did not get better by more than ``min_delta``."""

    monitor: str
    patience: int
    min_delta: float
    higher_is_better: bool
    restore_best: bool


@dataclass(frozen=True)
class TrainingPlan:
    """How to fit: the same for every fold of a run.

    Args:
        build: makes a fresh, uncompiled ``keras.Model`` for inputs of a shape (without the rows), with the initial
            weights of a seed. The shape is the fold's own: steps such as one_hot learn it from the training rows.
        compile_arguments: makes fresh ``optimizer``, ``loss`` and ``metrics`` for ``model.compile``.
        train_metrics: names of the compiled metrics, in their order.
        primary: the metric that names the best epoch, and whether higher is better.
        follow: whether the validation rows are scored after every epoch; else they are predicted once, at the end.
    """

    build: Callable[[tuple[int | None, ...], int], Any]
    compile_arguments: Callable[[], dict[str, Any]]
    train_metrics: tuple[str, ...]
    primary: tuple[str, bool]
    epochs: int
    batch_size: int
    early_stop: EarlyStop | None = None
    follow: bool = True


@dataclass(frozen=True)
class History:
    """Values by epoch: ``train["loss"][0]`` is the training loss of epoch 1.

    ``train`` is what Keras reports: a running average over the epoch, with dropout on. ``validation`` is computed from
    the predictions at the end of the epoch. Names: ``loss`` and the metrics.
    """

    train: Mapping[str, Sequence[float]]
    validation: Mapping[str, Sequence[float]]
    seconds: Sequence[float] = ()

    @property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(self.train.get("loss", ()))


@dataclass(frozen=True)
class FitResult:
    """What came of one fit.

    Args:
        predictions: for the validation rows, by the final weights, (validation rows, outputs), float32.
        best_epoch: the epoch of the primary metric's best validation score, counted from 1; the last one where
            the score has no value in any epoch.
        best_predictions: for the validation rows at that epoch.
        final_epoch: the epoch whose weights are the final ones: the last one, or the best monitored one that early
            stopping went back to.
        model: the fitted model (``keras.Model`` for real engines) of a fit that was the only one; else None.
        weights: of a fit that is one of several: copies of all variables by their paths in the model.
        stopped_early: whether early stopping ended the fit.
        failure: why there is no score, when the fit failed; the history has the epochs that were finished.
        hint: what to do about the failure.
    """

    task: FoldTask
    history: History
    predictions: Predictions
    best_epoch: int
    best_predictions: Predictions
    final_epoch: int
    model: Any = field(default=None, repr=False)
    weights: Mapping[str, Array] = field(default_factory=dict, repr=False)
    stopped_early: bool = False
    failure: str | None = None
    hint: str | None = None

    @staticmethod
    def failed(task: FoldTask, history: History, failure: str, hint: str | None) -> FitResult:
        """Make the result of a fit that ended without a model: nothing was predicted."""
        nothing = np.empty((0, 0), np.float32)
        epoch = history.epochs
        return FitResult(task, history, nothing, epoch, nothing, epoch, failure=failure, hint=hint)


class Engine(Protocol):
    """Something that can carry out fits."""

    @property
    def name(self) -> str:
        """What the spec calls it."""
        ...

    def fit(
        self,
        tasks: Sequence[FoldTask],
        prepare: Callable[[FoldTask], FoldData],
        plan: TrainingPlan,
        on_event: OnEvent,
        checkpoints: Checkpoints = NO_CHECKPOINTS,
    ) -> Iterator[FitResult]:
        """Carry out every task; ``prepare`` is called once for each, when its data are needed."""
        ...
