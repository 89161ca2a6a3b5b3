"""What learning curves say, in a sentence: the best epoch, where overfitting starts, whether training ended too soon.

Validation curves jump, so turns are looked for on smoothed ones, and a change counts only if it is larger than the
jumps: see `_smooth` and `_noise`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.evaluation.baselines import WORDS
from dlrun.evaluation.results import EvaluationResult

Floats = npt.NDArray[np.float64]
Curves = Mapping[str, Sequence[float]]

SMALLEST_CHANGE = 0.02
"""A loss that moved by less than this part of itself has not moved."""

CLEAR_RISE = 3.0
"""Standard deviations of noise. The lowest of many noisy values lies below the others by chance: at 2, one in seven
settled curves of 20 epochs would be called overfitting, at 3 one in thirty."""


@dataclass(frozen=True)
class Diagnosis:
    """What the curves of a fit say. Epochs count from 1.

    Args:
        best_epoch: of the primary metric's best validation score; the first of equal ones.
        best_value: the score there.
        last_value: the score at the last epoch.
        overfits_from: the first epoch after validation loss has turned for the worse; None where it has not.
        underfits: whether the model was still getting better when training ended.
        words: all of it for a person.
    """

    best_epoch: int
    best_value: float
    last_value: float
    overfits_from: int | None
    underfits: bool
    words: str


def diagnose(
    train: Curves, validation: Curves, primary: str, higher_is_better: bool, *, stopped_early: bool = False
) -> Diagnosis:
    """Read the curves of one fit.

    Overfitting starts after the lowest smoothed validation loss, where the loss ends higher than that by more than 2 %
    and three standard deviations of its noise while the training loss went on falling; two epochs are too few to say.
    Underfitting: the lowest smoothed validation loss is at the end (inside the smoothing window), and the last quarter
    of the epochs lowered it by more than 1 % and one such deviation.

    Args:
        train: values by epoch of ``loss`` and each metric, as Keras reports them.
        validation: values by epoch of ``loss`` and each metric; one epoch or more.
        primary: the metric that names the best epoch.
        higher_is_better: which way is up for it.
        stopped_early: whether early stopping ended the fit: then more epochs are no advice.
    """
    scores = np.asarray(validation[primary], np.float64)
    best = _best(scores, higher_is_better)
    losses = np.asarray(validation["loss"], np.float64)
    if not np.isfinite(losses).all() or np.isnan(scores).all():
        return Diagnosis(best + 1, scores[best], scores[-1], None, False, _undefined_words(primary, losses))
    turn = _turn(np.asarray(train["loss"], np.float64), losses)
    underfits = turn is None and not stopped_early and _still_falls(losses)
    words = f"best {primary} {figure(scores[best])} at epoch {best + 1}"
    if turn is not None:
        after = "it" if turn == best else f"epoch {turn + 1}"
        words += f"; overfitting after {after} (validation loss {figure(losses[turn])} → {figure(losses[-1])})"
    elif len(losses) == 1:
        words += ", the only one: try more epochs to see where it turns"
    elif stopped_early:
        words += "; early stopping ended the training"
    elif underfits:
        words += "; validation loss still falls at the last epoch: try more epochs"
    else:
        words += "; no overfitting so far"
    return Diagnosis(
        best_epoch=best + 1,
        best_value=float(scores[best]),
        last_value=float(scores[-1]),
        overfits_from=None if turn is None else turn + 2,
        underfits=underfits,
        words=words,
    )


def power(result: EvaluationResult) -> str:
    """Say whether the primary score clears its best naive baseline, with its whole interval.

    Empty where there is nothing to compare: no baseline, or no score.
    """
    score = result.validation[result.primary]
    sign = 1 if result.higher_is_better else -1
    candidates = {
        name: scores[result.primary]
        for name, scores in result.baselines.items()
        if np.isfinite(scores.get(result.primary, np.nan))
    }
    if not candidates or not np.isfinite(score.mean):
        return ""
    name = max(candidates, key=lambda key: sign * candidates[key])
    bar = f"{WORDS.get(name, name)}: {figure(candidates[name])}"
    margin = sign * (score.mean - candidates[name])
    ends = [sign * (end - candidates[name]) for end in (score.low, score.high) if end is not None and np.isfinite(end)]
    if margin <= 0:
        return f"does not beat {bar}"
    if min(ends, default=margin) <= 0:
        return f"may not beat {bar} (its 95 % interval reaches that far)"
    return f"beats {bar}"


def figure(value: float) -> str:
    """Write a score with about three digits that count: 0.889, 2.38, 53.2, 1,204."""
    size = abs(value)
    if 0 < size < 0.001:
        return f"{value:.2g}"
    digits = 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    return f"{value:,.{digits}f}"


def _best(scores: Floats, higher_is_better: bool) -> int:
    """Return the index of the best score; values that are not numbers never win. Where all are such, the last one."""
    if np.isnan(scores).all():
        return len(scores) - 1
    ranked = np.where(np.isnan(scores), -np.inf, scores if higher_is_better else -scores)
    return int(np.argmax(ranked))


def _turn(train: Floats, losses: Floats) -> int | None:
    """Return the index of the epoch after which validation loss rises for good while training loss falls, if any."""
    smooth = _smooth(losses)
    lowest = int(np.argmin(smooth))
    if len(losses) < 3 or lowest == len(losses) - 1:
        return None
    rise = smooth[-1] - smooth[lowest]
    learns_on = _smooth(train)[-1] < _smooth(train)[lowest]
    if not learns_on or rise <= max(SMALLEST_CHANGE * abs(smooth[lowest]), CLEAR_RISE * _noise(losses)):
        return None
    return _lowest_nearby(losses, lowest)


def _lowest_nearby(losses: Floats, lowest: int) -> int:
    """Name the lowest epoch itself inside the window that smoothing looked at."""
    reach = _reach(len(losses))
    start = max(0, lowest - reach)
    return start + int(np.argmin(losses[start : lowest + reach + 1]))


def _still_falls(losses: Floats) -> bool:
    """Tell whether the last quarter of the epochs (at least one) lowered the loss to its lowest."""
    if len(losses) < 2:
        return False
    smooth = _smooth(losses)
    before = smooth[-1 - max(1, len(losses) // 4)]
    enough = max(SMALLEST_CHANGE / 2 * abs(before), _noise(losses))
    at_the_end = np.argmin(smooth) >= len(smooth) - 1 - _reach(len(smooth))
    return bool(at_the_end and before - smooth[-1] > enough)


def _reach(epochs: int) -> int:
    """Return how many neighbours on each side smoothing takes: none below 6 epochs, then a twelfth, at most 5."""
    return 0 if epochs < 6 else min(5, max(1, epochs // 12))


def _smooth(values: Floats) -> Floats:
    """Return the median of each epoch and its neighbours (see `_reach`); at both ends, of those that there are."""
    reach = _reach(len(values))
    return np.array([np.median(values[max(0, at - reach) : at + reach + 1]) for at in range(len(values))])


def _noise(values: Floats) -> float:
    """Estimate the standard deviation of a curve's jumps, from each value's distance to its neighbours' middle.

    For normal noise that distance has a standard deviation of sqrt(1.5), and a median of 0.6745 times that.
    """
    if len(values) < 3:
        return 0.0
    bends = values[1:-1] - (values[:-2] + values[2:]) / 2
    return float(np.median(np.abs(bends)) / (0.6745 * np.sqrt(1.5)))


def _undefined_words(primary: str, losses: Floats) -> str:
    """Say what is missing when curves hold no numbers."""
    broken = np.flatnonzero(~np.isfinite(losses))
    if len(broken):
        return f"validation loss is not a finite number from epoch {broken[0] + 1} on: try a lower learning rate"
    return f"{primary} has no value on these validation rows"
