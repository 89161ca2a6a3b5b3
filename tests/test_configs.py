"""Every spec in configs/: well-formed, checked, and, with its data here, trained to a complete run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun import load_spec, run
from dlrun.models import check_without_data

CONFIGS = sorted((Path(__file__).parents[1] / "configs").rglob("*.yaml"))
OFFLINE = {
    "autoencoder_denoising",
    "autoencoder_digits",
    "breast_cancer",
    "diabetes",
    "digits",
    "digits_convnet",
    "linnerud",
    "multilabel",
    "passengers",
    "next_frame",
    "residual_digits",
    "reviews",
    "reviews_conv",
    "series",
    "unit_regression",
    "wine",
}


def test_there_are_configs_and_the_offline_ones_are_among_them() -> None:
    assert {config.stem for config in CONFIGS} >= OFFLINE | {"imdb", "reuters", "boston", "mnist"}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_a_config_opens_with_its_command_a_lesson_and_the_schema(config: Path) -> None:
    command, lesson, *rest = config.read_text().splitlines()

    evaluation = load_spec(config).spec.evaluation
    verb, flags = ("kfold", f" --k {evaluation.k}") if evaluation.k else ("train", "")
    flags += f" --iterations {evaluation.iterations}" if evaluation.iterations else ""
    assert command == f"# dlrun {verb} configs/{config.name}{flags}"
    assert lesson.startswith("# ")
    assert lesson.endswith(".")
    assert "# yaml-language-server: $schema=../docs/spec.schema.json" in rest


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_a_config_has_no_problems_and_no_warnings(config: Path) -> None:
    assert check_without_data(load_spec(config).spec) == ()


def test_the_schema_beside_the_configs_is_the_one_that_the_code_makes() -> None:
    from dlrun.spec import json_schema

    written = Path(__file__).parents[1] / "docs" / "spec.schema.json"

    assert json.loads(written.read_text()) == json_schema(), "run `make schema`"


def trained(config: Path, runs: Path, *overrides: str, data_root: Path | None = None) -> dict[str, Any]:
    loaded = load_spec(config, overrides, data_root=data_root)
    record: dict[str, Any] = json.loads((run(loaded, runs_dir=runs).folder / "record.json").read_text())
    return record


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", sorted(OFFLINE))
def test_an_offline_config_trains_without_any_cache_and_beats_naive_baselines(
    name: str, tmp_path: Path, keras_home: Path
) -> None:
    record = trained(Path(__file__).parents[1] / "configs" / f"{name}.yaml", tmp_path)

    primary = record["primary"]
    score = record["scores"]["validation"][primary]["mean"]
    naive = [scores[primary] for name, scores in record["scores"]["baselines"].items() if name != "linear"]
    assert record["status"] == "done"
    higher = primary in ("accuracy", "mean_average_precision")
    assert all(score > other for other in naive) if higher else all(score < other for other in naive)
    assert list((keras_home / "datasets").iterdir()) == []


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "selected", "reach"),
    [("imdb", True, 0.885), ("imdb_embedding", True, 0.880), ("reuters", True, 0.805), ("mnist", False, 0.980)],
)
def test_a_config_on_real_data_reaches_what_it_should(
    name: str, selected: bool, reach: float, tmp_path: Path, real_keras_home: Path
) -> None:
    config = Path(__file__).parents[1] / "configs" / f"{name}.yaml"

    record = trained(config, tmp_path)

    # One seed here, the median of three in benchmarks/: a little below the goal is still no failure of this test.
    assert record["scores"]["selected" if selected else "validation"]["accuracy"]["mean"] >= reach - 0.005


@pytest.mark.slow
@pytest.mark.tensorflow
def test_ett_beats_the_mean_the_last_value_and_yesterday(tmp_path: Path, real_data: Callable[[str], Path]) -> None:
    config = Path(__file__).parents[1] / "configs" / "ett.yaml"

    record = trained(config, tmp_path, f"dataset.path={real_data('ett/ETTh1.csv')}")

    baselines = {name: scores["mae"] for name, scores in record["scores"]["baselines"].items()}
    assert baselines["last_value"] == pytest.approx(1.364, abs=0.001)  # figures of pandas
    assert baselines["same_hour_yesterday"] == pytest.approx(1.592, abs=0.001)
    assert record["scores"]["validation"]["mae"]["mean"] < 1.25 < baselines["last_value"] < baselines["mean"]
    assert record["diagnosis"]["power"].startswith("beats the last value")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_imdb_never_holds_its_wide_rows_as_floats(tmp_path: Path, real_keras_home: Path) -> None:
    # As float32 the rows alone take 1 GB, and model.fit copies them; a run's peak is about 1.1 GB, TensorFlow included.
    config = Path(__file__).parents[1] / "configs" / "imdb.yaml"
    command = [sys.executable, "-m", "dlrun", "train", str(config), "--set", "training.epochs=2", "-q"]
    # A small process in between: a child's peak counts that of its parent before it becomes another program.
    measure = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )

    done = subprocess.run([sys.executable, "-c", measure, *command], cwd=tmp_path, stdout=subprocess.PIPE, check=True)

    assert int(done.stdout) / 1e6 < 1.4  # kilobytes on Linux


@pytest.mark.slow
@pytest.mark.tensorflow
def test_boston_is_evaluated_by_four_folds_of_the_real_file(
    tmp_path: Path, real_keras_home: Callable[[str], Path]
) -> None:
    record = trained(Path(__file__).parents[1] / "configs" / "boston.yaml", tmp_path)

    folds = record["splits"]["folds"]
    assert (record["protocol"]["name"], len(folds), sum(fold["validation"] for fold in folds)) == ("kfold", 4, 404)
    # A hand-written loop gave 2.21 to 2.47 over 25 shuffles.
    assert record["scores"]["validation"]["mae"]["mean"] <= 2.7


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize(("name", "labels"), [("emotions", 6), ("yeast", 14)])
def test_several_labels_are_told_better_than_by_their_frequencies_or_a_linear_model(
    name: str, labels: int, tmp_path: Path, real_data: Callable[[str], Path]
) -> None:
    config = Path(__file__).parents[1] / "configs" / f"{name}.yaml"
    root = real_data(f"mulan_{name}/{name}.csv").parent

    record = run(load_spec(config, data_root=root), runs_dir=tmp_path).record

    scores = record["scores"]
    assert len(record["splits"]["folds"][0]["classes"]) == labels
    for metric in ("mean_average_precision", "roc_auc"):
        mean = scores["validation"][metric]["mean"]
        assert all(mean > scores["baselines"][baseline][metric] for baseline in ("frequencies", "linear"))


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "file", "worst"),
    [
        ("titanic", "titanic/train.csv", 0.80),
        ("pima", "pima/pima-indians-diabetes.csv", 0.82),
        ("energy", "energy_efficiency/energy_efficiency.csv", 1.0),
        ("houses", "california_housing/housing.csv", 37_000),
    ],
)
def test_a_config_on_a_real_table_beats_naive_and_linear_baselines(
    name: str, file: str, worst: float, tmp_path: Path, real_data: Callable[[str], Path]
) -> None:
    config = Path(__file__).parents[1] / "configs" / f"{name}.yaml"

    record = trained(config, tmp_path, data_root=real_data(file).parent)

    primary, scores = record["primary"], record["scores"]
    score = scores["validation"][primary]["mean"]
    bars = [worst, *(values[primary] for values in scores["baselines"].values())]
    assert score > max(bars) if primary in ("accuracy", "roc_auc") else score < min(bars)
    assert record["warnings"] == []


@pytest.mark.slow
@pytest.mark.tensorflow
def test_boston_iterated_scores_every_row_three_times(tmp_path: Path, real_keras_home: Path) -> None:
    config = Path(__file__).parents[1] / "configs" / "boston_iterated.yaml"

    record = trained(config, tmp_path, "training.epochs=50")

    per_fold = record["scores"]["validation"]["mae"]["per_fold"]
    assert [len(folds) for folds in per_fold] == [4, 4, 4]
    assert record["scores"]["validation"]["mae"]["mean"] <= 2.9 < record["scores"]["baselines"]["linear"]["mae"]


def test_the_made_up_passengers_are_those_that_the_script_makes() -> None:
    data = Path(__file__).parents[1] / "configs" / "data"

    made = subprocess.run([sys.executable, data / "passengers.py"], stdout=subprocess.PIPE, check=True, text=True)

    assert made.stdout == (data / "passengers.csv").read_text()
