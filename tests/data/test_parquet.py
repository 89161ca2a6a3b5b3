"""Parquet files: what they hold beyond CSV, and what no model takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import chunks, load_dataset, record_hashes, scratch
from dlrun.data.sources import parquet_files
from dlrun.errors import DataError
from dlrun.spec.sources import ParquetSource, TableSource
from dlrun.untrusted import zips


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


LARGE = {
    "a": [1.5, None, 3.0, 4.0, -1.0],
    "b": ["u", None, "t", "t", "u"],
    "c": [True, False, True, True, False],
    "d": [1, 2, 3, 4, 2**60 + 1],
    "who": [1, 1, 2, 2, 3],
    "y": ["no", "yes", "no", "yes", "no"],
}


@pytest.fixture
def scratch_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything is large, and a part is two rows."""
    monkeypatch.setattr(scratch, "IN_MEMORY", 0)
    monkeypatch.setattr(chunks, "CHUNK_CELLS", 6)
    monkeypatch.setenv("DLRUN_CACHE", str(tmp_path / "cache"))
    yield
    assert list((tmp_path / "cache").iterdir()) == []


def is_mapped(array: Any) -> bool:
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


def test_numbers_of_a_large_file_go_to_a_scratch_file_a_part_at_a_time(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source = parquet(tmp_path, LARGE)
    plain = load_dataset(source, columns=("who",))
    request.getfixturevalue("scratch_limit")

    mapped = load_dataset(source, columns=("who",))

    assert is_mapped(mapped.inputs)
    assert not is_mapped(plain.inputs)
    np.testing.assert_array_equal(mapped.inputs, plain.inputs)
    assert (mapped.feature_names, mapped.categories) == (plain.feature_names, plain.categories)
    assert (mapped.fingerprint, mapped.columns["who"].tolist()) == (plain.fingerprint, [1, 1, 2, 2, 3])
    np.testing.assert_array_equal(record_hashes(mapped, np.arange(5)), record_hashes(plain, np.arange(5)))


@pytest.mark.usefixtures("scratch_limit")
def test_a_large_test_file_comes_below_the_first_by_the_names_of_its_columns(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame(LARGE).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({name: values[:2] for name, values in reversed(LARGE.items())}).to_parquet(tmp_path / "b.parquet")

    dataset = load_dataset(
        ParquetSource(
            source="parquet",
            path=(str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")),
            target=("y",),
            features=("d", "a"),
        )
    )

    np.testing.assert_array_equal(np.asarray(dataset.inputs)[5:], [[1, 1.5], [2, np.nan]])
    assert dataset.test_rows.tolist() == [5, 6]


@pytest.mark.usefixtures("scratch_limit")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2, np.inf, 4, np.inf], "column 'a' is infinite in rows 3, 5"),
        ([None, None, None, None, np.nan], "column 'a' has no values at all"),
    ],
)
def test_what_no_model_takes_is_found_in_a_large_file_too(tmp_path: Path, values: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(parquet(tmp_path, {**LARGE, "a": np.array(values, float)}))


def test_what_was_read_of_a_large_file_does_not_stay_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow
    import pyarrow.parquet

    values = np.random.default_rng(0).normal(size=(400_000, 8)).astype(np.float32)  # 13 MB
    table = pyarrow.table({f"x{place}": column for place, column in enumerate(values.T)})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet", row_group_size=10_000)
    names, before = table.column_names, pyarrow.total_allocated_bytes()
    monkeypatch.setattr(chunks, "CHUNK_CELLS", 1 << 18)

    parts = parquet_files.number_parts(str(tmp_path / "t.parquet"), names)
    held = [pyarrow.total_allocated_bytes() - before for _ in parts]

    assert len(held) > 10
    assert max(held) < values.nbytes / 2  # read ahead, it would be nearly twice as much as all values


def test_a_large_file_that_is_damaged_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "IN_MEMORY", 0)
    monkeypatch.setenv("DLRUN_CACHE", str(tmp_path / "cache"))
    source = parquet(tmp_path, {"a": np.random.default_rng(0).normal(size=1000), "y": np.arange(1000) / 7})
    path = Path(source.path[0])
    content = bytearray(path.read_bytes())
    content[4:600] = bytes(596)
    path.write_bytes(content)

    with pytest.raises(DataError, match="cannot be read"):
        load_dataset(source)


def written(path: Path, columns: dict[str, Any], metadata: dict[bytes, bytes] | None = None) -> ParquetSource:
    """Write a file with Arrow alone, as a stranger may."""
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({**columns, "y": [0, 1, 0]}).replace_schema_metadata(metadata)
    pyarrow.parquet.write_table(table, path / "t.parquet")
    return ParquetSource(source="parquet", path=(str(path / "t.parquet"),), target=("y",))


@pytest.mark.parametrize("notes", [b"{", b"\xff", b"[]", b'{"index_columns": 3}'])
def test_notes_of_pandas_that_make_no_sense_are_a_data_error(tmp_path: Path, notes: bytes) -> None:
    source = written(tmp_path, {"a": [1.5, 2.5, 3.5]}, {b"pandas": notes})

    with pytest.raises(DataError, match="cannot be read"):
        load_dataset(source)


def test_a_text_that_is_no_utf8_is_a_data_error(tmp_path: Path) -> None:
    import pyarrow

    texts = pyarrow.array([b"a", b"\xff\xfe", b"c"]).view(pyarrow.string())

    with pytest.raises(DataError, match="Invalid UTF8"):
        load_dataset(written(tmp_path, {"a": texts}))


def test_a_small_file_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "SMALL_BYTES", 1 << 20)
    rows = 1_000_000
    constant = {"a": np.zeros(rows), "b": np.ones(rows), "y": np.arange(rows) // (rows // 2)}

    with pytest.raises(DataError, match=r"would unpack from [\d,]+ to 24,000,000 bytes"):
        load_dataset(parquet(tmp_path, constant))


def test_numbers_that_go_to_a_scratch_file_are_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 200_000
    source = parquet(tmp_path, {**{f"a{n}": np.full(rows, n / 4) for n in range(9)}, "y": np.arange(rows) % 7 / 3})
    monkeypatch.setattr(zips, "SMALL_BYTES", 0)
    monkeypatch.setattr(zips, "MAX_RATIO", 8 * rows // Path(source.path[0]).stat().st_size + 1)

    with pytest.raises(DataError, match="would unpack from"):
        load_dataset(source)
    monkeypatch.setattr(scratch, "IN_MEMORY", 1 << 20)
    monkeypatch.setenv("DLRUN_CACHE", str(tmp_path / "cache"))

    assert load_dataset(source).inputs[7].tolist() == [n / 4 for n in range(9)]


def test_an_honest_file_of_any_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "SMALL_BYTES", 0)
    values = np.random.default_rng(0).normal(size=50_000)

    assert load_dataset(parquet(tmp_path, {"a": values, "y": values[::-1]})).rows == 50_000


def test_no_damage_to_what_a_file_says_of_itself_ends_the_process(tmp_path: Path) -> None:
    """Arrow does so where it is asked for the notes of a damaged column: a test of its own for each byte of them."""
    source = parquet(tmp_path, {"a": [1.5, None], "b": ["x", "é"], "y": [0.5, 1.5]})
    path = Path(source.path[0])
    whole = path.read_bytes()
    notes = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    ends = set()

    for place in range(notes, notes + whole[notes:].index(b"pandas") - 8):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            load_dataset(source)
            ends.add("read")
        except DataError:
            ends.add("refused")

    assert ends == {"read", "refused"}
