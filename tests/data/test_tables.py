"""Tables: columns by name, categories, and every way in which one can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import load_dataset, resolved_source
from dlrun.data.dataset import Dataset
from dlrun.errors import DataError
from dlrun.spec.sources import TableSource

PEOPLE = "age,sex,smokes,ill\n30,male,True,0\n41,female,False,1\n52,,True,1\n"


def table(path: Path, text: str | bytes, name: str = "table.csv") -> str:
    (path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path / name)


def load(path: Path, text: str | bytes, target: str = "y", **options: Any) -> Dataset:
    task = options.pop("task", None)
    source = TableSource(source="csv", path=(table(path, text),), target=(target,), **options)
    return load_dataset(source, task=task)


def test_numbers_texts_and_booleans_become_one_matrix(tmp_path: Path) -> None:
    dataset = load(tmp_path, PEOPLE, "ill")

    assert dataset.feature_names == ("age", "sex", "smokes")
    # Codes follow the sorted texts: female 0, male 1; a missing text is NaN.
    np.testing.assert_array_equal(dataset.inputs, [[30, 1, 1], [41, 0, 0], [52, np.nan, 1]])
    assert dataset.categories == {1: ("female", "male")}
    assert (dataset.task, dataset.targets.tolist(), dataset.name) == ("binary", [0, 1, 1], "table")


def test_features_and_ids_choose_the_inputs(tmp_path: Path) -> None:
    chosen = load(tmp_path, PEOPLE, "ill", features=("smokes", "age"))
    rest = load(tmp_path, PEOPLE, "ill", ids=("sex",))

    assert (chosen.feature_names, chosen.inputs[1].tolist()) == (("smokes", "age"), [0, 41])
    assert rest.feature_names == ("age", "smokes")


def test_without_a_header_columns_are_named_by_number(tmp_path: Path) -> None:
    dataset = load(tmp_path, "1,2,a\n3,4,b\n", "2", header=False)

    assert (dataset.feature_names, dataset.rows, dataset.class_names) == (("0", "1"), 2, ("a", "b"))


def test_separator_and_missing_markers_are_the_specs(tmp_path: Path) -> None:
    dataset = load(tmp_path, "x;y\n-999;0.5\n1,5;0.7\n-999;1.5\n3;2\n", "y", separator=";", missing=("-999",))

    assert dataset.categories == {0: ("1,5", "3")}
    assert np.isnan(dataset.inputs[0, 0])


def test_a_byte_order_mark_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    dataset = load(tmp_path, b"\xef\xbb\xbf\n\nx,y\n1,0.5\n\n2,0.75\n")

    assert (dataset.feature_names, dataset.inputs.ravel().tolist(), dataset.targets.tolist()) == (
        ("x",),
        [1, 2],
        [0.5, 0.75],
    )


def test_a_second_file_is_the_test_set_with_columns_found_by_name(tmp_path: Path) -> None:
    paths = (table(tmp_path, PEOPLE), table(tmp_path, "ill,smokes,sex,age\n1,False,diverse,7\n", "test.csv"))

    dataset = load_dataset(TableSource(source="csv", path=paths, target=("ill",)))

    assert (dataset.train_rows.tolist(), dataset.test_rows.tolist()) == ([0, 1, 2], [3])
    assert dataset.categories == {1: ("diverse", "female", "male")}
    assert dataset.inputs[3].tolist() == [7, 0, 0]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("age,smokes,ill\n1,True,0\n", "test.csv' has no column 'sex'"),
        ("age,sex,smokes\n1,male,True\n", "test.csv' has no column 'ill'"),
        ("age,sex,smokes,ill\nold,male,True,0\n", "'age' holds numbers in .*, but texts in"),
        ("age,sex,smokes,ill\n1,male,True,2\n", "classes of 'ill' that the training file lacks: '2'"),
        ("age,sex,smokes,ill\n", "has a header and no rows"),
    ],
)
def test_a_test_file_that_does_not_fit_is_refused(tmp_path: Path, second: str, message: str) -> None:
    paths = (table(tmp_path, PEOPLE), table(tmp_path, second, "test.csv"))

    with pytest.raises(DataError, match=message):
        load_dataset(TableSource(source="csv", path=paths, target=("ill",)), task="binary")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "has no rows"),
        ("x,y\n", "has a header and no rows"),
        ("x,y\n1,2\n3\n", "line 3 has 1 fields, not the 2"),
        ("x,y\n1,2\n3,4,5\n", "line 3 has 3 fields, not the 2"),
        ("x,y\n1,2,3\n3,4,5\n", "line 2 has 3 fields, not the 2"),
        ("x,x,y\n1,2,3\n", "more than one column 'x'"),
        ("x;y\n1;2\n", "separator: ';'"),
        (b"x,y\n\xe9t\xe9,1\n", "is not UTF-8 text: byte 0xe9"),
        ("x,y\n1,2\n".encode("utf-16"), "is not UTF-8 text: byte 0xff"),
        (b"x,y\n1\x00,2\n", "NUL byte"),
        ('x,y\n"1,2\n' + "3,4\n" * 50000, "line .*: field larger"),
        ("x,y\n1,\n2,3\n", r"'y' is missing in row 1 \(of 2\)"),
        ("x,y\n1,0.5\n2,inf\n", "'y' is missing or infinite in row 2"),
        ("x,y\ninf,0.5\n2,1.5\n", "'x' is infinite in row 1"),
        ("x,z,y\n1,,0.5\n2,,1.5\n", "'z' has no values at all"),
        ("x,z,y\n1,2020-01-31,0.5\n2,2020-02-01,1.5\n", "'z' of .* holds dates"),
        ("x,z,y\n1,1949-01,0.5\n2,1949-02,1.5\n", "holds dates"),
        ("x,z,y\n1,31.01.2020 10:30,0.5\n2,,1.5\n", "holds dates"),
        ("y\n1\n2\n", "no columns left for the inputs"),
        ("x,y\n1,a\n2,\n", "'y' is missing in row 2"),
        ("x,y\n1,a\n2,a\n", "one value only"),
    ],
)
def test_a_damaged_table_is_refused_with_a_reason(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "il"}, "no column 'il'.*(?s:.)*did you mean 'ill'.*age, sex, smokes, ill"),
        ({"target": "ill", "features": ("agee",)}, "did you mean 'age'"),
        ({"target": "ill", "ids": ("nr",)}, "no column 'nr'"),
        ({"target": "ill", "features": ("age", "ill")}, "cannot be a target and an input"),
        ({"target": "ill", "features": ("age",), "ids": ("age",)}, "an input and an id"),
        ({"target": "ill", "features": ("age", "age")}, "names a column twice"),
        ({"target": "ill", "ids": ("3",), "header": False}, "no column 'ill'"),
    ],
)
def test_names_that_do_not_fit_the_table_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, PEOPLE, **options)


def test_a_column_number_in_a_file_read_with_a_header_gets_the_right_hint(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="say `header: false`"):
        load(tmp_path, "7.4,0.7,5\n7.8,0.9,5\n", "2")


def test_a_file_that_is_not_there_or_not_a_file_is_refused(tmp_path: Path) -> None:
    import os

    table(tmp_path, PEOPLE, "people.csv")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    expected = {
        "peple.csv": "did you mean 'people.csv'",
        "": "is a folder",
        "pipe": "not an ordinary file",
        "loop": "loop",
    }

    for name, message in expected.items():
        with pytest.raises(DataError, match=message):
            load_dataset(TableSource(source="csv", path=(str(tmp_path / name),), target=("ill",)))
    with pytest.raises(DataError, match="there is no folder"):
        load_dataset(TableSource(source="csv", path=(str(tmp_path / "a" / "b.csv"),), target=("ill",)))


def test_a_file_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path, PEOPLE)

    def denied(*_: object) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("dlrun.fingerprint.of_file", denied)

    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        load_dataset(TableSource(source="csv", path=(path,), target=("ill",)))


def test_one_bad_value_in_a_column_of_numbers_is_pointed_at(tmp_path: Path) -> None:
    dataset = load(tmp_path, "x,y\n1,0.5\n2,0.6\n3,0.7\nn/a,0.8\n")

    assert "'x' is taken for text because of values such as 'n/a'" in dataset.notes[0]


@pytest.mark.parametrize("texts", [["1", "a"], ["a", "b", "3"], ["x", "y"]])
def test_words_with_a_number_among_them_need_no_note(tmp_path: Path, texts: list[str]) -> None:
    rows = "".join(f"{text},{index}.5\n" for index, text in enumerate(texts))

    assert load(tmp_path, "w,y\n" + rows).notes == ()


def test_the_runs_own_spec_notices_a_changed_file(tmp_path: Path) -> None:
    source = TableSource(source="csv", path=(table(tmp_path, PEOPLE),), target=("ill",))
    dataset = load_dataset(source)
    resolved = resolved_source(source, dataset)

    assert load_dataset(resolved).fingerprint == dataset.fingerprint

    table(tmp_path, PEOPLE.replace("41", "42"))
    with pytest.raises(DataError, match="has changed: its sha256 is"):
        load_dataset(resolved)


def test_the_fingerprint_follows_the_values(tmp_path: Path) -> None:
    first = load(tmp_path, PEOPLE, "ill").fingerprint

    assert load(tmp_path, PEOPLE + "\n", "ill").fingerprint == first
    assert load(tmp_path, PEOPLE.replace("41", "42"), "ill").fingerprint != first


@pytest.mark.parametrize("empty", ["train", "test"])
def test_texts_that_are_all_missing_in_one_file_stay_texts(tmp_path: Path, empty: str) -> None:
    with_words, without = "w,x,y\na,1,0.5\nb,2,0.75\n", "w,x,y\n,3,1.5\n,4,1.75\n"
    texts = (without, with_words) if empty == "train" else (with_words, without)
    paths = tuple(table(tmp_path, text, f"{index}.csv") for index, text in enumerate(texts))

    dataset = load_dataset(TableSource(source="csv", path=paths, target=("y",)))

    assert dataset.categories == {0: ("a", "b")}
    missing = np.isnan(dataset.inputs[:, 0]).tolist()
    assert missing == ([True, True, False, False] if empty == "train" else [False, False, True, True])


def test_one_checksum_is_needed_for_each_file(tmp_path: Path) -> None:
    paths = (table(tmp_path, PEOPLE), table(tmp_path, PEOPLE, "test.csv"))
    source = TableSource(source="csv", path=paths, target=("ill",), sha256=("0" * 64,))

    with pytest.raises(DataError, match="names 2 files, but 1 checksums"):
        load_dataset(source)


def test_the_checksum_of_each_file_is_compared_with_its_own(tmp_path: Path) -> None:
    paths = (table(tmp_path, PEOPLE), table(tmp_path, PEOPLE.replace("41", "43"), "test.csv"))
    source = TableSource(source="csv", path=paths, target=("ill",))
    resolved = resolved_source(source, load_dataset(source))
    (tmp_path / "test.csv").write_text(PEOPLE.replace("41", "44"))

    with pytest.raises(DataError, match=r"test\.csv' has changed"):
        load_dataset(resolved)


@pytest.mark.parametrize(
    "text",
    ["2020-01-31", "31/01/20", "1/2/2020", "31-Jan-2020", "3 March 2021", "Mar 3, 2021", "2020-01-31T10:30:00Z"],
)
def test_dates_are_recognised_however_they_are_written(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="holds dates"):
        load(tmp_path, f'd,x,y\n"{text}",1,0.5\n,2,1.5\n')


@pytest.mark.parametrize("text", ["12-34", "1/2", "room 2020", "2020-01-31 or so", "A-12-2020", "555-1234"])
def test_texts_that_only_resemble_dates_are_texts(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, f'd,x,y\n"{text}",1,0.5\nb,2,1.5\n').categories[0] == tuple(sorted([text, "b"]))
    assert load(tmp_path, f'd,x,y\n"{text}",1,0.5\n,2,1.5\n').categories[0] == (text,)


def test_a_list_of_many_columns_is_cut_short(tmp_path: Path) -> None:
    names = [f"c{index}" for index in range(40)]

    with pytest.raises(DataError, match="c29 and 10 more"):
        load(tmp_path, ",".join(names) + "\n" + ",".join("1" for _ in names) + "\n", "target_of_it")


def test_columns_of_large_texts_take_no_more_room_than_their_texts(tmp_path: Path) -> None:
    import tracemalloc

    rows = "".join(f"{index % 7},{index}.5\n" for index in range(2000))
    tracemalloc.start()
    dataset = load(tmp_path, "w,y\n" + "z" * 100_000 + ",0.25\n" + rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(dataset.categories[0]) == 8
    assert peak < 50_000_000  # as an array of fixed width, 2,001 times 400 kB


@pytest.mark.parametrize(
    ("name", "options", "task", "shape", "outputs"),
    [
        ("heart/heart.csv", {"target": ("target",)}, None, (1025, 13), 1),
        ("iris/iris.csv", {"target": ("4",), "header": False}, None, (150, 4), 3),
        ("energy_efficiency/energy_efficiency.csv", {"target": ("Y1", "Y2")}, None, (768, 8), 2),
        ("titanic/train.csv", {"target": ("Survived",), "ids": ("PassengerId",)}, None, (891, 10), 1),
        ("horse_colic/horse-colic.csv", {"target": ("23",), "header": False}, "binary", (300, 27), 1),
        ("wine_quality/winequality-red.csv", {"target": ("11",), "header": False}, "regression", (1599, 11), 1),
    ],
)
def test_real_tables_load(
    real_data: Callable[[str], Path], name: str, options: Any, task: Any, shape: tuple[int, int], outputs: int
) -> None:
    dataset = load_dataset(TableSource(source="csv", path=(str(real_data(name)),), **options), task=task)

    assert (dataset.inputs.shape, dataset.outputs) == (shape, outputs)


def test_real_multilabel_targets_are_recognised(real_data: Callable[[str], Path]) -> None:
    path = real_data("mulan_emotions/emotions.csv")
    names = path.read_text().partition("\n")[0].split(",")

    dataset = load_dataset(TableSource(source="csv", path=(str(path),), target=tuple(names[-6:])))

    assert (dataset.task, dataset.targets.shape, dataset.class_names) == ("multilabel", (593, 6), tuple(names[-6:]))


def test_dates_of_a_real_table_are_refused(real_data: Callable[[str], Path]) -> None:
    source = TableSource(source="csv", path=(str(real_data("ett/ETTh1.csv")),), target=("OT",))

    with pytest.raises(DataError, match=r"'date' .* holds dates or times(?s:.)*leave it out with `features`"):
        load_dataset(source)
