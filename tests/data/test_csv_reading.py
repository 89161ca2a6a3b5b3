"""CSV files as they occur, compared with what Python's own csv module reads."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlrun.data import load_dataset
from dlrun.data.dataset import Dataset
from dlrun.errors import DataError
from dlrun.spec.sources import TableSource

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
# Texts that stay texts: the letter in front keeps them from being numbers, dates, markers or blank.
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n,;"| '), max_size=8)
words = texts.map(lambda text: f"w{text}".rstrip("\r"))


def write(path: Path, text: str) -> str:
    (path / "table.csv").write_text(text, encoding="utf-8", newline="")
    return str(path / "table.csv")


def load(path: Path, text: str, target: str = "y", **options: Any) -> Dataset:
    task = options.pop("task", None)
    return load_dataset(TableSource(source="csv", path=(write(path, text),), target=(target,), **options), task=task)


def table_text(rows: list[list[Any]], separator: str, ending: str, quoting: int) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator=ending, quoting=quoting).writerows(rows)
    return stream.getvalue()


def decoded(dataset: Dataset, column: int) -> list[Any]:
    """Give a column's numbers, or the texts behind its codes; None where one is missing."""
    values = np.asarray(dataset.inputs)[:, column].tolist()
    if column not in dataset.categories:
        return values
    return [None if code != code else dataset.categories[column][int(code)] for code in values]


@given(
    rows=st.lists(st.tuples(numbers, words), min_size=2, max_size=12),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    header=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_the_csv_module_writes_is_read_to_the_last_digit(
    tmp_path: Path, rows: list[tuple[float, str]], separator: str, ending: str, quoting: int, header: bool
) -> None:
    lines: list[list[Any]] = [[number, word, index + 0.5] for index, (number, word) in enumerate(rows)]
    names = [["amount", 'a "name"\nof two lines', "y"]] if header else []
    text = table_text([*names, *lines], separator, ending, quoting)

    dataset = load(tmp_path, text, "y" if header else "2", header=header, separator=separator)

    assert decoded(dataset, 0) == [float(number) for number, _ in rows]
    assert decoded(dataset, 1) == [word for _, word in rows]
    assert dataset.targets.tolist() == [index + 0.5 for index in range(len(rows))]
    assert dataset.feature_names == (("amount", 'a "name"\nof two lines') if header else ("0", "1"))


@pytest.mark.parametrize("before", ["", "\n\n"])
def test_a_header_of_two_lines_costs_no_row(tmp_path: Path, before: str) -> None:
    dataset = load(tmp_path, before + '"size\n(m)",y\n1,0.5\n3,0.25\n')

    assert (dataset.feature_names, decoded(dataset, 0)) == (("size\n(m)",), [1, 3])


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_understood_also_where_the_last_is_missing(tmp_path: Path, ending: str) -> None:
    dataset = load(tmp_path, ending.join(["x,y", "1,0.5", "2,0.75"]))

    assert (decoded(dataset, 0), dataset.targets.tolist()) == ([1, 2], [0.5, 0.75])


def test_spaces_before_a_field_and_around_a_name_do_not_count(tmp_path: Path) -> None:
    dataset = load(tmp_path, ' x , "w" ,y\n 1, "a, b",0.5\n2,c,0.75\n')

    assert (dataset.feature_names, decoded(dataset, 0), decoded(dataset, 1)) == (("x", "w"), [1, 2], ["a, b", "c"])


def test_columns_without_a_name_are_called_by_their_number(tmp_path: Path) -> None:
    assert load(tmp_path, ",w,y\n7,a,0.5\n8,b,0.75\n").feature_names == ("0", "w")
    with pytest.raises(DataError, match="more than one column '1'"):
        load(tmp_path, "1,,y\n7,8,0.5\n")


@pytest.mark.parametrize("marker", ["", "NA", "NaN", "nan", "?"])
def test_the_usual_markers_stand_for_missing_values(tmp_path: Path, marker: str) -> None:
    dataset = load(tmp_path, f"x,w,y\n1,a,0.5\n{marker},{marker},0.75\n")

    assert np.isnan(np.asarray(dataset.inputs)[1]).tolist() == [True, True]


@pytest.mark.parametrize("word", ["None", "null", "N/A", "NULL", "n/a", "<NA>", "-"])
def test_words_that_are_no_markers_here_stay_texts(tmp_path: Path, word: str) -> None:
    assert decoded(load(tmp_path, f"w,y\n{word},0.5\nb,0.75\n"), 0) == [word, "b"]


def test_markers_of_the_spec_take_the_place_of_the_usual_ones(tmp_path: Path) -> None:
    dataset = load(tmp_path, "x,w,y\n-9,NA,0.5\n2,b,0.75\n", missing=("-9",))

    assert np.isnan(np.asarray(dataset.inputs)[0, 0])
    assert decoded(dataset, 1) == ["NA", "b"]


def test_booleans_with_gaps_are_numbers_with_gaps(tmp_path: Path) -> None:
    dataset = load(tmp_path, "b,y\nTrue,0.5\n,0.75\nFalse,1.5\n")

    np.testing.assert_array_equal(np.asarray(dataset.inputs)[:, 0], [1, np.nan, 0])
    assert dataset.categories == {}


def test_whole_numbers_beyond_64_bits_are_read_as_numbers(tmp_path: Path) -> None:
    assert decoded(load(tmp_path, "x,y\n123456789012345678901234567890,0.5\n3,0.75\n"), 0) == [1.2345678901234568e29, 3]


@pytest.mark.parametrize("text", ['x,y\n"1,0.5\n2,0.75\n', 'w,y\na,0.5\n"b,0.75\n'])
def test_a_quote_that_is_never_closed_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"fields, not the 2"):
        load(tmp_path, text)


