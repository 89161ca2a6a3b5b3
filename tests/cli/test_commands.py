"""The commands around training: check, describe, list, schema, data, runs, show."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Dlrun = Callable[..., Any]


def test_check_says_ok_and_nothing_else(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun("check", str(tiny))

    assert (done.code, done.out, done.err) == (0, f"{tiny}: ok   (the data were not looked at; --data does)\n", "")


def test_check_tells_every_problem_with_its_place(dlrun: Dlrun, tmp_path: Path) -> None:
    spec = tmp_path / "bad.yaml"
    spec.write_text("dataset: imdb\npreprocesing: [multi_hot]\nlayers:\n  - Dense: {unit: 4}\ntraining: {epochs: 0}\n")

    done = dlrun("check", str(spec))

    assert done.code == 2
    assert done.out == f"{spec}: 3 problems\n"
    for place in (":2:1", ":4:13", ":5:12"):
        assert f"{spec}{place}" in done.err
    assert "did you mean 'preprocessing'?" in done.err


def test_check_as_json_holds_the_problems(dlrun: Dlrun, tmp_path: Path) -> None:
    spec = tmp_path / "bad.yaml"
    spec.write_text("dataset: imdb\nlayers: [Dense: 4]\nsed: 1\n")

    done = dlrun("check", str(spec), "--json")

    found = json.loads(done.out)
    assert (found["ok"], found["exit_code"]) == (False, 2)
    (problem,) = found["problems"]
    assert (problem["line"], problem["column"], problem["path"]) == (3, 1, "")


def test_check_of_good_and_bad_specs_is_partial(dlrun: Dlrun, tiny: Path) -> None:
    assert dlrun("check", str(tiny), "missing.yaml").code == 4


def test_check_with_data_shows_them_as_tensors(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun("check", str(tiny), "--data")

    assert done.code == 0
    assert "rank 2 (samples, features), shape (96, 2)" in done.out  # 120 rows less a fifth for the test
    assert "parts    train 77, validation 19, test 24 rows" in done.out


def test_check_with_data_that_are_missing_exits_3_with_what_to_do(
    dlrun: Dlrun, tmp_path: Path, keras_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    spec = tmp_path / "spec.yaml"
    spec.write_text("dataset: mnist\nlayers: [Flatten, Dense: 4]\n")

    done = dlrun("check", str(spec), "--data")

    assert done.code == 3
    for words in ("https://", str(keras_home / "datasets" / "mnist.npz"), "dlrun data add", "breast_cancer"):
        assert words in done.err


@pytest.mark.tensorflow
def test_describe_shows_layers_parameters_and_parts(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun("describe", str(tiny), "--json")

    described = json.loads(done.out)
    assert [layer["parameters"] for layer in described["layers"]] == [2 * 4 + 4, 4 + 1]
    assert [layer["output_shape"] for layer in described["layers"]] == [[None, 4], [None, 1]]
    assert described["capacity"]["parameters"] == 17
    assert described["parts"] == {"train": 77, "validation": 19, "test": 24}


@pytest.mark.tensorflow
def test_describe_explains_the_shapes_of_a_convnet(dlrun: Dlrun, tmp_path: Path) -> None:
    spec = tmp_path / "convnet.yaml"
    spec.write_text(
        "dataset: digits\nlayers:\n  - Reshape: [8, 8, 1]\n  - Conv2D: {filters: 4, kernel_size: 3}\n"
        "  - MaxPooling2D: 2\n  - Flatten\n"
    )

    shapes = json.loads(dlrun("describe", str(spec), "--json").out)["shapes"]

    told = {change["layer"]: change["words"] for change in shapes["changes"]}
    assert told["conv2d"] == "8 × 8 → 6 × 6: a 3 × 3 kernel without padding loses 1 pixel at each border"
    assert told["max_pooling2d"] == "6 × 6 → 3 × 3: pooling 2 × 2 halves it"
    assert (shapes["receptive_field"]["layer"], shapes["receptive_field"]["sizes"]) == ("conv2d", [3, 3])
    assert (shapes["first_dense"]["coefficients"], shapes["first_dense"]["parameters"]) == (36, 37 * 10)


@pytest.mark.tensorflow
def test_describe_fits_a_narrow_terminal(process: Dlrun, tiny: Path) -> None:
    done = process("describe", str(tiny), COLUMNS="60")

    assert done.code == 0
    assert "Dense" in done.out


def test_list_names_layers_and_shows_the_arguments_of_one(dlrun: Dlrun) -> None:
    every, one = dlrun("list", "layers"), dlrun("list", "layers", "dense")

    assert "Conv2D" in every.out
    assert "Lambda" not in every.out
    assert "kernel_regularizer" in one.out


def test_list_suggests_a_name(dlrun: Dlrun) -> None:
    done = dlrun("list", "layers", "Dnse")

    assert done.code == 2
    assert "did you mean 'Dense'?" in done.err


def test_schema_is_json(dlrun: Dlrun) -> None:
    done = dlrun("schema")

    assert "dataset" in json.loads(done.out)["properties"]


def test_data_list_tells_what_is_here(dlrun: Dlrun, keras_home: Path) -> None:
    done = dlrun("data", "list", "--json")

    states = {row["name"]: row["state"] for row in json.loads(done.out)["datasets"]}
    assert (states["imdb"], states["digits"]) == ("missing", "present")


def test_data_add_refuses_what_it_does_not_know(dlrun: Dlrun, tmp_path: Path, keras_home: Path) -> None:
    (tmp_path / "stranger.npz").write_bytes(b"whatever")

    done = dlrun("data", "add", "stranger.npz")

    assert done.code == 3
    assert not list((keras_home / "datasets").iterdir())


def test_data_add_puts_a_known_file_into_the_cache(
    dlrun: Dlrun, keras_home: Path, real_data: Callable[[str], Path]
) -> None:
    done = dlrun("data", "add", str(real_data("boston_housing/boston_housing.npz")))

    assert done.code == 0
    assert (keras_home / "datasets" / "boston_housing.npz").exists()


def test_no_runs_yet_says_how_to_make_one(dlrun: Dlrun) -> None:
    done = dlrun("runs")

    assert (done.code, done.out) == (0, "")
    assert "dlrun train SPEC" in done.err


def test_show_of_no_run_is_an_error_6(dlrun: Dlrun) -> None:
    assert dlrun("show").code == 6


@pytest.mark.tensorflow
def test_runs_and_show_read_what_train_left(dlrun: Dlrun, tiny: Path) -> None:
    trained = dlrun("train", str(tiny), "-q")

    listed, shown = dlrun("runs", "--json"), dlrun("show")
    (row,) = json.loads(listed.out)["runs"]
    assert (row["status"], row["metric"], row["dataset"]) == ("done", "accuracy", "make_moons")
    scores = [line for line in trained.out.splitlines() if line.strip().startswith(("accuracy", "roc_auc", "curve"))]
    assert len(scores) == 3
    assert all(line in shown.out for line in scores)
    assert "hold-out" in shown.out


@pytest.mark.tensorflow
def test_show_draws_filters_and_prints_where_they_lie(dlrun: Dlrun, tmp_path: Path) -> None:
    spec = tmp_path / "convnet.yaml"
    spec.write_text(
        "dataset: digits\nlayers: [{Reshape: [8, 8, 1]}, {Conv2D: {filters: 2, kernel_size: 3}}, Flatten]\n"
        "training: {epochs: 1, batch_size: 256}\n"
    )
    run = Path(json.loads(dlrun("train", str(spec), "--json").out)["run"])

    shown, told = dlrun("show", "--filters"), dlrun("show", "--filters", "--json")

    filters, responses = shown.out.splitlines()
    assert (shown.code, filters) == (0, str(run / "filters.png"))
    assert responses.startswith(f"{run / 'responses.png'}   row ")
    assert json.loads(told.out)["filters"] == str(run / "filters.png")
    assert (run / "filters.png").exists()


def test_a_row_is_for_filters_only(dlrun: Dlrun) -> None:
    done = dlrun("show", "--row", "3")

    assert done.code == 2
    assert "add --filters" in done.err


@pytest.mark.parametrize("arguments", [["tain"], ["train"], ["train", "a.yaml", "--epoch", "3"], ["list", "things"]])
def test_a_wrong_command_line_exits_2(dlrun: Dlrun, arguments: list[str]) -> None:
    done = dlrun(*arguments)

    assert done.code == 2
    assert "Traceback" not in done.err


@pytest.mark.parametrize("arguments", [["show", "nothing"], ["describe", "no.yaml"], ["list", "layers", "Dnse"]])
def test_json_says_why_a_command_failed(dlrun: Dlrun, arguments: list[str]) -> None:
    done = dlrun(*arguments, "--json")

    told = json.loads(done.out)
    assert (told["status"], told["exit_code"]) == ("failed", done.code)
    assert told["error"].splitlines()[0] in done.err


def test_list_shows_the_options_of_one_data_set(dlrun: Dlrun) -> None:
    csv, moons = dlrun("list", "datasets", "csv", "--json"), dlrun("list", "datasets", "make_moons")

    assert json.loads(csv.out)["datasets"][0]["arguments"]["path"] == "required"
    assert "noise" in moons.out


def test_list_says_of_every_data_set_what_it_is(dlrun: Dlrun) -> None:
    rows = {row["name"]: row["summary"] for row in json.loads(dlrun("list", "datasets", "--json").out)["datasets"]}

    assert rows["digits"] == "multiclass, bundled, present"
    assert "folder for each class" in rows["image_folder"]
    assert all(rows.values())


def test_data_add_as_json_tells_the_state(dlrun: Dlrun, keras_home: Path, real_data: Callable[[str], Path]) -> None:
    done = dlrun("data", "add", str(real_data("boston_housing/boston_housing.npz")), "--json")

    added = json.loads(done.out)
    assert (added["name"], added["state"]) == ("boston_housing", "present")
