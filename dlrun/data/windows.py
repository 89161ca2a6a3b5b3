"""From a series to a data set of windows: views of the series as inputs, and what lies ahead as targets.

Window ``i`` begins at step ``i * stride``. All windows are rows, in the order of time; those that cross a hole or have
no target are never among the rows that may be split. The inputs are a strided view, so that neighbours share memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from dlrun import fingerprint
from dlrun.data.dataset import Array, DataFile, Dataset, Forecast, Hashes, Indices
from dlrun.data.periods import LAST_VALUE, LATEST, Grid, period_name, usual_period
from dlrun.errors import DataError
from dlrun.spec.sources import Windows


@dataclass(frozen=True)
class Series:
    """Steps in the order of time.

    Args:
        name: what messages call it.
        values: the inputs, (steps, features) float64, none missing.
        target: what is forecast, (steps,) float64, NaN where it is missing.
        target_name: of that.
        joined: for each step but the first, whether a window may hold it and the one before, (steps - 1,).
        grid: where the steps stand in time; None where no times are known.
    """

    name: str
    values: Array = field(repr=False)
    target: Array = field(repr=False)
    target_name: str
    joined: Array = field(repr=False)
    grid: Grid | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Origin:
    """What a source knows of its steps.

    Args:
        ids: texts that name each step, by column, (steps,) each.
        records: hashes the raw records of some steps.
        files: what was read.
        notes: one sentence each.
    """

    ids: Mapping[str, Array] = field(default_factory=dict)
    records: Callable[[Indices], Hashes] | None = None
    files: tuple[DataFile, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Places:
    """Steps of every window, (windows,) each: the last one of its inputs, and the last one of its targets."""

    known: Indices
    ahead: Indices


def windows_over(series: Series, windows: Windows, origin: Origin) -> Dataset:
    """Cut a series into windows.

    Inputs are (windows, lookback, features) float64, a view; targets (windows,) float64, or (windows, horizon) with
    ``predict: all``. A window is named, and remembered by the ledger of looks, by the last step that it forecasts.

    Raises:
        DataError: there is not one window, or all targets are alike.
    """
    places = _places(series, windows)
    targets = _targets(series, windows, places)
    crossing = _crossing(series, windows, places)
    usable = ~crossing & np.isfinite(targets.reshape(len(targets), -1)).all(axis=1)
    known = _last_known(series.target)[places.known]
    usable &= np.isfinite(known)
    _refuse_useless(series, windows, targets, crossing, usable)
    period, found = _period(series, windows)
    view = np.lib.stride_tricks.sliding_window_view(series.values, windows.lookback, axis=0)
    steps = series.target_name
    return Dataset(
        name=series.name,
        task="forecasting",
        inputs=np.swapaxes(view[:: windows.stride][: len(targets)], 1, 2),
        targets=targets,
        train_rows=np.flatnonzero(usable),
        fingerprint=_fingerprint(series, windows, usable),
        target_names=(steps,) if targets.ndim == 1 else tuple(f"{steps}+{at + 1}" for at in range(windows.horizon)),
        ids={column: names[places.ahead] for column, names in origin.ids.items()},
        records=_Ahead(origin.records, places.ahead) if origin.records else None,
        forecasts=_forecasts(series, windows, places, period),
        gap=windows.gap,
        files=origin.files,
        notes=(*origin.notes, *_notes(series, windows, crossing, usable), *found),
    )


@dataclass(frozen=True)
class _Ahead:
    """Hashes the raw record of the last step that each of some windows forecasts."""

    records: Callable[[Indices], Hashes]
    ahead: Indices

    def __call__(self, rows: Indices) -> Hashes:
        return self.records(self.ahead[rows])


def _places(series: Series, windows: Windows) -> _Places:
    steps = len(series.values)
    if steps < windows.span:
        asked = f"a lookback of {windows.lookback:,} and a horizon of {windows.horizon:,}"
        raise DataError(
            f"'{series.name}' has {steps:,} step{'s' * (steps != 1)}, and {asked} take {windows.span:,}",
            hint="use a smaller lookback or horizon, or a longer series",
        )
    known = np.arange(windows.lookback - 1, steps - windows.horizon, windows.stride, dtype=np.int64)
    return _Places(known, known + windows.horizon)


def _targets(series: Series, windows: Windows, places: _Places) -> Array:
    if windows.predict == "last":
        return np.asarray(series.target[places.ahead])
    return np.asarray(series.target[places.known[:, None] + np.arange(1, windows.horizon + 1)])


def _crossing(series: Series, windows: Windows, places: _Places) -> Array:
    """Say of each window whether two of its neighbouring steps are not joined, (windows,)."""
    holes = np.concatenate([[0], np.cumsum(~series.joined)])
    return np.asarray(holes[places.ahead] != holes[places.known - windows.lookback + 1])


def _last_known(target: Array) -> Array:
    """Put the value before for each that is missing; NaN before the first one."""
    there = np.where(np.isfinite(target), np.arange(len(target)), -1)
    last = np.maximum.accumulate(there)
    return np.asarray(np.where(last >= 0, target[last], np.nan))


def _refuse_useless(series: Series, windows: Windows, targets: Array, crossing: Array, usable: Array) -> None:
    if crossing.all():
        raise DataError(
            f"'{series.name}': every window of {windows.span:,} steps would cross a hole in the times",
            hint="use a smaller lookback or horizon, or write holes: allow to take the steps as they stand",
        )
    if not usable.any():
        raise DataError(f"'{series.name}': no window has a value of '{series.target_name}' ahead of it")
    values = targets[usable]
    if values.min() == values.max():
        raise DataError(
            f"the target '{series.target_name}' has one value only ({values.min():g}): there is nothing to forecast",
            hint="is another column meant?",
        )


def _period(series: Series, windows: Windows) -> tuple[int | None, tuple[str, ...]]:
    """Return how many steps make a period, and where that comes from."""
    if windows.period is not None:
        return windows.period, _one_period_ahead(windows, windows.period)
    usual = usual_period(series.grid) if series.grid is not None else None
    spacing = f"the steps are {series.grid.words}" if series.grid is not None else "no times are known"
    if usual is None:
        return None, (f"No period follows ({spacing}); `period: N` adds the baseline of one period ago.",)
    said = f"A period of {usual} steps is taken, since {spacing}; `period: N` says otherwise."
    return usual, (said, *_one_period_ahead(windows, usual))


def _one_period_ahead(windows: Windows, period: int) -> tuple[str, ...]:
    if windows.predict == "all" or windows.horizon != period:
        return ()
    return ("The target lies one period ahead, so the last value is that of a period ago: these baselines are one.",)


def _forecasts(series: Series, windows: Windows, places: _Places, period: int | None) -> tuple[Forecast, ...]:
    known = _last_known(series.target)
    last = known[places.known]
    ahead = np.arange(1, windows.horizon + 1) if windows.predict == "all" else np.array([windows.horizon])
    forecasts = [Forecast(LAST_VALUE, _like_targets([last] * len(ahead)))]
    if period is not None:
        columns = [_period_ago(series, places.known, int(steps), period, last) for steps in ahead]
        name = period_name(series.grid, period) if windows.horizon <= period else LATEST
        forecasts.append(Forecast(name, _like_targets(columns)))
    return tuple(forecasts)


def _like_targets(columns: list[Array]) -> Array:
    return columns[0] if len(columns) == 1 else np.column_stack(columns)


def _period_ago(series: Series, known: Indices, steps: int, period: int, last: Array) -> Array:
    """Look up the value whole periods before each target, the latest that lies in the known past.

    Where the series has no such step, or no value there, the last value stands in.
    """
    ticks = series.grid.ticks if series.grid is not None else np.arange(len(series.target))
    distance = ticks[known + steps] - ticks[known]
    wanted = ticks[known + steps] - -(-distance // period) * period
    found = np.minimum(np.searchsorted(ticks, wanted), len(ticks) - 1)
    values = np.where(ticks[found] == wanted, series.target[found], np.nan)
    return np.asarray(np.where(np.isfinite(values), values, last))


def _fingerprint(series: Series, windows: Windows, usable: Array) -> str:
    """Digest the series and how it is cut: the windows themselves would be ``lookback`` times as much."""
    cut = np.array([windows.lookback, windows.horizon, windows.stride, windows.predict == "all"], np.int64)
    return fingerprint.of_arrays({"values": series.values, "target": series.target, "cut": cut, "usable": usable})


def _notes(series: Series, windows: Windows, crossing: Array, usable: Array) -> list[str]:
    spacing = f", {series.grid.words}" if series.grid is not None else ""
    ahead = "the target is" if windows.predict == "last" else "the targets reach to"
    notes = [
        f"{len(series.values):,} steps{spacing}, make {int(usable.sum()):,} windows of {windows.lookback:,} steps; "
        f"{ahead} '{series.target_name}' {windows.horizon:,} step{'s' * (windows.horizon > 1)} after the last of them."
    ]
    if crossing.any():
        notes.append(f"{_counted(int(crossing.sum()))} left out, because a hole in the times lies inside.")
    if missing := int((~usable & ~crossing).sum()):
        notes.append(f"{_counted(missing)} left out, because the target is missing.")
    return notes


def _counted(windows: int) -> str:
    return "1 window is" if windows == 1 else f"{windows:,} windows are"
