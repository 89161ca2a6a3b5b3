"""What an evaluation comes to: scores at the last epoch, scores at the selected one, and the baselines beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices
from dlrun.evaluation.baselines import Baseline
from dlrun.evaluation.intervals import bootstrap
from dlrun.evaluation.metrics import LOSS, Metric
from dlrun.seeds import child_seed

Predictions = npt.NDArray[np.float32]


@dataclass(frozen=True)
class FoldOutcome:
    """What one fit leaves to be scored. Iterations, folds and epochs count from 1.

    Args:
        iteration: which reshuffle.
        fold: which part was scored.
        validation_rows: indices of the scored rows in the data set, shape (validation rows,).
        predictions: for those rows by the final weights, (validation rows, outputs), as metrics take them.
        best_predictions: the same at ``best_epoch``.
        best_epoch: the epoch of the primary metric's best validation score.
        history_loss_final: validation loss of the final weights.
        history_loss_best: validation loss at ``best_epoch``.
    """

    iteration: int
    fold: int
    validation_rows: Indices
    predictions: Predictions
    best_predictions: Predictions
    best_epoch: int
    history_loss_final: float
    history_loss_best: float


@dataclass(frozen=True)
class Score:
    """The value of a metric. NaN (null in JSON) where there is no such score.

    Args:
        mean: over folds; with one fold, its score.
        std: over folds, with n - 1 in the denominator; None with one fold.
        low: lower end of the 95 % interval; None where there is none.
        high: upper end of it.
        n: fold scores that the mean is taken over: 1 for hold-out.
        per_fold: one list an iteration, one score a fold.
    """

    mean: float
    std: float | None
    low: float | None
    high: float | None
    n: int
    per_fold: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class SelectedScore(Score):
    """A score at the best epoch: chosen with the same rows that it is computed on, so it is optimistic.

    Args:
        epoch: the epoch that was chosen; None where folds chose different ones.
    """

    epoch: int | None


@dataclass(frozen=True)
class EvaluationResult:
    """Every score of a run but the test score.

    Args:
        validation: by metric, ``loss`` among them, at the last epoch trained (or the one gone back to).
        selected: by metric, at the best epoch.
        baselines: by baseline and metric, averaged over folds.
        primary: the metric that names the best epoch; the first of the spec's, or ``loss`` if it has none.
        higher_is_better: which way is up for the primary metric.
        notes: why a score has no value, one sentence each.
    """

    validation: Mapping[str, Score]
    selected: Mapping[str, SelectedScore]
    baselines: Mapping[str, Mapping[str, float]]
    primary: str
    higher_is_better: bool
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the ``scores`` of a record: plain dicts, lists and numbers, and None for what is not finite."""
        scores: dict[str, Any] = _plain(
            {
                "validation": {name: asdict(score) for name, score in self.validation.items()},
                "selected": {name: asdict(score) for name, score in self.selected.items()},
                "baselines": self.baselines,
            }
        )
        return scores


def summarise(
    outcomes: Sequence[FoldOutcome],
    targets: Array,
    metrics: Sequence[Metric],
    baselines: Sequence[Sequence[Baseline]],
    *,
    seed: int,
) -> EvaluationResult:
    """Score what the fits left.

    One fit gets a bootstrap interval over its validation rows; ``loss`` gets none, since Keras adds penalties to it
    that belong to no row.

    Args:
        outcomes: one or more, in the order of iteration and fold.
        targets: of every row of the data set.
        metrics: the first one is the primary metric.
        baselines: of each outcome, in the same order, with the same names.
        seed: names the bootstrap's draws; use ``split_seed``, so that paired runs share them.
    """
    validation = {LOSS: _score(outcomes, [outcome.history_loss_final for outcome in outcomes], (None, None))}
    selected = {LOSS: _select(outcomes, [outcome.history_loss_best for outcome in outcomes], (None, None))}
    last, best = _final_predictions, _best_predictions
    for metric in metrics:
        values = _values(outcomes, targets, metric, last)
        validation[metric.name] = _score(outcomes, values, _interval(outcomes, targets, metric, last, seed))
        values = _values(outcomes, targets, metric, best)
        selected[metric.name] = _select(outcomes, values, _interval(outcomes, targets, metric, best, seed))
    return EvaluationResult(
        validation=validation,
        selected=selected,
        baselines=_baseline_scores(outcomes, targets, metrics, baselines),
        primary=metrics[0].name if metrics else LOSS,
        higher_is_better=metrics[0].higher_is_better if metrics else False,
        notes=_notes(outcomes, metrics, validation),
    )


