"""Columns that evaluation names: groups, times and folds, from every kind of source."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import load_dataset
from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset
from dlrun.data.roles import with_columns
from dlrun.errors import DataError
from dlrun.spec.sources import BundledSource, NpySource, NpzSource, ParquetSource, TableSource

VISITS = "age,patient,when,part,y\n30,p1,2020-01-01,1,0.5\n31,p2,2020-01-02,2,1.5\n32,,,,2.5\n"


def csv(path: Path, *texts: str, columns: tuple[str, ...], **options: Any) -> Dataset:
    for index, text in enumerate(texts):
        (path / f"{index}.csv").write_text(text)
    paths = tuple(str(path / f"{index}.csv") for index in range(len(texts)))
    return load_dataset(
        TableSource(source="csv", path=paths, target=("y",), **options), task="regression", columns=columns
    )


def npz(path: Path, columns: tuple[str, ...], *parts: dict[str, Any]) -> Dataset:
    for index, arrays in enumerate(parts):
        rows = len(next(iter(arrays.values())))
        np.savez(path / f"{index}.npz", x=np.zeros((rows, 2)), y=np.arange(rows) / 2, **arrays)
    paths = tuple(str(path / f"{index}.npz") for index in range(len(parts)))
    return load_dataset(NpzSource(source="npz", path=paths), columns=columns)


def listed(values: np.ndarray) -> list[Any]:
    return [None if value != value else value for value in values.tolist()]


def test_columns_of_a_table_leave_the_inputs_and_keep_their_values(tmp_path: Path) -> None:
    dataset = csv(tmp_path, VISITS, columns=("patient", "when", "part", "patient"))

    assert dataset.feature_names == ("age",)
    assert {name: listed(values) for name, values in dataset.columns.items()} == {
        "patient": ["p1", "p2", None],
        "when": ["2020-01-01", "2020-01-02", None],
        "part": [1.0, 2.0, None],
    }
    assert dataset.columns["part"].dtype == np.float64


def test_a_column_that_features_names_is_an_input_too(tmp_path: Path) -> None:
    dataset = csv(tmp_path, VISITS, columns=("patient",), features=("patient", "age"))

    assert dataset.feature_names == ("patient", "age")
    assert dataset.columns["patient"].tolist() == ["p1", "p2", None]


def test_a_column_may_be_an_id_as_well(tmp_path: Path) -> None:
    dataset = csv(tmp_path, VISITS, columns=("part", "when"), ids=("part", "patient"))

    assert dataset.feature_names == ("age",)
    assert dataset.ids["part"].tolist()[:2] == ["1.0", "2.0"]
    assert listed(dataset.columns["part"]) == [1.0, 2.0, None]


def test_a_table_without_such_columns_is_read_as_before(tmp_path: Path) -> None:
    dataset = csv(tmp_path, VISITS, columns=(), features=("age",))

    assert dict(dataset.columns) == {}


def test_the_test_files_values_stand_below_those_of_the_first(tmp_path: Path) -> None:
    test = "y,patient,age\n3.5,p9,40\n"

    dataset = csv(tmp_path, VISITS, test, columns=("patient",), features=("age",))

    assert dataset.columns["patient"].tolist() == ["p1", "p2", None, "p9"]
    assert dataset.test_rows.tolist() == [3]


@pytest.mark.parametrize(
    ("texts", "columns", "message"),
    [
        ((VISITS,), ("patent",), r"no column 'patent' \(named under evaluation\)(?s:.)*did you mean 'patient'"),
        ((VISITS,), ("shop",), r"named under evaluation(?s:.)*its columns: age, patient, when, part, y"),
        ((VISITS,), ("y",), r"'y' \(named under evaluation\) is the target"),
        ((VISITS, "age,when,part,y\n1,2020-02-02,1,0.5\n"), ("patient",), r"1\.csv' has no column 'patient'"),
        ((VISITS, VISITS.replace("p1", "1").replace("p2", "2")), ("patient",), "texts in .* but numbers in"),
    ],
)
def test_columns_that_cannot_be_had_from_a_table_are_refused(
    tmp_path: Path, texts: tuple[str, ...], columns: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        csv(tmp_path, *texts, columns=columns, features=("age",))


def test_a_table_that_holds_nothing_else_has_no_inputs_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no columns left for the inputs"):
        csv(tmp_path, VISITS, columns=("age", "patient", "when", "part"))


def test_dates_of_parquet_become_iso_texts_in_the_order_of_time(tmp_path: Path) -> None:
    import pandas as pd

    columns = {
        "a": [1, 2, 3],
        "day": [date(2020, 1, 31), None, date(2019, 12, 1)],
        "moment": pd.to_datetime(["2020-01-01 12:30", "2020-01-02 00:00", "NaT"]),
        "zone": pd.to_datetime(["2020-06-01 12:30", "2020-01-02 00:00", "NaT"]).tz_localize("Europe/Berlin"),
        "span": pd.to_timedelta([90, None, 1], unit="s"),
        "y": [0.5, 1.5, 2.5],
    }
    pd.DataFrame(columns).to_parquet(tmp_path / "t.parquet")
    source = ParquetSource(source="parquet", path=(str(tmp_path / "t.parquet"),), target=("y",))

    dataset = load_dataset(source, columns=("day", "moment", "zone", "span"))

    assert {name: listed(values) for name, values in dataset.columns.items()} == {
        "day": ["2020-01-31", None, "2019-12-01"],
        "moment": ["2020-01-01T12:30:00", "2020-01-02T00:00:00", None],
        "zone": ["2020-06-01T10:30:00+00:00", "2020-01-01T23:00:00+00:00", None],
        "span": [90.0, None, 1.0],
    }
    with pytest.raises(DataError, match=r"'day'.*holds dates"):
        load_dataset(source)


def test_a_column_of_lists_tells_no_groups_apart(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"a": [1, 2], "g": [[1], [2]], "y": [0.5, 1.5]}).to_parquet(tmp_path / "t.parquet")
    source = ParquetSource(source="parquet", path=(str(tmp_path / "t.parquet"),), target=("y",))

    with pytest.raises(DataError, match=r"column 'g' \(named under evaluation\).*values of type ndarray"):
        load_dataset(source, columns=("g",))


def test_columns_of_archives_are_arrays_of_that_name(tmp_path: Path) -> None:
    first = {"g": np.array(["u", "v"]), "t": np.array(["2020-01-01", "NaT"], "datetime64[D]"), "n": np.array([3, 1])}
    second = {"g": np.array(["long"]), "t": np.array(["2021-01-01"], "datetime64[D]"), "n": np.array([2.5])}

    dataset = npz(tmp_path, ("g", "t", "n"), first, second)

    assert {name: listed(values) for name, values in dataset.columns.items()} == {
        "g": ["u", "v", "long"],
        "t": ["2020-01-01", None, "2021-01-01"],
        "n": [3.0, 1.0, 2.5],
    }
    assert dataset.test_rows.tolist() == [2]


@pytest.mark.parametrize(
    ("columns", "parts", "message"),
    [
        (
            ("gruop",),
            [{"group": np.arange(3)}],
            r"no column 'gruop' \(named under evaluation\)(?s:.)*did you mean 'group'",
        ),
        (("shop",), [{"g": np.arange(3)}], r"(?s:.)*there are: g$"),
        (("y",), [{"g": np.arange(3)}], "is the target"),
        (("x",), [{"g": np.arange(3)}], "no column 'x'"),
        (("g",), [{"g": np.zeros((3, 1))}], r"column 'g'.*shape \(3, 1\); expected \(3,\)"),
        (("g",), [{"g": np.array([b"u", b"v"])}], r"type \|S1; expected numbers, texts or dates"),
        (("g",), [{"g": np.arange(3)}, {"h": np.arange(3)}], r"1\.npz' has no column 'g'"),
        (("g",), [{"g": np.arange(3)}, {"g": np.array(["u"])}], "numbers in .* but texts in"),
    ],
)
def test_columns_that_cannot_be_had_from_an_archive_are_refused(
    tmp_path: Path, columns: tuple[str, ...], parts: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        npz(tmp_path, columns, *parts)

    caught.match(message)


def test_elsewhere_a_feature_gives_the_column_and_stays_an_input() -> None:
    dataset = load_dataset(BundledSource(source="iris"), columns=("sepal width (cm)",))

    assert len(dataset.feature_names) == 4
    np.testing.assert_array_equal(dataset.columns["sepal width (cm)"], dataset.inputs[:, 1])  # type: ignore[index]


def test_features_of_texts_give_the_texts_and_ids_are_found_too(people: Dataset) -> None:
    from dataclasses import replace

    inputs = people.inputs.copy()  # type: ignore[union-attr]
    inputs[0, 1] = np.nan
    named = replace(people, inputs=inputs, ids={"badge": np.array(list("abcde"), object)})

    found = with_columns(named, ("sex", "badge")).columns

    assert found["sex"].tolist() == [None, "female", "male", "female", "other"]
    assert found["badge"].tolist() == list("abcde")


def test_arrays_without_names_have_columns_by_number(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(6.0).reshape(3, 2))
    np.save(tmp_path / "y.npy", np.array([0.5, 1.5, 2.5]))
    source = NpySource(source="npy", path=str(tmp_path / "x.npy"), targets=str(tmp_path / "y.npy"))

    assert load_dataset(source, columns=("1",)).columns["1"].tolist() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("dataset", "hint"),
    [
        (
            assemble("s", "regression", np.zeros((2, 2)), np.zeros(2), feature_names=("age", "sex")),
            "there are: age, sex",
        ),
        (assemble("s", "regression", np.zeros((2, 2, 2)), np.zeros(2)), "have no columns with names"),
        (assemble("s", "regression", np.zeros((2, 40)), np.zeros(2)), "28, 29 and 10 more"),
    ],
)
def test_a_column_that_is_nowhere_is_refused_with_those_that_there_are(dataset: Dataset, hint: str) -> None:
    with pytest.raises(DataError, match=r"'s' has no column 'shop' \(named under evaluation\)") as caught:
        with_columns(dataset, ("shop",))

    assert hint in (caught.value.hint or "")


def test_columns_that_a_plugin_gives_must_have_a_value_for_each_row() -> None:
    dataset = assemble("s", "regression", np.zeros((3, 1)), np.zeros(3), columns={"g": np.arange(2)})

    with pytest.raises(DataError, match=r"column 'g'.*shape \(2,\); expected \(3,\)"):
        with_columns(dataset, ("g",))
