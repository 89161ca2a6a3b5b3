"""Tables for the terminal: aligned, cut to its width, safe to print."""

from __future__ import annotations

import pytest

from dlrun.report import table
from dlrun.report.glyphs import columns

THIN = "\N{NARROW NO-BREAK SPACE}"


def test_text_is_left_and_numbers_are_right() -> None:
    text = table(["layer", "parameters"], [["Dense", 160016], ["Dropout", 0], ["Dense", None]])

    assert text.replace(THIN, " ").splitlines() == [
        "layer    parameters",
        "Dense       160 016",
        "Dropout           0",
        "Dense",
    ]


def test_a_column_with_one_text_in_it_is_text() -> None:
    assert table(["seed"], [["7"], ["12345"]]).splitlines() == ["seed", "7", "12345"]


def test_scores_have_three_digits_and_truth_is_said_in_words() -> None:
    rows = table(["score", "tested"], [[0.87214, True], [float("nan"), False]]).splitlines()

    assert [row.split() for row in rows[1:]] == [["0.872", "yes"], ["n/a", "no"]]


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("width", [30, 40, 60])
def test_the_longest_text_is_cut_until_the_table_fits(width: int, unicode: bool) -> None:
    rows = [["x" * 80, "boston", 2.38], ["short", "imdb", 0.87]]

    lines = table(["run", "data", "score"], rows, width, unicode).splitlines()

    assert max(len(line) for line in lines) <= width
    assert ("x…" if unicode else "x...") in lines[1]
    assert [line.split()[-2:] for line in lines[1:]] == [["boston", "2.38"], ["imdb", "0.870"]]


def test_numbers_are_never_cut() -> None:
    text = table(["a", "b"], [[123456789, 987654321]], width=10)

    assert text.replace(THIN, "").split() == ["a", "b", "123456789", "987654321"]


def test_wide_and_combining_characters_keep_the_columns_straight() -> None:
    lines = table(["name", "n"], [["数据", 1], ["e\N{COMBINING ACUTE ACCENT}te", 2]]).splitlines()

    assert {columns(line) for line in lines} == {len("name  n")}


def test_control_characters_are_escaped_and_ascii_is_ascii() -> None:
    text = table(["name"], [["\x1b[31mred\n"], ["naïve"]], unicode=False)

    assert text.splitlines() == ["name", r"\x1b[31mred\n", r"na\xefve"]


def test_a_table_without_rows_is_its_header() -> None:
    assert table(["a", "b"], []) == "a  b"
