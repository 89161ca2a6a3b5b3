"""Where a validation curve turns, and whether it still falls: read through its noise.

Validation curves jump, so turns are looked for on smoothed ones, and a change counts only if it is larger than the
jumps: see `_smooth` and `_noise`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SMALLEST_CHANGE = 0.02
"""A loss that moved by less than this part of itself has not moved."""

CLEAR_RISE = 3.0
"""Standard deviations of noise. The lowest of many noisy values lies below the others by chance: at 2, one in seven
settled curves of 20 epochs would be called overfitting, at 3 one in thirty."""


def find_turn(train: Floats, losses: Floats) -> int | None:
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


def still_falls(losses: Floats) -> bool:
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
