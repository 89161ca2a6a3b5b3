"""The table of runs: what a line shows, what is told once, what is marked."""

from __future__ import annotations

from typing import Any

import pytest

from dlrun.report.runs import render_runs

RUN = {
    "run": "a-rather-long-name-of-an-experiment-20261122-200445-4fd2",
    "status": "done",
    "dataset": "california_housing",
    "protocol": "holdout",
    "metric": "mae",
    "score": 0.51234,
    "seed": 3,
    "note": "",
}


def test_a_run_is_a_line_and_its_name_is_never_cut() -> None:
    narrow = render_runs([RUN], width=60)

    assert RUN["run"] in narrow
    assert "hold-out" in render_runs([RUN], width=120)
    assert "0.512" in narrow


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"protocol": "kfold"}, "K-fold"),
        ({"protocol": "kfold", "k": 4, "iterations": 1}, "4-fold"),
        ({"protocol": "iterated_kfold", "k": 4, "iterations": 3}, "3 × 4-fold"),
        ({"status": "partial", "score": None}, "partial"),
        ({"status": "waiting (3 of 4 folds)"}, "waiting (3 of 4 folds)"),
    ],
)
def test_a_run_of_several_folds_says_how_many_and_how_it_stands(row: dict[str, Any], words: str) -> None:
    assert f"  {words}  " in render_runs([RUN | row], width=200)


def test_a_damaged_run_says_what_is_wrong() -> None:
    damaged = RUN | {"status": "damaged", "note": "no record", "score": None, "seed": None}

    assert "damaged: no record" in render_runs([damaged], width=150)


def test_what_all_lines_say_is_told_once_where_the_table_is_too_wide() -> None:
    rows = [RUN | {"run": f"{RUN['run']}{index}", "score": index / 10} for index in range(3)]

    narrow, wide = render_runs(rows, width=90), render_runs(rows, width=150)

    assert narrow.splitlines()[0].split() == ["run", "score"]
    assert narrow.splitlines()[-1] == "all: done, data california_housing, hold-out, mae, seed 3"
    assert "all:" not in wide
    assert wide.count("california_housing") == 3


def test_what_differs_is_never_told_once() -> None:
    rows = [RUN | {"run": f"{RUN['run']}{index}", "seed": index} for index in range(3)]

    assert render_runs(rows, width=90).splitlines()[0].split() == ["run", "score", "seed"]


@pytest.mark.parametrize(("unicode", "star"), [(True, "★"), (False, "*")])
def test_the_best_is_marked_and_the_mark_is_explained(unicode: bool, star: str) -> None:
    rows = [RUN | {"best": True, "best_of": 2}, RUN | {"run": "other", "best": False, "best_of": None}]

    text = render_runs(rows, width=150, unicode=unicode)

    assert text.splitlines()[1].count(star) == 1
    assert text.splitlines()[2].count(star) == 0
    assert f"{star} best of 2 runs on the same data and splits: chosen by this score" in text


def test_differences_have_short_names_and_yaml_words() -> None:
    differs = {"layers.0.Dense.units": 16, "training.shuffle": True, "x": None, "optimiser.learning_rate": 1e-05}
    labels = {"layers.0.Dense.units": "units"}

    text = render_runs([RUN | {"differs": differs}], width=250, labels=labels)

    assert "units=16 training.shuffle=true x=null optimiser.learning_rate=1e-05" in text


def test_tags_and_what_a_list_is_sorted_by_have_columns() -> None:
    text = render_runs([RUN | {"tags": ["good", "paper"], "seconds": 12.5}], width=200, sorted_by="seconds")

    assert text.splitlines()[0].split()[-2:] == ["seconds", "tags"]
    assert text.splitlines()[1].endswith("12.5  good paper")


def test_a_list_that_was_cut_says_of_how_many() -> None:
    assert render_runs([RUN], width=200, found=7).endswith("\n1 of 7 runs")
    assert "of 1 runs" not in render_runs([RUN], width=200, found=1)


def test_no_cell_can_write_to_the_terminal() -> None:
    hostile = "\x1b[31m\n"
    row = RUN | {"dataset": hostile, "tags": [hostile], "differs": {hostile: hostile}, "note": hostile}

    text = render_runs([row, row], width=80, sorted_by=hostile, labels={hostile: hostile})

    assert "\x1b" not in text
    assert "[31m" in text
