"""How far apart the steps of a series are, and how many of them make a period: a day, a week, a year."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from dlrun.data.dataset import Array, Indices

LAST_VALUE = "last_value"
PERIOD_AGO = "same_time_a_period_ago"
LATEST = "latest_same_time"

FORECAST_WORDS: Mapping[str, str] = MappingProxyType(
    {
        LAST_VALUE: "the last value",
        "same_minute_last_hour": "the same minute of the last hour",
        "same_time_yesterday": "the same time yesterday",
        "same_hour_yesterday": "the same hour yesterday",
        "same_hour_last_week": "the same hour a week ago",
        "same_day_last_week": "the same day of the last week",
        "same_week_last_year": "the same week of the last year",
        "same_month_last_year": "the same month of the last year",
        "same_quarter_last_year": "the same quarter of the last year",
        PERIOD_AGO: "the same time a period ago",
        LATEST: "the latest value of the same time in a period",
    }
)
"""What each forecast does, in words that follow "beats"."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_YEAR = {1: (12, "same_month_last_year"), 3: (4, "same_quarter_last_year")}
_NAMED = {
    (_MINUTE, 60): "same_minute_last_hour",
    (_HOUR, 24): "same_hour_yesterday",
    (_HOUR, 168): "same_hour_last_week",
    (_DAY, 7): "same_day_last_week",
    (7 * _DAY, 52): "same_week_last_year",
}


@dataclass(frozen=True)
class Grid:
    """Where the steps of a series stand on an even grid of time.

    Args:
        ticks: the place of each step, (steps,), from 0, rising; 1 apart where nothing is missing.
        even: for each step but the first, whether it comes one place after the one before, (steps - 1,).
        seconds: between two places; None where times are numbers, or months.
        months: between two places, for series by month, quarter or year; else None.
        words: the spacing as people say it: "hourly", "every 15 minutes", "2 apart".
    """

    ticks: Indices
    even: Array
    seconds: float | None = None
    months: int | None = None
    words: str = ""


def grid_of(times: Array) -> Grid:
    """Find the even grid that most steps stand on.

    The spacing is the commonest distance between neighbours, of equally common ones the smallest. Dates that are mostly
    a month or more apart are counted in months, which differ in length.

    Args:
        times: numbers or datetime64, (steps,), rising, no two alike; at least two.
    """
    if times.dtype.kind != "M":
        return _even(times.astype(np.float64), words=lambda spacing: f"{spacing:g} apart")
    seconds = times.astype("datetime64[ns]").astype(np.int64) / 1e9
    if _spacing(np.diff(seconds)) >= 28 * _DAY:
        months = times.astype("datetime64[M]").astype(np.int64)
        if (np.diff(months) > 0).all():
            grid = _even(months.astype(np.float64), words=_month_words)
            return Grid(grid.ticks, grid.even, months=int(_spacing(np.diff(months))), words=grid.words)
    grid = _even(seconds, words=_second_words)
    return Grid(grid.ticks, grid.even, seconds=float(_spacing(np.diff(seconds))), words=grid.words)


def usual_period(grid: Grid) -> int | None:
    """Say how many steps make the period that series of this spacing mostly have; None where it is not known."""
    if grid.months is not None:
        return _YEAR.get(grid.months, (None, ""))[0]
    if grid.seconds is None or grid.seconds <= 0:
        return None
    if grid.seconds == _DAY:
        return 7
    if grid.seconds == 7 * _DAY:
        return 52
    length = _DAY if grid.seconds >= 5 * _MINUTE else _HOUR
    steps = length / grid.seconds
    return int(steps) if steps >= 2 and steps == int(steps) else None


def period_name(grid: Grid | None, period: int) -> str:
    """Name the forecast that says the value of one period before, as a reader would."""
    if grid is not None and grid.months is not None:
        steps, name = _YEAR.get(grid.months, (None, ""))
        return name if period == steps else PERIOD_AGO
    seconds = grid.seconds if grid is not None else None
    if seconds is None:
        return PERIOD_AGO
    named = _NAMED.get((round(seconds), period))
    return named or ("same_time_yesterday" if seconds * period == _DAY else PERIOD_AGO)


def _even(places: Array, words: Callable[[float], str]) -> Grid:
    """Count places in units of the commonest distance; odd distances are rounded up, so that no two steps coincide."""
    distances = np.diff(places)
    spacing = _spacing(distances)
    steps = distances / spacing
    ticks = np.concatenate([[0], np.cumsum(np.maximum(1, np.ceil(steps - 1e-6)))]).astype(np.int64)
    return Grid(ticks, np.abs(steps - 1) < 1e-6, words=words(spacing))


def _spacing(distances: Array) -> float:
    values, counts = np.unique(np.round(distances.astype(np.float64), 6), return_counts=True)
    return float(values[np.argmax(counts)])


def _second_words(spacing: float) -> str:
    named = {1: "by second", _MINUTE: "by minute", _HOUR: "hourly", _DAY: "daily", 7 * _DAY: "weekly"}
    if spacing in named:
        return named[int(spacing)]
    for unit, name in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if spacing > unit and spacing % unit == 0:
            return f"every {spacing / unit:g} {name}"
    return f"every {spacing:g} seconds"


def _month_words(spacing: float) -> str:
    return {1: "monthly", 3: "quarterly", 12: "yearly"}.get(int(spacing), f"every {spacing:g} months")
