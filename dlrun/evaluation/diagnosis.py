"""What the mean learning curve says: the best epoch, where overfitting starts, the gap, and what to try next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.evaluation.baselines import LINEAR
from dlrun.evaluation.curve import Curve
from dlrun.evaluation.metrics import LOSS
from dlrun.evaluation.results import EvaluationResult
from dlrun.evaluation.turning import find_turn, still_falls
from dlrun.evaluation.verdicts import best_naive, figure, has_power

Floats = npt.NDArray[np.float64]

NO_GAP = 0.05
"""Validation loss that is above training loss by less than this part of itself lies beside it."""
WIDE_GAP = 0.25
"""Above this part, a quarter of what is left to learn on new rows has been learnt by heart."""


@dataclass(frozen=True)
class Diagnosis:
    """What the mean curve over folds says, over the epochs that every fold reached. Epochs count from 1.

    Args:
        best_epoch: of the primary metric's best mean validation score; the first of equal ones. 0 without any epoch.
        best_value: the mean score there.
        last_value: the mean score at the last epoch.
        overfits_from: the first epoch after validation loss has turned for the worse; None where it has not.
        underfits: whether the model was still getting better when training ended.
        words: all of it for a person, with the gap between training and validation at the end.
        next: the next thing to try, in one or two sentences with the spec's keys.
    """

    best_epoch: int
    best_value: float
    last_value: float
    overfits_from: int | None
    underfits: bool
    words: str
    next: str


@dataclass(frozen=True)
class _Reading:
    """What was read off the curve; ``turn`` and ``best`` are epochs from 1."""

    best: int
    turn: int | None
    underfits: bool
    losses: Floats
    scores: Floats


def diagnose(result: EvaluationResult, *, regularised: bool = False) -> Diagnosis:
    """Read the mean curve.

    * *Overfitting* starts after the lowest smoothed validation loss, where the loss ends higher than that by more than
      2 % and three standard deviations of its noise while the training loss went on falling; two epochs are too few.
    * *Underfitting*: the lowest smoothed validation loss is at the end (inside the smoothing window), and the last
      quarter of the epochs lowered it by more than 1 % and one such deviation. Not after early stopping: then more
      epochs are no advice.
    * *Gap*: the mean validation loss at the last epoch above the training loss by less than 5 % of itself: none; by
      more than 25 %: wide.

    What to try next is the first of these that holds:

    1. the loss is no number, or some folds failed: a lower learning rate;
    2. it overfits, and the best epoch beats the naive baselines: train to that epoch; then regularise;
    3. it underfits: more epochs; where even the training score is not better than the linear model's validation score,
       also a higher learning rate, then more capacity;
    4. the model does not surely beat the naive baselines: a bigger model, other features, a look at the data;
    5. it is not surely better than the linear model: more capacity;
    6. the gap is wide: regularisation or more data;
    7. neither: a larger network, until it overfits.

    Args:
        result: from `dlrun.evaluation.summarise`.
        regularised: whether the model has dropout or weight penalties already: then stronger ones are the advice.
    """
    curve, primary = result.curve, result.primary
    if not curve.common:
        return Diagnosis(0, np.nan, np.nan, None, False, "every fold failed: there is no curve", _NEXT_BROKEN)
    reading = _read(result)
    best = reading.scores[reading.best - 1]
    broken = _broken_words(primary, reading)
    return Diagnosis(
        best_epoch=reading.best,
        best_value=float(best),
        last_value=float(reading.scores[-1]),
        overfits_from=None if reading.turn is None else reading.turn + 1,
        underfits=reading.underfits,
        words=_of_which(result) + (broken or "; ".join(filter(None, [_words(result, reading), _gap_words(curve)]))),
        next=_next_when_broken(reading) if broken else _next(result, reading, regularised),
    )


_NEXT_BROKEN = "A lower learning rate (`optimiser: {learning_rate: ...}`), or `- normalise` in `preprocessing`."

_REGULARISE = "`regularisation: {l2: 0.001, dropout: 0.3}`"

_NEXT_FAILED = (
    "First make every fold train; `failures` in record.json says what was in the way. A lower learning rate "
    "(`optimiser: {learning_rate: ...}`) or `- normalise` in `preprocessing` often helps."
)


def _read(result: EvaluationResult) -> _Reading:
    """Look for the best epoch, the turn, and a fall at the end, over the epochs that every fold reached."""
    curve, epochs = result.curve, result.curve.common
    losses = np.asarray(curve.validation[LOSS][:epochs], np.float64)
    scores = np.asarray(curve.validation[result.primary][:epochs], np.float64)
    best = curve.best_epoch(result.primary, result.higher_is_better)
    if not np.isfinite(losses).all() or np.isnan(scores).all():
        return _Reading(best, None, False, losses, scores)
    turn = find_turn(np.asarray(curve.train[LOSS][:epochs], np.float64), losses)
    underfits = turn is None and not curve.stopped and still_falls(losses)
    return _Reading(best, None if turn is None else turn + 1, underfits, losses, scores)


def _of_which(result: EvaluationResult) -> str:
    """Say that the curve is not that of all folds, where some failed."""
    folds = result.curve.folds[0]
    return f"of the {folds} fold{'s' if folds > 1 else ''} that did not fail: " if result.failures else ""


def _words(result: EvaluationResult, reading: _Reading) -> str:
    """Say the best epoch, and which way the curve went."""
    curve, folds = result.curve, result.curve.folds[0]
    average = "average " if folds > 1 else ""
    words = f"best {average}{result.primary} {figure(reading.scores[reading.best - 1])} at epoch {reading.best}"
    if reading.turn is not None:
        after = "it" if reading.turn == reading.best else f"epoch {reading.turn}"
        fall = f"{figure(reading.losses[reading.turn - 1])} → {figure(reading.losses[-1])}"
        return f"{words}; overfitting after {after} (validation loss {fall})"
    if len(reading.losses) == 1 and not curve.stopped:
        return f"{words}, the only one: try more epochs to see where it turns"
    if curve.stopped:
        which = f" of {curve.stopped} of {folds} folds" if folds > 1 else ""
        return f"{words}; early stopping ended the training{which}"
    if reading.underfits:
        return f"{words}; underfitting: validation loss still falls at the last epoch"
    return f"{words}; no overfitting so far"


def _gap(curve: Curve) -> float:
    """Return by what part of itself the last common validation loss lies above the training loss; NaN if unknown."""
    train, validation = (losses.get(LOSS, (np.nan,))[: curve.common][-1] for losses in (curve.train, curve.validation))
    if not np.isfinite([train, validation]).all() or not validation:
        return np.nan
    return float((validation - train) / abs(validation))


def _gap_words(curve: Curve) -> str:
    """Say how far training and validation loss lie apart at the end."""
    gap, last = _gap(curve), curve.common - 1
    if np.isnan(gap):
        return ""
    losses = f"loss {figure(curve.train[LOSS][last])} in training, {figure(curve.validation[LOSS][last])} in validation"
    size = "no" if gap < NO_GAP else "a wide" if gap > WIDE_GAP else "a small"
    return f"{size} gap at the end ({losses})"


def _broken_words(primary: str, reading: _Reading) -> str:
    """Say what is missing where curves hold no numbers; empty where they do."""
    broken = np.flatnonzero(~np.isfinite(reading.losses))
    if len(broken):
        return f"validation loss is not a finite number from epoch {broken[0] + 1} on"
    return f"{primary} has no value on these validation rows" if np.isnan(reading.scores).all() else ""


def _next_when_broken(reading: _Reading) -> str:
    if np.isfinite(reading.losses).all():
        return "Larger validation parts (`evaluation: {validation: ...}` or a smaller `k`), or another metric."
    return _NEXT_BROKEN


def _next(result: EvaluationResult, reading: _Reading, regularised: bool) -> str:
    """Pick the first advice whose rule holds; see `diagnose`."""
    if result.failures:
        return _NEXT_FAILED
    epochs, linear = len(reading.losses), result.comparisons.get(LINEAR)
    if reading.turn is not None and _best_beats_naive(result, reading):
        # Where early stopping ended the fits, it is set already.
        stop = "" if result.curve.stopped else ", or set `training: {early_stopping: {patience: 3}}`"
        return (
            f"Train to the best epoch with `dlrun test RUN --epochs {reading.best}`{stop}. "
            f"Then try {'stronger regularisation' if regularised else _REGULARISE}, a smaller network, or more data."
        )
    beats_linear = linear is not None and (linear.low if linear.low is not None else linear.difference) > 0
    # A training score is a running average, which lags where the net learns fast: validation may be better already.
    if reading.underfits and not beats_linear and _no_better_than_linear_in_training(result):
        return (
            "It does not even fit the training rows better than a linear model: more epochs "
            f"(`training: {{epochs: {max(2 * epochs, 10)}}}`) or a higher `optimiser: {{learning_rate: ...}}`; where "
            "that does not help, more capacity (more units, another layer)."
        )
    if reading.underfits or (epochs == 1 and not result.curve.stopped):
        return f"More epochs: `training: {{epochs: {max(2 * epochs, 10)}}}`."
    if has_power(result) is False:
        return (
            "It has no statistical power yet: more epochs or a higher `optimiser: {learning_rate: ...}` where the "
            "training loss is still far up, else a bigger model, other `features`, or a look at the data: do the "
            "inputs tell anything about the targets?"
        )
    if linear is not None and not beats_linear:
        return "More capacity: more units or another layer, since a linear model does as well."
    if _gap(result.curve) > WIDE_GAP:
        wished = (
            "Stronger regularisation (more `dropout`, larger `l2`)"
            if regularised
            else f"Regularisation ({_REGULARISE})"
        )
        return f"{wished} or more data, to close the gap."
    return (
        "A larger network (more units, another layer), until it overfits: only then is it known that a smaller one "
        "is enough. If it is, `dlrun test RUN`."
    )


def _best_beats_naive(result: EvaluationResult, reading: _Reading) -> bool:
    """Tell whether the best epoch's score is better than the best naive baseline's (or there is none)."""
    naive = best_naive(result)
    if naive is None:
        return True
    bar = result.baselines[naive.baseline][result.primary]
    return bool(_better(float(reading.scores[reading.best - 1]), bar, result.higher_is_better))


def _no_better_than_linear_in_training(result: EvaluationResult) -> bool:
    """Tell whether the last training score is no better than the linear model's score on validation rows."""
    bar = result.baselines.get(LINEAR, {}).get(result.primary, np.nan)
    train = result.curve.train.get(result.primary, (np.nan,))[: result.curve.common][-1]
    return bool(np.isfinite([bar, train]).all()) and not _better(train, bar, result.higher_is_better)


def _better(score: float, bar: float, higher_is_better: bool) -> bool:
    return score > bar if higher_is_better else score < bar
