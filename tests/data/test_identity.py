"""The identity of raw records: kept under whatever a spec makes of a file, and lost with another value."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.data import load_dataset, record_hashes
from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset, TokenRows
from dlrun.data.identity import text_words
from dlrun.spec.sources import NpySource, NpzSource, ParquetSource, TableSource, TokenSource

PEOPLE = (
    "age,sex,smokes,town,when,price\n30,male,True,Ulm,2020-01-01,1.5\n41,female,False,,2020-01-02,2.5\n52,,True,,,2.5\n"
)
WORD = 2**64
GAMMA = 0x9E3779B97F4A7C15


def all_records(dataset: Dataset) -> list[int]:
    return [int(value) for value in record_hashes(dataset, np.arange(dataset.rows))]


def table(path: Path, text: str, *, target: str = "price", name: str = "people.csv", **options: Any) -> Dataset:
    (path / name).write_text(text)
    columns = options.pop("columns", ())
    source = TableSource(source="csv", path=(str(path / name),), target=(target,), **options)
    return load_dataset(source, task="regression", columns=columns)


def mixed(value: int) -> int:
    """SplitMix64's finaliser, in Python's own whole numbers."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % WORD
    return value ^ (value >> 31)


@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", "<i2", ">i4", "u1"])
def test_a_record_of_numbers_is_its_doubles_hashed_one_after_the_other_on_every_machine(kind: str) -> None:
    dataset = assemble("sample", "regression", np.array([[1, 0, 72]], kind), np.array([2.5]))

    expected = GAMMA
    for number in (1.0, 0.0, 72.0, 2.5):
        (word,) = struct.unpack("<Q", struct.pack("<d", number))
        expected = (mixed(expected ^ word) + GAMMA) % WORD
    assert all_records(dataset) == [expected]


SAME: list[dict[str, Any]] = [
    {"features": ("age", "smokes")},
    {"features": ("sex", "town", "age")},
    {"features": ("sex", "smokes"), "target": "age"},
    {"features": ("age",), "ids": ("town",)},
    {"features": ("age",), "columns": ("town", "when")},
    {"columns": ("when",)},
    {"features": ("age",), "name": "other.csv"},
    {"features": ("age",), "missing": ("", "Ulm")},
]


