"""Series cut into windows, beside windows that are cut by hand; and what is wrong with a series, said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import inspect, load_dataset, record_hashes
from dlrun.data.dataset import Dataset
from dlrun.errors import DataError
from dlrun.spec.sources import TimeseriesSource

Load = Callable[..., Dataset]
HOURS = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[h]")


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Writes columns into a CSV file and loads it as a series of the target ``y``."""

    def make(columns: dict[str, Any], **options: Any) -> Dataset:
        import pandas as pd

        path = tmp_path / "series.csv"
        pd.DataFrame(columns).to_csv(path, index=False)
        given = {"target": ("y",), "lookback": 3, **options}
        return load_dataset(TimeseriesSource(source="timeseries", path=(str(path),), **given))

    return make


def forecast(dataset: Dataset, name: str) -> list[Any]:
    return next(each.values for each in dataset.forecasts if each.name == name).tolist()


def test_a_window_is_the_last_steps_of_all_columns_and_its_target_lies_ahead(load: Load) -> None:
    dataset = load({"x": [1, 2, 3, 4, 5, 6, 7], "y": [10, 20, 30, 40, 50, 60, 70]}, horizon=2)

    assert dataset.task == "forecasting"
    assert dataset.inputs.tolist() == [
        [[1, 10], [2, 20], [3, 30]],
        [[2, 20], [3, 30], [4, 40]],
        [[3, 30], [4, 40], [5, 50]],
    ]
    assert dataset.targets.tolist() == [50, 60, 70]
    assert dataset.train_rows.tolist() == [0, 1, 2]


def test_all_steps_ahead_are_a_vector(load: Load) -> None:
    dataset = load({"y": np.arange(8)}, horizon=3, predict="all")

    assert dataset.targets.tolist() == [[3, 4, 5], [4, 5, 6], [5, 6, 7]]
    assert dataset.target_names == ("y+1", "y+2", "y+3")
    assert dataset.outputs == 3


def test_the_stride_leaves_out_windows_in_between(load: Load) -> None:
    dataset = load({"y": np.arange(12)}, horizon=1, stride=4)

    assert dataset.inputs[:, 0, 0].tolist() == [0, 4, 8]
    assert dataset.targets.tolist() == [3, 7, 11]
    assert dataset.gap == 0  # windows of 3 + 1 steps that begin 4 apart share none


def test_neighbouring_windows_share_their_memory(load: Load) -> None:
    dataset = load({"y": np.arange(1000)}, lookback=100)

    assert np.shares_memory(dataset.inputs[0], dataset.inputs[1])
    assert inspect(dataset, dataset.train_rows).range == (0.0, 998.0)


def test_features_choose_columns_and_may_leave_the_target_out(load: Load) -> None:
    columns = {"a": [1, 2, 3, 4, 5], "b": [6, 7, 8, 9, 0], "y": [2, 4, 6, 8, 9]}

    dataset = load(columns, features=("b", "a"))

    assert dataset.inputs[0].tolist() == [[6, 1], [7, 2], [8, 3]]
    assert dataset.targets.tolist() == [8, 9]


def test_windows_are_named_by_the_time_that_they_forecast(load: Load) -> None:
    dataset = load({"date": HOURS[:6], "y": np.arange(6)}, time="date", horizon=2)

    assert list(dataset.ids["date"]) == [
        str(hour).replace("T", " ") + ":00" for hour in ("2024-01-01T04:00", "2024-01-01T05:00")
    ]


def test_steps_out_of_order_are_sorted_and_a_note_says_so(load: Load) -> None:
    ordered = load({"date": HOURS[:9], "y": np.arange(9) ** 2}, time="date")
    order = [0, 1, 5, 4, 3, 2, 6, 7, 8]

    mixed = load({"date": HOURS[:9][order], "y": (np.arange(9) ** 2)[order]}, time="date")

    np.testing.assert_array_equal(mixed.inputs, ordered.inputs)
    np.testing.assert_array_equal(mixed.targets, ordered.targets)
    assert mixed.notes[0] == "4 rows did not stand in the order of 'date' and were sorted."
    rows = np.arange(6)
    np.testing.assert_array_equal(record_hashes(mixed, rows), record_hashes(ordered, rows))


