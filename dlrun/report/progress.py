"""One line for each event of a run: what the terminal shows and what ``log.txt`` keeps.

A line is made of fields, so that a narrow terminal can leave whole ones out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from dlrun.events import BatchEnded, EpochEnded, Event, FitEnded, FitResumed, FitStarted, RunStarted, Warned

_GAP = "  "


def fold_name(iteration: int, fold: int, iterations: int = 1, k: int = 1) -> str:
    """Name a fit of several: ``fold 3/4``, ``iteration 2/3 fold 1/4``; empty where there is one, or it is no fold."""
    if fold < 1 or (k < 2 and iterations < 2):
        return ""
    return f"iteration {iteration}/{iterations} fold {fold}/{k}" if iterations > 1 else f"fold {fold}/{k}"


def epoch_fields(event: EpochEnded, where: str = "", left: str = "") -> tuple[str, ...]:
    """Say an epoch's values: ``epoch  3/20``, ``loss 0.21``, ``val_accuracy 0.885``, ``0.4 s``, ``0:07 left``."""
    width = len(str(event.epochs))
    values = [f"loss {_short(event.train['loss'])}"]
    values += [f"val_{name} {_short(value)}" for name, value in event.validation.items()]
    fields = (where, f"epoch {event.epoch:>{width}}/{event.epochs}", *values, _seconds(event.seconds), _left(left))
    return tuple(field for field in fields if field)


def step_fields(event: BatchEnded, epochs: int, where: str = "", before: Sequence[str] = ()) -> tuple[str, ...]:
    """Say how far an epoch is, and what the epoch before it came to."""
    now = (where, f"epoch {event.epoch}/{epochs}", f"step {event.step}/{event.steps}")
    return (*(field for field in now if field), *([f"before: {_GAP.join(before)}"] if before else []))


def fold_fields(
    event: FitEnded, where: str, scores: Mapping[str, float], seconds: float | None, left: str = ""
) -> tuple[str, ...]:
    """Say what a fold came to: ``fold 2/4``, ``100 epochs``, ``val_mae 2.31``, ``4.1 s``, ``0:08 left``.

    Args:
        event: the end of the fit.
        where: which fold, from `fold_name`.
        scores: of its last epoch on the validation rows, the loss before the primary metric.
        seconds: that the fit took; None where it shared them with others.
        left: time left for the whole run.
    """
    count = f"{event.epochs} epoch{'' if event.epochs == 1 else 's'}"
    name = next((name for name in scores if name != "loss"), "loss")
    score = f"val_{name} {_short(scores[name])}" if name in scores else ""
    result = f"failed: {event.failure}" if event.failure else score
    return tuple(
        field for field in (where, count, result, "" if seconds is None else _seconds(seconds), _left(left)) if field
    )


def finished_words(event: RunStarted) -> str:
    """Say how much of a run that is resumed is there: ``2 of 4 folds are finished``."""
    return f"{event.finished} of {event.finished + event.fits} folds are finished"


def resumed_words(event: FitResumed) -> str:
    """Say from where a fit goes on."""
    return f"resumed after epoch {event.epoch}"


def mean_epoch(events: Sequence[EpochEnded]) -> EpochEnded:
    """Take the means of the values that several folds came to in one epoch."""

    def mean(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
        return {name: fmean(part[name] for part in parts if name in part) for name in parts[0]}

    train, validation = [event.train for event in events], [event.validation for event in events]
    return replace(events[0], train=mean(train), validation=mean(validation))


def time_left(elapsed: float, done: float, of: float) -> str:
    """Say how long the rest will take at the pace so far, as ``m:ss``; empty when nothing is left, or nothing done.

    Args:
        elapsed: seconds since the first of it began.
        done: how much is done.
        of: how much there is.
    """
    if done >= of or done <= 0:
        return ""
    seconds = round(elapsed / done * (of - done))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def log_line(event: Event) -> str | None:
    """Return what an event leaves in ``log.txt``, or None."""
    match event:
        case Warned():
            return f"warning: {event.message}"
        case RunStarted() if event.finished:
            return finished_words(event)
        case FitStarted():
            return f"{_logged(event)}: {event.steps} steps an epoch"
        case FitResumed():
            return f"{_logged(event)}: {resumed_words(event)}"
        case EpochEnded():
            return line_of(epoch_fields(event, _logged(event)))
        case FitEnded():
            ending = f"failed: {event.failure}" if event.failure else "done"
            return f"{_logged(event)}: {ending} after {event.epochs} epochs"
    return None


def line_of(fields: Sequence[str], width: int | None = None) -> str:
    """Join fields; to fit so many columns the middle ones are left out, the first and the last (time left) never."""
    kept = list(fields)
    while width is not None and len(_GAP.join(kept)) > width and len(kept) > 2:
        del kept[-2]
    return _GAP.join(kept)[:width]


def _logged(event: FitStarted | FitResumed | EpochEnded | FitEnded) -> str:
    """Name a fit in the log; the last fit, on all rows, belongs to no fold."""
    return f"iteration {event.iteration} fold {event.fold}" if event.fold else "final fit"


def _left(left: str) -> str:
    return f"{left} left" if left else ""


def _short(value: float) -> str:
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.1 else f"{1000 * seconds:.0f} ms"
