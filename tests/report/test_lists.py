"""Lists of data sets and names, and the description of a spec."""

from __future__ import annotations

from typing import Any

import pytest

from dlrun.report.description import render_data, render_description
from dlrun.report.lists import render_datasets, render_names


def test_data_sets_show_their_state() -> None:
    row = {"name": "imdb", "task": "binary", "rows": 50000, "features": "words", "origin": "download"}

    assert "missing" in render_datasets([row | {"state": "missing"}])


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "summary": f"what {name} is", "origin": "keras", "aliases": [], "arguments": {}} | more


def test_one_name_comes_with_its_arguments_and_several_without() -> None:
    dense = entry("Dense", arguments={"units": "required", "use_bias": True, "activation": None}, aliases=["dense"])

    one, several = render_names([dense]), render_names([dense, entry("Flatten")])

    assert "units       required" in one
    assert "use_bias    true" in one
    assert "activation  none" in one
    assert "also called dense" in one
    assert "units" not in several


def test_a_plugins_name_says_whose_it_is() -> None:
    assert "(from dlrun-audio)" in render_names([entry("Mel", origin="dlrun-audio"), entry("Dense")])


def test_a_description_names_shapes_parameters_parts_and_flaws() -> None:
    text = render_description(description(), unicode=False)

    for words in (
        "rank 2 (samples, features), shape (96, 2), float64",
        "float32 after normalise",
        "3 duplicate rows, 2 missing values, constant columns: site",
        "train 77, validation 19, test 24 rows\n",
        "75.0 %",
        "(rows, 4)",
        "12 parameters for 77 training rows",
        "warning: careful",
        "Mind this.",
    ):
        assert words in text
    assert text.isascii()


@pytest.mark.parametrize(
    ("median", "empty", "words"),
    [
        (25.0, 0, "lengths  words in a row: 25 in the median, 0 to 2 493\n"),
        (7.5, 1, "7.50 in the median, 0 to 2 493; 1 row is empty\n"),
        (7.5, 3, "; 3 rows are empty\n"),
    ],
)
def test_a_description_tells_how_long_texts_are(median: float, empty: int, words: str) -> None:
    lengths = {"minimum": 0, "median": median, "maximum": 2493, "unit": "words", "empty": empty}
    texts = description()
    texts["data"]["summary"] |= {"lengths": lengths, "features": []}

    assert words in render_data(texts, unicode=False)


def description() -> dict[str, Any]:
    summary = {
        "axes": ["samples", "features"],
        "rank": 2,
        "shape": [96, 2],
        "dtype": "float64",
        "rows": 96,
        "classes": {"no": 24, "yes": 72},
        "duplicates": 3,
        "missing": {"age": 2},
        "constant": ["site"],
        "targets": [],
        "features": [{"name": "age", "missing": 2, "minimum": 1.0, "maximum": 90.0, "mean": 41.5}],
    }
    return {
        "task": "binary",
        "data": {
            "source": "heart",
            "notes": ["Mind this."],
            "targets": {"shape": [96], "dtype": "int64"},
            "summary": summary,
        },
        "encoded": {"shape": [96, 2], "dtype": "float32", "steps": ["normalise"]},
        "parts": {"train": 77, "validation": 19, "test": 24},
        "layers": [{"name": "dense", "kind": "Dense", "output_shape": [None, 4], "parameters": 12}],
        "capacity": {"parameters": 12, "training_rows": 77, "parameters_per_row": 12 / 77},
        "warnings": ["careful"],
    }


@pytest.mark.parametrize("width", [50, 60, 100])
def test_a_description_explains_its_shapes_within_the_width(width: int) -> None:
    words = "28 × 28 → 26 × 26: a 3 × 3 kernel without padding loses 1 pixel at each border"
    shapes = {
        "changes": [{"layer": "conv2d", "words": words}],
        "receptive_field": {"layer": "conv2d", "words": "sees 3 × 3"},
        "first_dense": {"layer": "dense", "words": "takes 7"},
    }

    text = render_description(description() | {"shapes": shapes}, width=width, unicode=False)

    (block,) = (block for block in text.split("\n\n") if block.startswith("why these shapes\n"))
    assert max(map(len, block.splitlines())) <= width
    assert " ".join(block.split()) == (
        "why these shapes conv2d 28 x 28 -> 26 x 26: a 3 x 3 kernel without padding loses 1 pixel at each border "
        "conv2d sees 3 x 3 dense takes 7"
    )


def test_where_no_shape_changes_only_the_parameters_are_explained() -> None:
    shapes = {"changes": [], "receptive_field": None, "first_dense": {"layer": "dense", "words": "takes 7"}}

    text = render_description(description() | {"shapes": shapes})

    assert "where the parameters are\n  dense  takes 7" in text


@pytest.mark.parametrize("width", [50, 60, 80])
def test_what_is_said_of_data_is_broken_behind_its_label(width: int) -> None:
    notes = ["A note of some length that no narrow terminal can show in a single line, whatever is done."]
    told = {**description(), "warnings": notes, "data": {**description()["data"], "notes": notes}}

    lines = render_description(told, width=width).splitlines()

    start = next(number for number, line in enumerate(lines) if line.startswith("  note     A note"))
    assert max(map(len, lines)) <= width
    assert lines[start + 1].startswith(" " * 11)
    assert " ".join(" ".join(lines).split()).count("whatever is done.") == 2


def test_many_targets_are_summed_up_in_a_row() -> None:
    targets = [{"name": f"target {index}", "minimum": -index, "maximum": 2.5, "mean": index / 4} for index in range(16)]
    told = description()
    told["data"]["summary"]["targets"] = targets

    text = render_data(told, unicode=False)

    assert [line.split() for line in text.splitlines() if "targets" in line][-1] == [
        "all", "16", "targets", "0", "-15", "2.50", "1.88",
    ]  # fmt: skip
    assert "target 3" not in text


def test_a_description_of_several_folds_says_by_which_rule_and_counts_each() -> None:
    folds = [
        {"iteration": 1, "fold": fold, "train": 70 + fold, "validation": 25, "monitor": 0} for fold in (1, 2, 3, 4)
    ]
    protocol = {"name": "kfold", "k": 4, "iterations": 1, "group": "site", "duplicates": "together"}

    text = render_data(description() | {"protocol": protocol, "splits": {"folds": folds}})

    assert "  protocol 4-fold, groups by site, duplicates kept together\n" in text
    assert "  parts    train 77, validation 19, test 24 rows (fold 1)\n" in text
    rows = [line.split() for line in text.split("\n\n")[1].splitlines()]
    assert rows == [["fold", "train", "validation"], *([str(fold), str(70 + fold), "25"] for fold in (1, 2, 3, 4))]


def test_only_the_first_of_many_folds_are_counted_and_rows_for_early_stopping_are_apart() -> None:
    folds = [
        {"iteration": at, "fold": fold, "train": 60, "validation": 25, "monitor": 12}
        for at in (1, 2)
        for fold in range(15)
    ]

    text = render_data(description() | {"splits": {"folds": folds}}, width=80)

    assert "iteration  fold  train  early stopping  validation\n" in text
    assert "and 10 more" in text