def _final_predictions(outcome: FoldOutcome) -> Predictions:
    """Return what the final weights predict."""
    return outcome.predictions


def _best_predictions(outcome: FoldOutcome) -> Predictions:
    """Return what the weights of the best epoch predict."""
    return outcome.best_predictions


Which = Callable[[FoldOutcome], Predictions]
Interval = tuple[float | None, float | None]


def _values(outcomes: Sequence[FoldOutcome], targets: Array, metric: Metric, which: Which) -> list[float]:
    """Score each fold by one metric."""
    return [metric.score(targets[outcome.validation_rows], which(outcome)) for outcome in outcomes]


def _interval(outcomes: Sequence[FoldOutcome], targets: Array, metric: Metric, which: Which, seed: int) -> Interval:
    """Bootstrap a single fold's score; the rows of several folds are no sample of one model's rows."""
    if len(outcomes) != 1:
        return None, None
    rows = targets[outcomes[0].validation_rows]
    return bootstrap(metric, rows, which(outcomes[0]), seed=child_seed(seed, "interval"))


def _score(outcomes: Sequence[FoldOutcome], values: Sequence[float], interval: Interval) -> Score:
    """Put one value a fold together."""
    iterations = sorted({outcome.iteration for outcome in outcomes})
    pairs = list(zip(outcomes, values, strict=True))
    per_fold = tuple(
        tuple(value for outcome, value in pairs if outcome.iteration == iteration) for iteration in iterations
    )
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Score(float(np.mean(values)), std, *interval, n=len(values), per_fold=per_fold)


def _select(outcomes: Sequence[FoldOutcome], values: Sequence[float], interval: Interval) -> SelectedScore:
    """The same, labelled with the epoch that was selected."""
    score = _score(outcomes, values, interval)
    epochs = {outcome.best_epoch for outcome in outcomes}
    epoch = epochs.pop() if len(epochs) == 1 else None
    return SelectedScore(score.mean, score.std, score.low, score.high, score.n, score.per_fold, epoch)


def _baseline_scores(
    outcomes: Sequence[FoldOutcome], targets: Array, metrics: Sequence[Metric], baselines: Sequence[Sequence[Baseline]]
) -> dict[str, dict[str, float]]:
    """Score every baseline on every fold and average over folds."""
    values: dict[str, dict[str, list[float]]] = {}
    for outcome, fitted in zip(outcomes, baselines, strict=True):
        real = targets[outcome.validation_rows]
        for baseline in fitted:
            predictions = baseline.predict(len(real))
            for metric in metrics:
                scores = values.setdefault(baseline.name, {}).setdefault(metric.name, [])
                scores.append(metric.score(real, predictions))
    return {
        name: {metric: float(np.mean(scores)) for metric, scores in by_metric.items()}
        for name, by_metric in values.items()
    }


def _notes(
    outcomes: Sequence[FoldOutcome], metrics: Sequence[Metric], validation: Mapping[str, Score]
) -> tuple[str, ...]:
    """Say why a score has no value."""
    missing = [metric for metric in metrics if np.isnan(validation[metric.name].mean)]
    finite = all(np.isfinite(outcome.predictions).all() for outcome in outcomes)
    return tuple(
        f"{metric.name} has no value: "
        + (getattr(metric, "undefined", "these rows have none") if finite else "the model predicts NaN or infinity")
        for metric in missing
    )


def _plain(value: Any) -> Any:
    """Turn tuples into lists, and what is not finite into None."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value
