"""One line for each event of a run: what the terminal shows and what ``log.txt`` keeps."""

from __future__ import annotations

from dlrun.events import EpochEnded, Event, FitEnded, FitStarted, Warned


def epoch_line(event: EpochEnded, left: str = "", *, fold: bool = False) -> str:
    """Write an epoch's values: ``epoch  3/20  loss 0.21  val_loss 0.29  val_accuracy 0.885  0.4 s  0:07 left``."""
    width = len(str(event.epochs))
    where = f"iteration {event.iteration} fold {event.fold}  " if fold else ""
    values = [f"loss {_short(event.train['loss'])}"]
    values += [f"val_{name} {_short(value)}" for name, value in event.validation.items()]
    parts = [f"{where}epoch {event.epoch:>{width}}/{event.epochs}", *values, _seconds(event.seconds)]
    return "  ".join([*parts, *([f"{left} left"] if left else [])])


def time_left(elapsed: float, epoch: int, epochs: int) -> str:
    """Say how long the remaining epochs will take at the pace so far, as ``m:ss``; empty after the last one."""
    if epoch >= epochs:
        return ""
    seconds = round(elapsed / epoch * (epochs - epoch))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def log_line(event: Event) -> str | None:
    """Return what an event leaves in ``log.txt``, or None."""
    match event:
        case Warned():
            return f"warning: {event.message}"
        case FitStarted():
            return f"iteration {event.iteration} fold {event.fold}: {event.steps} steps an epoch"
        case EpochEnded():
            return epoch_line(event, fold=True)
        case FitEnded():
            ending = f"failed: {event.failure}" if event.failure else "done"
            return f"iteration {event.iteration} fold {event.fold}: {ending} after {event.epochs} epochs"
    return None


def shortened(line: str, width: int) -> str:
    """Fit a line into so many columns by leaving fields out: the middle ones first, the last one (time left) never."""
    fields = line.split("  ")
    while len("  ".join(fields)) > width and len(fields) > 3:
        del fields[-2]
    return "  ".join(fields)[:width]


def _short(value: float) -> str:
    return f"{value:.4f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.1 else f"{1000 * seconds:.0f} ms"