def test_no_window_crosses_a_hole(load: Load) -> None:
    there = np.r_[0:6, 9:15]  # three hours are missing

    dataset = load({"date": HOURS[there], "y": there}, time="date", horizon=2)

    windows = [np.append(dataset.inputs[row, :, 0], dataset.targets[row]).tolist() for row in dataset.train_rows]
    assert windows == [[0, 1, 2, 4], [1, 2, 3, 5], [9, 10, 11, 13], [10, 11, 12, 14]]
    assert (
        "1 hole in 'date' (steps are hourly; the longest after 2024-01-01 05:00:00, 4 steps to the next)."
        in dataset.notes
    )
    assert "4 windows are left out, because a hole in the times lies inside." in dataset.notes


def test_holes_may_be_allowed(load: Load) -> None:
    there = np.r_[0:6, 9:15]

    dataset = load({"date": HOURS[there], "y": there}, time="date", horizon=2, holes="allow")

    assert len(dataset.train_rows) == 8
    assert dataset.inputs[3, :, 0].tolist() == [3, 4, 5]
    assert dataset.targets[3] == 10


def test_without_times_the_rows_stand_in_order_and_have_no_period(load: Load) -> None:
    dataset = load({"y": np.arange(8)})

    assert [each.name for each in dataset.forecasts] == ["last_value"]
    assert any("`period: N`" in note for note in dataset.notes)


def test_the_same_hour_yesterday_is_the_latest_one_that_is_known(load: Load) -> None:
    dataset = load({"date": HOURS, "y": np.arange(120)}, time="date", lookback=30, horizon=6)

    first = dataset.targets[0]
    assert forecast(dataset, "same_hour_yesterday")[0] == first - 24
    assert forecast(dataset, "last_value")[0] == first - 6


def test_each_of_several_steps_ahead_has_its_own_hour_of_yesterday(load: Load) -> None:
    dataset = load({"date": HOURS, "y": np.arange(120)}, time="date", lookback=30, horizon=3, predict="all")

    np.testing.assert_array_equal(forecast(dataset, "same_hour_yesterday"), dataset.targets - 24)
    np.testing.assert_array_equal(forecast(dataset, "last_value"), dataset.targets - [1, 2, 3])


def test_a_horizon_beyond_the_period_goes_back_whole_periods(load: Load) -> None:
    dataset = load({"date": HOURS, "y": np.arange(120)}, time="date", lookback=50, horizon=30)

    np.testing.assert_array_equal(forecast(dataset, "latest_same_time"), dataset.targets - 48)


def test_after_a_hole_yesterday_is_still_yesterday(load: Load) -> None:
    there = np.r_[0:40, 45:120]

    dataset = load({"date": HOURS[there], "y": there}, time="date", lookback=3, horizon=2)

    said = np.array(forecast(dataset, "same_hour_yesterday"))[dataset.train_rows]
    known = dataset.targets[dataset.train_rows]
    at_hand = np.isin(known - 24, there)  # else the last value stands in
    np.testing.assert_array_equal(said[at_hand], known[at_hand] - 24)
    np.testing.assert_array_equal(said[~at_hand], known[~at_hand] - 2)
    assert 0 < (~at_hand).sum() < 40


@pytest.mark.parametrize(
    ("times", "name", "period"),
    [
        (HOURS, "same_hour_yesterday", 24),
        (np.arange("2024-01-01", "2024-02-29", dtype="datetime64[D]"), "same_day_last_week", 7),
        (np.arange("2020-01", "2024-01", dtype="datetime64[M]").astype("datetime64[D]"), "same_month_last_year", 12),
        (
            np.arange("2001-01", "2024-01", 3, dtype="datetime64[M]").astype("datetime64[D]"),
            "same_quarter_last_year",
            4,
        ),
        (np.arange("2024-01-01", "2024-01-03", 15, dtype="datetime64[m]"), "same_time_yesterday", 96),
        (np.arange("2022-01-03", "2024-01-01", 7, dtype="datetime64[D]"), "same_week_last_year", 52),
    ],
)
def test_the_period_follows_from_the_spacing(load: Load, times: Any, name: str, period: int) -> None:
    dataset = load({"date": times, "y": np.arange(len(times))}, time="date")

    row = dataset.train_rows[-1]
    assert forecast(dataset, name)[row] == dataset.targets[row] - period
    assert any(f"A period of {period} steps" in note for note in dataset.notes)
    assert not any("hole" in note for note in dataset.notes)  # months differ in length


