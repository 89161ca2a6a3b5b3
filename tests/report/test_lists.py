"""Lists of runs, data sets and names, and the description of a spec."""

from __future__ import annotations

from typing import Any

from dlrun.report.description import render_description
from dlrun.report.lists import render_datasets, render_names, render_runs

RUN = {
    "name": "a-rather-long-name-of-an-experiment-20261122-200445-4fd2",
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

    assert RUN["name"] in narrow
    assert "hold-out" in render_runs([RUN], width=120)
    assert "0.512" in narrow


def test_a_damaged_run_says_what_is_wrong() -> None:
    damaged = RUN | {"status": "damaged", "note": "no record", "score": None, "seed": None}

    assert "damaged: no record" in render_runs([damaged], width=150)


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
    description = {
        "task": "binary",
        "data": {"source": "heart", "notes": ["Mind this."], "targets": {"shape": [96], "dtype": "int64"}},
        "encoded": {"shape": [96, 2], "dtype": "float32", "steps": ["normalise"]},
        "parts": {"train": 77, "validation": 19, "test": 24},
        "layers": [{"name": "dense", "kind": "Dense", "output_shape": [None, 4], "parameters": 12}],
        "capacity": {"parameters": 12, "training_rows": 77, "parameters_per_row": 12 / 77},
        "warnings": ["careful"],
    }
    description["data"] |= {"summary": summary}

    text = render_description(description, unicode=False)

    for words in (
        "rank 2 (samples, features), shape (96, 2), float64",
        "float32 after normalise",
        "3 duplicate rows, 2 missing values, constant columns: site",
        "train 77, validation 19, test 24 rows",
        "75.0 %",
        "(rows, 4)",
        "12 parameters for 77 training rows",
        "warning: careful",
        "Mind this.",
    ):
        assert words in text
    assert text.isascii()
