"""Made-up data of kinds that no library bundles: a series, a video, shares. The same for the same ``random_state``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset
from dlrun.data.next_step import next_step
from dlrun.data.periods import grid_of
from dlrun.data.targets import made_by_folds
from dlrun.data.windows import Origin, Series, windows_over
from dlrun.spec.sources import BallSource, ResponseSource, SeasonalSource

Floats = npt.NDArray[np.float64]

MADE_UP = "These data are made up."
FIRST_HOUR = "2024-01-01T00"  # a Monday
DAY, WEEK = 24, 168
LASTING = 0.9
"""Share of the noise that is still there an hour later: half of it is gone after seven hours."""
BALL_RADIUS = 1.2
PATIENTS = 40


def make_series(source: SeasonalSource) -> Dataset:
    """Make an hourly series of a demand: it follows the day, drops at weekends, rises slowly, and wanders.

    The same hour yesterday is a strong forecast, but it repeats yesterday's noise, and it is wrong on Saturdays and
    Mondays: a net can do better.
    """
    random = np.random.default_rng(source.random_state)
    hours = np.arange(source.steps)
    day = 4 * np.sin(2 * np.pi * (hours - 8) / DAY) + 1.5 * np.sin(4 * np.pi * (hours - 5) / DAY)
    weekend = -3.0 * (hours % WEEK >= 5 * DAY)
    noise = _wandering(random.normal(0, 0.6, source.steps))
    values = 20 + 0.0005 * hours + day + weekend + noise
    times = np.datetime64(FIRST_HOUR) + hours.astype("timedelta64[h]")
    whole = np.ones(len(hours) - 1, bool)
    series = Series("make_series", values[:, np.newaxis], values, "demand", whole, grid_of(times))
    ids = {"time": np.datetime_as_string(times, unit="h").astype(object)}
    return windows_over(series, source, Origin(ids, notes=(MADE_UP,)))


def _wandering(shocks: Floats) -> Floats:
    """Let each shock fade: an autoregressive process of order 1, (steps,)."""
    from scipy.signal import lfilter

    return np.asarray(lfilter([1.0], [1.0, -LASTING], shocks), np.float64)


def make_bouncing_ball(source: BallSource) -> Dataset:
    """Make videos (videos, frames, size, size, 1) float32 in 0..1: a soft ball on black, at a speed of its own."""
    random = np.random.default_rng(source.random_state)
    room = source.size - 1 - 2 * BALL_RADIUS  # for the ball's centre
    start = random.uniform(0, room, (source.videos, 1, 2))
    angle = random.uniform(0, 2 * np.pi, (source.videos, 1))
    speed = random.uniform(1.0, 2.0, (source.videos, 1, 1))
    velocity = speed * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    path = start + velocity * np.arange(source.frames)[:, np.newaxis]  # (videos, frames, 2), through the walls
    folded = np.mod(path, 2 * room)
    centre = BALL_RADIUS + np.where(folded > room, 2 * room - folded, folded)
    pixels = np.arange(source.size)
    off = [np.square(pixels - centre[..., axis, np.newaxis]) for axis in (0, 1)]  # (videos, frames, size) each
    video = np.exp(-(off[0][..., :, np.newaxis] + off[1][..., np.newaxis, :]) / (2 * BALL_RADIUS**2))
    inputs = video[..., np.newaxis].astype(np.float32)
    alone = made_by_folds(len(inputs))
    return next_step(assemble("make_bouncing_ball", alone.task, inputs, alone.values, notes=(MADE_UP,)))


def make_dose_response(source: ResponseSource) -> Dataset:
    """Make trials: which share of 40 patients responds, by dose, mean age, mean weight and form of the medicine."""
    random = np.random.default_rng(source.random_state)
    dose = random.uniform(0, 10, source.groups)
    age, weight = random.uniform(20, 80, source.groups), random.normal(75, 12, source.groups)
    form = random.integers(0, 2, source.groups).astype(np.float64)
    strength = dose * (70 / weight) * np.where(form == 1, 1.4, 1.0)
    chance = 1 / (1 + np.exp(-(1.1 * (strength - 4) - 0.04 * (age - 50))))
    share = random.binomial(PATIENTS, chance) / PATIENTS
    return assemble(
        "make_dose_response",
        "unit_regression",
        np.column_stack([dose, age, weight, form]),
        share,
        feature_names=("dose", "age", "weight", "form"),
        target_names=("share",),
        notes=(MADE_UP,),
    )
