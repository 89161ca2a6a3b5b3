"""From what the fits leave to the scores that are reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices
from dlrun.evaluation.baselines import Baseline
from dlrun.evaluation.intervals import bootstrap
from dlrun.evaluation.metrics import LOSS, Metric
from dlrun.evaluation.results import EvaluationResult, Score, SelectedScore
from dlrun.seeds import child_seed

Predictions = npt.NDArray[np.float32]
Fold = tuple[Array, Predictions]  # targets of the scored rows, and what was predicted for them
Interval = tuple[float | None, float | None]
NO_INTERVAL: Interval = (None, None)


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
    scored = [(targets[outcome.validation_rows], outcome.predictions) for outcome in outcomes]
    chosen = [(targets[outcome.validation_rows], outcome.best_predictions) for outcome in outcomes]
    validation = {LOSS: _score(outcomes, [outcome.history_loss_final for outcome in outcomes])}
    selected = {LOSS: _select(outcomes, [outcome.history_loss_best for outcome in outcomes])}
    for metric in metrics:
        validation[metric.name] = _score(outcomes, _values(metric, scored), _interval(metric, scored, seed))
        selected[metric.name] = _select(outcomes, _values(metric, chosen), _interval(metric, chosen, seed))
    return EvaluationResult(
        validation=validation,
        selected=selected,
        baselines=_baseline_scores([rows for rows, _ in scored], metrics, baselines),
        primary=metrics[0].name if metrics else LOSS,
        higher_is_better=metrics[0].higher_is_better if metrics else False,
        notes=_notes(outcomes, metrics, validation),
    )


def _values(metric: Metric, folds: Sequence[Fold]) -> list[float]:
    """Score each fold."""
    return [metric.score(rows, predictions) for rows, predictions in folds]


def _interval(metric: Metric, folds: Sequence[Fold], seed: int) -> Interval:
    """Bootstrap a single fold's score; the rows of several folds are no sample of one model's rows."""
    if len(folds) != 1:
        return NO_INTERVAL
    rows, predictions = folds[0]
    return bootstrap(metric, rows, predictions, seed=child_seed(seed, "interval"))


def _score(outcomes: Sequence[FoldOutcome], values: Sequence[float], interval: Interval = NO_INTERVAL) -> Score:
    """Put one value a fold together."""
    iterations = sorted({outcome.iteration for outcome in outcomes})
    pairs = list(zip(outcomes, values, strict=True))
    per_fold = tuple(
        tuple(value for outcome, value in pairs if outcome.iteration == iteration) for iteration in iterations
    )
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Score(float(np.mean(values)), std, *interval, n=len(values), per_fold=per_fold)


def _select(
    outcomes: Sequence[FoldOutcome], values: Sequence[float], interval: Interval = NO_INTERVAL
) -> SelectedScore:
    """The same, labelled with the epoch that was selected."""
    score = _score(outcomes, values, interval)
    epochs = {outcome.best_epoch for outcome in outcomes}
    epoch = epochs.pop() if len(epochs) == 1 else None
    return SelectedScore(score.mean, score.std, score.low, score.high, score.n, score.per_fold, epoch)


def _baseline_scores(
    folds: Sequence[Array], metrics: Sequence[Metric], baselines: Sequence[Sequence[Baseline]]
) -> dict[str, dict[str, float]]:
    """Score every baseline on the targets of every fold's scored rows, and average over folds."""
    scores: dict[str, dict[str, float]] = {}
    for same in zip(*baselines, strict=True):  # one baseline, fitted on each fold
        pairs = [(rows, baseline.predict(len(rows))) for rows, baseline in zip(folds, same, strict=True)]
        scores[same[0].name] = {metric.name: float(np.mean(_values(metric, pairs))) for metric in metrics}
    return scores


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