@pytest.mark.parametrize("options", SAME)
def test_a_tables_records_stay_the_same_whatever_the_spec_makes_of_them(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    whole = all_records(table(tmp_path, PEOPLE, features=("age", "sex", "smokes", "town")))

    changed = all_records(table(tmp_path, PEOPLE, **options))

    same = [1, 2] if "missing" in options else [0, 1, 2]  # a marker changes what a cell says
    assert [changed[row] for row in same] == [whole[row] for row in same]
    assert len(set(whole)) == 3


def test_other_names_of_columns_make_no_other_records(tmp_path: Path) -> None:
    renamed = PEOPLE.replace("age,sex,smokes,town,when,price", "a,b,c,d,e,f")
    bare = PEOPLE.split("\n", 1)[1]

    records = all_records(table(tmp_path, PEOPLE, features=("age",)))

    assert all_records(table(tmp_path, renamed, features=("a",), target="f")) == records
    assert all_records(table(tmp_path, bare, features=("0",), target="5", header=False)) == records


@pytest.mark.parametrize(
    ("old", "new"),
    [("30,", "31,"), ("male,True", "man,True"), ("Ulm", "Bonn"), ("Ulm", ""), ("01-01", "01-03"), ("1.5", "1.6")],
)
def test_another_value_makes_another_record_also_where_the_spec_does_not_use_it(
    tmp_path: Path, old: str, new: str
) -> None:
    before = all_records(table(tmp_path, PEOPLE, features=("age",)))

    after = all_records(table(tmp_path, PEOPLE.replace(old, new, 1), features=("age",)))

    assert (after[0] != before[0], after[1:]) == (True, before[1:])


def test_values_that_change_places_make_another_record(tmp_path: Path) -> None:
    first, second = all_records(table(tmp_path, "a,b,y\n0,1,2.5\n1,0,2.5\n", target="y"))

    assert first != second


def test_rows_of_a_test_file_are_themselves_wherever_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("c,y,a\nu,0.5,1\nv,1.5,2\n")
    (tmp_path / "turned.csv").write_text("a,c,y\n1,u,0.5\n2,v,1.5\n")
    (tmp_path / "train.csv").write_text("a,c,y\n7,u,0.5\n8,w,1.5\n")

    def load(*names: str) -> Dataset:
        paths = tuple(str(tmp_path / name) for name in names)
        return load_dataset(TableSource(source="csv", path=paths, target=("y",)), task="regression")

    joined = load("train.csv", "test.csv")
    # Columns are found by name, so the order of the first file counts.
    assert record_hashes(joined, np.array([3, 0, 2])).tolist() == [
        *all_records(load("turned.csv"))[1:],
        all_records(load("train.csv"))[0],
        all_records(load("turned.csv"))[0],
    ]


def test_columns_that_only_the_test_file_has_belong_to_its_records(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,y\n1,0.5\n2,1.5\n")
    records = []
    for extra in ("x", "z"):
        (tmp_path / "test.csv").write_text(f"more,a,y\n{extra},1,0.5\nq,2,1.5\n")
        paths = (str(tmp_path / "train.csv"), str(tmp_path / "test.csv"))
        records.append(
            all_records(load_dataset(TableSource(source="csv", path=paths, target=("y",)), task="regression"))
        )

    assert [one == other for one, other in zip(*records, strict=True)] == [True, True, False, True]
    assert len(set(records[0])) == 4


def test_the_same_table_has_the_same_records_as_csv_parquet_and_arrays(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"a": [1, 2, 3], "b": [0.25, None, -0.0], "y": [7.5, 8.5, 9.5]})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    np.savez(tmp_path / "t.npz", x=frame[["a", "b"]].to_numpy(np.float32), y=frame["y"].to_numpy())
    np.save(tmp_path / "x.npy", frame[["a", "b"]].to_numpy())
    np.save(tmp_path / "y.npy", frame["y"].to_numpy(np.float32))

    records = [
        all_records(load_dataset(source))
        for source in (
            TableSource(source="csv", path=(str(tmp_path / "t.csv"),), target=("y",)),
            ParquetSource(source="parquet", path=(str(tmp_path / "t.parquet"),), target=("y",)),
            NpzSource(source="npz", path=(str(tmp_path / "t.npz"),)),
            NpySource(source="npy", path=str(tmp_path / "x.npy"), targets=str(tmp_path / "y.npy")),
        )
    ]

    assert records == [records[0]] * 4


def test_a_class_is_the_same_in_an_archive_that_lacks_other_classes(tmp_path: Path) -> None:
    x, y = np.arange(6.0).reshape(3, 2), np.array(["ant", "bee", "cow"])
    np.savez(tmp_path / "all.npz", x=x, y=y)
    np.savez(tmp_path / "some.npz", x=x[1:], y=y[1:])
    whole, some = (
        load_dataset(NpzSource(source="npz", path=(str(tmp_path / name),))) for name in ("all.npz", "some.npz")
    )

    assert (whole.targets.tolist()[1:], some.targets.tolist()) == ([1, 2], [0, 1])
    assert all_records(whole)[1:] == all_records(some)


def test_parquet_columns_that_no_model_takes_belong_to_the_record(tmp_path: Path) -> None:
    import pandas as pd

    def records(**changed: Any) -> list[int]:
        columns: dict[str, Any] = {
            "a": [1, 2],
            "zone": pd.to_datetime(["2020-01-01T00:00+01:00", "2020-01-02T00:00+01:00"]),
            "span": pd.to_timedelta([1, 2], unit="s"),
            "list": [list(range(2000)), [1]],
            "bytes": [b"u", None],
            "y": [0.5, 1.5],
        }
        pd.DataFrame({**columns, **changed}).to_parquet(tmp_path / "t.parquet")
        path = (str(tmp_path / "t.parquet"),)
        return all_records(load_dataset(ParquetSource(source="parquet", path=path, target=("y",), features=("a",))))

    before = records()

    long = [[*range(1000), -1, *range(1001, 2000)], [1]]  # differs in the middle, which NumPy does not write out
    assert records() == before
    for changed in ({"list": long}, {"bytes": [b"v", None]}, {"span": pd.to_timedelta([3, 2], unit="s")}):
        assert (records(**changed)[0] != before[0], records(**changed)[1]) == (True, before[1])
    assert records(zone=pd.to_datetime(["2019-12-31T23:00Z", "2020-01-01T23:00Z"])) == before


@given(st.lists(st.one_of(st.none(), st.text(max_size=4)), min_size=1, max_size=12))
def test_texts_have_equal_words_where_they_are_equal_and_only_there(texts: list[str | None]) -> None:
    def meaning(text: str | None) -> Any:
        try:
            return "nan" if text is None or float(text) != float(text) else float(text)
        except ValueError:
            return ("text", text)

    words = text_words(texts).tolist()

    meanings = [meaning(text) for text in texts]
    assert [words.index(word) for word in words] == [meanings.index(one) for one in meanings]


def test_text_is_hashed_by_its_code_points_and_never_by_pythons_own_hash() -> None:
    (word,) = text_words(["aé"]).tolist()

    # The sum of each code point mixed with its place, and the length; then mixed with a 1, so that "" is not 0.
    places = mixed(ord("a")) + mixed((1 << 32) ^ ord("é"))
    spelt = mixed((places + 2 * GAMMA) % WORD)
    assert word == mixed(spelt ^ mixed((1 + GAMMA) % WORD))
    assert text_words([""]).tolist() != text_words(["0"]).tolist()


@pytest.mark.parametrize("options", [{"num_words": 500}, {"skip_top": 20}, {"num_words": None, "maxlen": 100}])
def test_options_for_words_and_lengths_keep_the_records_of_texts(
    real_keras_home: Path, options: dict[str, Any]
) -> None:
    whole = load_dataset(TokenSource(source="reuters", num_words=None))
    changed = load_dataset(TokenSource(source="reuters", **options))

    kept = np.flatnonzero(whole.inputs.lengths < options.get("maxlen", 10**9))  # type: ignore[union-attr]
    assert changed.rows == len(kept)
    assert all_records(changed) == record_hashes(whole, kept).tolist()
    assert all_records(changed) != changed.hashes.tolist()


def test_token_rows_of_any_source_have_records_that_tell_tokens_and_targets_apart() -> None:
    rows, targets = TokenRows.of([[1, 2], [2, 1], [1, 2], [1, 2], []]), np.array([0, 0, 1, 0, 0.0])

    first, turned, other_target, twin, empty = all_records(assemble("sample", "regression", rows, targets))

    assert first == twin
    assert len({first, turned, other_target, empty}) == 4


def test_heart_keeps_its_records_without_a_column(real_data: Callable[[str], Path]) -> None:
    path = (str(real_data("heart/heart.csv")),)
    whole = load_dataset(TableSource(source="csv", path=path, target=("target",)))
    fewer = load_dataset(TableSource(source="csv", path=path, target=("target",), features=("age", "chol")))

    assert all_records(fewer) == all_records(whole)
    assert len(set(all_records(whole))) == 302


def test_no_rows_have_no_records(tmp_path: Path) -> None:
    dataset = table(tmp_path, PEOPLE, features=("age",))

    assert record_hashes(dataset, np.empty(0, np.int64)).shape == (0,)


@pytest.mark.parametrize("rows", [4096, 4097])
def test_records_do_not_depend_on_how_many_are_asked_for(rows: int) -> None:
    dataset = assemble("sample", "regression", np.arange(rows * 2).reshape(rows, 2), np.arange(rows) / 2)
    backwards = np.arange(rows)[::-1]

    assert record_hashes(dataset, backwards).tolist() == all_records(dataset)[::-1]


def test_zeros_of_either_sign_and_missing_values_of_any_bits_are_one_value() -> None:
    odd = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]
    dataset = assemble("sample", "regression", np.array([[0.0, np.nan], [-0.0, odd]]), np.array([0.0, -0.0]))

    first, second = all_records(dataset)

    assert first == second
