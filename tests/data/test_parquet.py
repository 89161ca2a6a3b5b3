"""Parquet files: what they hold beyond CSV, and what no model takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import load_dataset
from dlrun.errors import DataError
from dlrun.spec.sources import ParquetSource, TableSource


def parquet(path: Path, columns: dict[str, Any]) -> ParquetSource:
    import pandas as pd

    pd.DataFrame(columns).to_parquet(path / "t.parquet")
    return ParquetSource(source="parquet", path=(str(path / "t.parquet"),), target=("y",))


def test_parquet_gives_what_the_same_csv_gives(tmp_path: Path) -> None:
    columns = {"a": [1.5, None, 3.0], "b": ["u", None, "t"], "c": [True, False, True], "y": ["no", "yes", "no"]}

    dataset = load_dataset(parquet(tmp_path, columns))

    (tmp_path / "twin.csv").write_text("a,b,c,y\n1.5,u,True,no\n,,False,yes\n3,t,True,no\n")
    twin = load_dataset(TableSource(source="csv", path=(str(tmp_path / "twin.csv"),), target=("y",)))
    np.testing.assert_array_equal(dataset.inputs, twin.inputs)
    assert (dataset.categories, dataset.class_names) == (twin.categories, twin.class_names)


def test_parquet_with_categories_and_nullable_numbers_is_read(tmp_path: Path) -> None:
    import pandas as pd

    columns = {
        "a": pd.array([1, None, 3], dtype="Int64"),
        "b": pd.Categorical(["u", "v", "u"]),
        "y": [0.5, 1.5, 2.5],
    }

    dataset = load_dataset(parquet(tmp_path, columns))

    np.testing.assert_array_equal(dataset.inputs, [[1, 0], [np.nan, 1], [3, 0]])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array(["2020-01-01", "2021-01-01"], "datetime64[ns]"), "holds dates"),
        ([[1, 2], [3]], "values of type ndarray; expected numbers or texts"),
        ([b"1", b"2"], "values of type bytes"),
    ],
)
def test_parquet_columns_that_no_model_takes_are_refused(tmp_path: Path, column: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(parquet(tmp_path, {"a": column, "y": [0.5, 1.5]}))


def test_parquet_objects_that_are_numbers_are_numbers(tmp_path: Path) -> None:
    from decimal import Decimal

    columns = {"b": [True, None, False], "d": [Decimal("1.5"), None, Decimal("2")], "y": [0.5, 1.5, 2.5]}

    dataset = load_dataset(parquet(tmp_path, columns))

    np.testing.assert_array_equal(dataset.inputs, [[1, 1.5], [np.nan, np.nan], [0, 2]])


def test_parquet_dates_as_objects_are_refused(tmp_path: Path) -> None:
    import datetime

    with pytest.raises(DataError, match="holds dates"):
        load_dataset(parquet(tmp_path, {"d": [datetime.date(2020, 1, 31), None], "y": [0.5, 1.5]}))


def test_parquet_without_rows_or_with_a_column_twice_is_refused(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    with pytest.raises(DataError, match="has no rows"):
        load_dataset(parquet(tmp_path, {"a": [], "y": []}))
    path = str(tmp_path / "twice.parquet")
    pyarrow.parquet.write_table(pyarrow.table([[1], [2], [0.5]], names=["a", "a", "y"]), path)
    with pytest.raises(DataError, match=r"twice\.parquet"):
        load_dataset(ParquetSource(source="parquet", path=(path,), target=("y",)))


def test_a_second_parquet_file_is_the_test_set(tmp_path: Path) -> None:
    import pandas as pd

    first = parquet(tmp_path, {"a": ["u", "v"], "y": [0.5, 1.5]}).path[0]
    pd.DataFrame({"y": [2.5], "a": ["w"]}).to_parquet(tmp_path / "test.parquet")

    dataset = load_dataset(ParquetSource(source="parquet", path=(first, str(tmp_path / "test.parquet")), target=("y",)))

    assert (dataset.test_rows.tolist(), dataset.inputs.ravel().tolist()) == ([2], [0, 1, 2])


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    source = parquet(tmp_path, {"a": [1, 2], "y": [0.5, 1.5]})
    path = Path(source.path[0])
    path.write_bytes(path.read_bytes()[:-50])

    with pytest.raises(DataError, match="cannot be read"):
        load_dataset(source)
