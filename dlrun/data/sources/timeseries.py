"""A series in a CSV or Parquet file: its steps put in the order of time, checked, and cut into windows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlrun.data.dataset import Array, Dataset, Hashes, Indices
from dlrun.data.periods import Grid, grid_of
from dlrun.data.sources import columns, csv_files, parquet_files
from dlrun.data.sources.files import examine_all
from dlrun.data.sources.table_records import table_records
from dlrun.data.targets import rows_text
from dlrun.data.times import comparable_times
from dlrun.data.windows import Origin, Series, windows_over
from dlrun.errors import DataError
from dlrun.spec.sources import TimeseriesSource

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

PARQUET = (".parquet", ".pq")


def load(source: TimeseriesSource) -> Dataset:
    """Load a series and cut it into windows.

    Steps that do not stand in the order of time are sorted, and a note says so.

    Args:
        source: names file and columns; the path is absolute.

    Returns:
        A forecasting data set; see `windows_over`.

    Raises:
        DataError: the file cannot be read or has changed; a column is missing, holds no numbers, or misses values; two
            steps have one time; or there is not one window.
    """
    (path,) = source.path
    files = examine_all(source.path, source.sha256)
    frame = _read(source, path)
    features = _features(source, list(frame.columns), path)
    matrix = np.column_stack([_numbers(frame[name], name, path) for name in features])
    target = _numbers(frame[source.target[0]], source.target[0], path)
    clock = _clock(frame, source, path)
    values = _complete(matrix[clock.order], features, clock.order, source, path)
    series = Series(
        name=Path(path).stem,
        values=values,
        target=_checked(target, source, path)[clock.order],
        target_name=source.target[0],
        joined=_joined(clock.grid, source.holes, len(frame)),
        grid=clock.grid,
    )
    ids = {source.time: clock.texts[clock.order]} if source.time is not None else {}
    records = _InOrder(table_records([frame], features, matrix, {}), clock.order)
    return windows_over(series, source, Origin(ids, records, files, (*clock.notes, *_hole_notes(clock, source))))


@dataclass(frozen=True)
class _Clock:
    """When each row of the file is.

    Args:
        order: the rows in the order of time, (rows,).
        texts: each row's time as the file has it, (rows,).
        grid: where the ordered steps stand; None without times.
        notes: what had to be done.
    """

    order: Indices
    texts: Array
    grid: Grid | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _InOrder:
    """Hashes the raw records of steps: rows of the file in the order of time."""

    records: Callable[[Indices], Hashes]
    order: Indices

    def __call__(self, steps: Indices) -> Hashes:
        return self.records(self.order[steps])


def _read(source: TimeseriesSource, path: str) -> pd.DataFrame:
    if Path(path).suffix.lower() in PARQUET:
        return parquet_files.read(path)
    return csv_files.read(path, csv_files.CsvForm(source.header, source.separator, source.missing))


def _features(source: TimeseriesSource, names: list[str], path: str) -> list[str]:
    """Return the names of the input columns, after checking every name that the spec has."""
    from dlrun.registry.nearest import nearest

    time = () if source.time is None else (source.time,)
    for option, wanted in (("target", source.target), ("time", time), ("features", source.features or ())):
        for name in wanted:
            if name not in names:
                close = nearest(name, names)
                raise DataError(
                    f"'{path}' has no column '{name}' ({option} of the spec)",
                    hint=(f"did you mean '{close}'? " if close else "") + f"its columns: {', '.join(names[:30])}",
                )
    if source.time in source.target:
        raise DataError(f"'{source.time}' cannot be the time and the target")
    if source.features is not None and source.time in source.features:
        raise DataError(f"'{source.time}' is the time, which is no input", hint="leave it out of `features`")
    features = list(source.features) if source.features is not None else [name for name in names if name not in time]
    if not features:
        raise DataError(f"'{path}' has no columns left for the inputs")
    return features


def _numbers(series: pd.Series, name: str, path: str) -> Array:
    """Return a column as numbers, (rows,) float64 with NaN for missing ones."""
    values = columns.raw(series, f"column '{name}' of '{path}'")
    if columns.is_text(values):
        first = next((str(value) for value in values if value is not None), "")
        raise DataError(
            f"column '{name}' of '{path}' holds texts, such as '{first[:40]}', and a series is made of numbers",
            hint="leave it out with `features`, or name it under `time` where it is the time of the rows;"
            " what stands for missing numbers goes under `missing`",
        )
    numbers = values.astype(np.float64)
    if (infinite := np.isinf(numbers)).any():
        raise DataError(f"column '{name}' of '{path}' is infinite in {rows_text(infinite)}")
    return numbers


def _clock(frame: pd.DataFrame, source: TimeseriesSource, path: str) -> _Clock:
    rows = np.arange(len(frame))
    if source.time is None:
        return _Clock(rows, rows)
    raw = columns.raw(frame[source.time], f"column '{source.time}' of '{path}'")
    times = comparable_times(raw, rows, source.time)
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    if len(twice := np.flatnonzero(ordered[1:] == ordered[:-1])):
        again = np.sort(order[twice + 1])
        raise DataError(
            f"the time column '{source.time}' of '{path}' has the same time twice: {rows_text(again)} repeat earlier "
            "rows",
            hint="a series has one row at a time: keep each series in a file of its own, or take repeated rows out",
        )
    moved = int((order != rows).sum())
    notes = (f"{moved:,} rows did not stand in the order of '{source.time}' and were sorted.",) if moved else ()
    texts = raw if columns.is_text(raw) else np.array([f"{value:g}" for value in raw], object)
    return _Clock(order, texts, grid_of(ordered) if len(ordered) > 1 else None, notes)


def _checked(target: Array, source: TimeseriesSource, path: str) -> Array:
    """Refuse a target that misses values, unless windows without one may be left out."""
    if source.fill is None:
        _refuse_missing(np.isnan(target), source.target[0], path)
    return target


def _complete(values: Array, names: list[str], order: Indices, source: TimeseriesSource, path: str) -> Array:
    """Return inputs without gaps, (steps, features): with ``fill`` a missing value is that of the step before."""
    for index, name in enumerate(names):
        missing = np.isnan(values[:, index])
        if not missing.any():
            continue
        in_file = np.zeros(len(order), bool)
        in_file[order[missing]] = True
        if source.fill is None:
            _refuse_missing(in_file, name, path)
        if missing[0]:
            raise DataError(
                f"column '{name}' of '{path}' begins without a value, so there is none before to fill it with",
                hint="leave the rows before its first value out, or the column with `features`",
            )
        last = np.maximum.accumulate(np.where(missing, 0, np.arange(len(values))))
        values[:, index] = values[last, index]
    return values


def _refuse_missing(missing: Array, name: str, path: str) -> None:
    if missing.any():
        raise DataError(
            f"column '{name}' of '{path}' has no value in {rows_text(missing)} (of {len(missing):,})",
            hint="write fill: previous to put the value before, or fill them in the file",
        )


def _joined(grid: Grid | None, holes: str, steps: int) -> Array:
    if grid is None or holes == "allow":
        return np.ones(max(0, steps - 1), bool)
    return grid.even


def _hole_notes(clock: _Clock, source: TimeseriesSource) -> tuple[str, ...]:
    if clock.grid is None or clock.grid.even.all():
        return ()
    holes = np.flatnonzero(~clock.grid.even)
    longest = holes[np.argmax(np.diff(clock.grid.ticks)[holes])]
    steps = int(np.diff(clock.grid.ticks)[longest])
    after = clock.texts[clock.order[longest]]
    allowed = "; they are taken as they stand" if source.holes == "allow" else ""
    return (
        f"{len(holes):,} hole{'s' * (len(holes) > 1)} in '{source.time}' (steps are {clock.grid.words}; the longest "
        f"after {after}, {steps:,} steps to the next){allowed}.",
    )
