"""Two runs side by side, whatever state their records are in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs.diff import diff_runs

RECORD: dict[str, Any] = {
    "schema_version": 1,
    "status": "done",
    "name": "boston",
    "task": "regression",
    "primary": "mae",
    "seconds": 2.5,
    "data": {"source": "boston_housing", "fingerprint": "d", "files": []},
    "splits": {"fingerprint": "s"},
    "model": {"outline": "Dense 16 → Dense 1", "parameters": 99, "loss": "mse"},
    "scores": {
        "validation": {"mae": {"mean": 2.5}, "loss": {"mean": 9.0}},
        "baselines": {"linear": {"mae": 3.4}},
    },
    "spec": {"fingerprint": "f", "values": {"seed": 1, "optimiser.learning_rate": 0.1}},
    "environment": {"keras": "3.15", "command": ["dlrun", "x"], "git": {"commit": "abc", "dirty": False}},
}


def made(folder: Path, **changes: Any) -> Path:
    folder.mkdir()
    (folder / "record.json").write_text(json.dumps(RECORD | changes))
    return folder


def test_what_is_equal_is_said_to_be_and_not_listed(tmp_path: Path) -> None:
    found = diff_runs(made(tmp_path / "a"), made(tmp_path / "b"))

    assert found["same"] == {"data": True, "splits": True, "spec": True, "environment": True}
    assert (found["spec"], found["environment"], found["facts"], found["notes"]) == ([], [], [], [])
    assert [(each["metric"], each["difference"]) for each in found["scores"]] == [("mae", 0), ("loss", 0)]


def test_what_differs_is_listed_with_both_values(tmp_path: Path) -> None:
    other = made(
        tmp_path / "b",
        seconds=3.5,
        spec={"values": {"seed": 1, "optimiser.learning_rate": 0.2}},
        environment={"keras": "3.16", "command": ["other"], "git": None},
        scores={
            "validation": {"mae": {"mean": 2.0}},
            "baselines": {"linear": {"mae": 3.0}},
            "test": {"mae": {"mean": 1}},
        },
    )

    found = diff_runs(made(tmp_path / "a"), other)

    rate = "optimiser.learning_rate"
    assert found["spec"] == [{"a_path": rate, "b_path": rate, "a": 0.1, "b": 0.2}]
    assert {each["name"]: (each["a"], each["b"]) for each in found["environment"]} == {
        "keras": ("3.15", "3.16"),
        "git.commit": ("abc", None),
        "git.dirty": (False, None),
    }
    assert found["facts"] == [{"name": "seconds", "a": 2.5, "b": 3.5}]
    scores = {(each["kind"], each["baseline"], each["metric"]): each for each in found["scores"]}
    assert scores["validation", None, "mae"]["difference"] == pytest.approx(-0.5)
    assert scores["validation", "linear", "mae"]["difference"] == pytest.approx(-0.4)
    assert (scores["validation", None, "loss"]["b"], scores["validation", None, "loss"]["difference"]) == (None, None)
    assert scores["test", None, "mae"]["b"] == 1
    assert scores["validation", None, "mae"]["higher_is_better"] is False


def test_data_are_told_apart_by_their_files(tmp_path: Path) -> None:
    files = [{"path": "a.csv", "sha256": "x"}]
    one = made(tmp_path / "a", data={"source": "csv", "fingerprint": "1", "files": files})
    same = made(tmp_path / "b", data={"source": "csv", "fingerprint": "2", "files": [{"path": "b.csv", "sha256": "x"}]})
    other = made(tmp_path / "c", splits={"fingerprint": "t"})

    assert diff_runs(one, same)["same"]["data"] is True
    found = diff_runs(one, other)
    assert (found["same"]["data"], found["same"]["splits"]) == (False, False)
    assert "the scores were measured on different rows" in found["notes"]


def test_scores_of_other_measures_have_no_difference(tmp_path: Path) -> None:
    first = made(tmp_path / "a")
    loss = diff_runs(first, made(tmp_path / "b", model={"loss": "mae"}))
    task = diff_runs(first, made(tmp_path / "c", task="forecasting"))

    assert {each["metric"]: each["difference"] for each in loss["scores"]} == {"mae": 0, "loss": None}
    assert "their losses are different measures (mse, mae)" in loss["notes"]
    assert {each["difference"] for each in task["scores"]} == {None}
    assert "of different tasks" in task["notes"][0]


def test_a_run_of_an_older_dlrun_has_its_spec_in_its_yaml(tmp_path: Path) -> None:
    values = {"name": "x", "dataset.source": "diabetes", "layers.0.Dense.units": 8, "training.epochs": 20}
    old = made(tmp_path / "a", spec={"fingerprint": "f"})
    (old / "spec.yaml").write_text("name: x\ndataset: diabetes\nlayers: [Dense: 4]\n")

    found = diff_runs(old, made(tmp_path / "b", spec={"values": values}))

    told = {each["a_path"]: (each["a"], each["b"]) for each in found["spec"]}
    assert told["layers.0.Dense.units"] == (4, 8)
    assert "dataset.source" not in told


def test_a_spec_that_nobody_knows_is_a_note(tmp_path: Path) -> None:
    found = diff_runs(made(tmp_path / "a", spec=None), made(tmp_path / "b"))

    assert (found["spec"], found["same"]["spec"]) == ([], None)
    assert found["notes"][0].startswith("the spec of a is not known")


@pytest.mark.parametrize("status", ["failed", "running", "waiting", "interrupted"])
def test_runs_that_have_no_result_are_compared_as_far_as_they_go(tmp_path: Path, status: str) -> None:
    bare = tmp_path / "b"
    bare.mkdir()
    (bare / "record.json").write_text(json.dumps({"schema_version": 1, "status": status}))

    found = diff_runs(made(tmp_path / "a"), bare)

    assert found["same"] == dict.fromkeys(("data", "splits", "spec", "environment"))
    assert {each["difference"] for each in found["scores"]} == {None}


@pytest.mark.parametrize("key", ["spec", "scores", "data", "splits", "model", "environment", "primary"])
@pytest.mark.parametrize("value", [3, "x", [1], {"values": 3, "validation": [2], "files": 7}])
def test_a_record_with_odd_values_is_compared_without_them(tmp_path: Path, key: str, value: Any) -> None:
    found = diff_runs(made(tmp_path / "a", **{key: value}), made(tmp_path / "b"))

    assert json.dumps(found)


def test_a_run_without_a_record_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()

    with pytest.raises(RunFolderError, match="no record"):
        diff_runs(made(tmp_path / "a"), tmp_path / "b")