def test_a_period_of_its_own_is_taken(load: Load) -> None:
    dataset = load({"t": np.arange(40) * 0.5, "y": np.arange(40)}, time="t", lookback=12, period=10)

    np.testing.assert_array_equal(forecast(dataset, "same_time_a_period_ago"), dataset.targets - 10)


def test_missing_values_are_refused_by_row(load: Load) -> None:
    with pytest.raises(DataError, match=r"column 'x' of '.*series.csv' has no value in rows 3, 5 \(of 8\)") as caught:
        load({"x": [1, 2, None, 4, None, 6, 7, 8], "y": np.arange(8)})

    assert "fill: previous" in str(caught.value.hint)


def test_missing_values_may_be_filled_from_the_past(load: Load) -> None:
    dataset = load({"x": [1, 2, None, None, 5, 6], "y": [1, 2, 3, 4, None, 6]}, fill="previous")

    assert dataset.inputs[0, :, 0].tolist() == [1, 2, 2]
    assert dataset.inputs[2, :, 0].tolist() == [2, 2, 5]
    assert dataset.train_rows.tolist() == [0, 2]  # a target is never made up
    assert "1 window is left out, because the target is missing." in dataset.notes


def test_parquet_gives_what_the_same_csv_gives(load: Load, tmp_path: Path) -> None:
    import pandas as pd

    columns = {"date": HOURS[:20], "x": np.arange(20) / 3, "y": np.arange(20)}
    pd.DataFrame(columns).to_parquet(tmp_path / "series.parquet")
    source = TimeseriesSource(
        source="timeseries", path=(str(tmp_path / "series.parquet"),), target=("y",), time="date", lookback=3
    )

    dataset, twin = load_dataset(source), load(columns, time="date")

    np.testing.assert_allclose(dataset.inputs, twin.inputs)
    np.testing.assert_array_equal(dataset.forecasts[1].values, twin.forecasts[1].values)


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"y": np.arange(3)}, {}, "has 3 steps, and a lookback of 3 and a horizon of 1 take 4"),
        ({"y": np.arange(9)}, {"lookback": 50}, "has 9 steps, and a lookback of 50"),
        ({"y": np.full(9, 7)}, {}, "has one value only (7): there is nothing to forecast"),
        ({"y": list("abcdefghi")}, {}, "holds texts, such as 'a', and a series is made of numbers"),
        ({"town": list("abcdefghi"), "y": np.arange(9)}, {}, "column 'town'"),
        ({"y": [1, np.inf, *range(7)]}, {}, "is infinite in row 2"),
        ({"y": np.arange(9)}, {"target": ("z",)}, "has no column 'z' (target of the spec)"),
        ({"y": np.arange(9)}, {"time": "when"}, "has no column 'when' (time of the spec)"),
        ({"t": [0, 1, 2, 2, 3, 4, 4, 5, 6], "y": np.arange(9)}, {"time": "t"}, "same time twice: rows 4, 7 repeat"),
        ({"t": [0, 1, None, 3, 4, 5], "y": np.arange(6)}, {"time": "t"}, "the time column 't' is empty in row 3"),
        ({"t": list("abcdef"), "y": np.arange(6)}, {"time": "t"}, "neither a number nor an ISO date"),
        ({"t": [0, 1, 3, 4, 6, 7], "y": np.arange(6)}, {"time": "t"}, "would cross a hole in the times"),
        ({"x": [None, 1, 2, 3, 4, 5], "y": np.arange(6)}, {"fill": "previous"}, "begins without a value"),
    ],
)
def test_a_series_that_cannot_be_cut_is_refused(load: Load, columns: Any, options: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        load(columns, **options)

    assert message in str(caught.value)


def test_the_real_series_of_temperatures_lacks_the_last_day_of_two_leap_years(real_data: Callable[[str], Path]) -> None:
    path = real_data("daily_min_temperatures/daily-min-temperatures.csv")
    dataset = load_dataset(
        TimeseriesSource(source="timeseries", path=(str(path),), target=("Temp",), time="Date", lookback=14)
    )

    assert any(note.startswith("2 holes in 'Date' (steps are daily") for note in dataset.notes)
    assert len(dataset.targets) - len(dataset.train_rows) == 2 * 14