def test_quotes_inside_a_field_are_part_of_it(tmp_path: Path) -> None:
    assert decoded(load(tmp_path, 'w,y\n5" pipe,0.5\n"a ""b""",0.75\n'), 0) == ['5" pipe', 'a "b"']


@pytest.mark.parametrize(
    ("values", "culprit"),
    [
        (["0.5", "0.6", "0.7", "n/a"], "n/a"),
        (["7", "8", "9", "unknown"], "unknown"),
        (['"0,5"', '"1,25"', '"3,75"'], "0,5"),
    ],
)
def test_measurements_that_became_texts_are_not_taken_for_classes(
    tmp_path: Path, values: list[str], culprit: str
) -> None:
    text = "x,y\n" + "".join(f"{index},{value}\n" for index, value in enumerate(values))

    with pytest.raises(DataError, match=f"most look like numbers; '{culprit}' is none(?s:.)*task: multiclass"):
        load(tmp_path, text)
    assert load(tmp_path, text, task="multiclass").outputs == len(values)


@pytest.mark.parametrize("values", [["1a", "2b", "3c"], ["yes", "no", "7"], ["4", "b", "c", "d"]])
def test_texts_with_some_digits_are_classes(tmp_path: Path, values: list[str]) -> None:
    text = "x,y\n" + "".join(f"{index},{value}\n" for index, value in enumerate(values))

    assert load(tmp_path, text).class_names == tuple(sorted(values))


def test_one_stray_text_far_down_makes_texts_of_the_whole_column(tmp_path: Path) -> None:
    # Long enough for pandas to read it in pieces, of which it would take the first for numbers.
    rows = "".join(f"{index % 50},{index}.5\n" for index in range(120_000))

    dataset = load(tmp_path, "x,y\n" + rows + "n/a,0.5\n")

    assert len(dataset.categories[0]) == 51
    assert "such as 'n/a'" in dataset.notes[0]


def test_one_column_that_holds_its_own_separator_in_quotes_is_no_wrong_separator(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no columns left for the inputs"):
        load(tmp_path, '"a,b"\n1\n2\n', "a,b")
