"""Runs as tidy tables: what is in them, read back by pandas, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dlrun.errors import UsageError
from dlrun.runs import export as export_module
from dlrun.runs import list_runs
from dlrun.runs.export import Format, export_runs
from dlrun.runs.tidy import TABLES

RECORD: dict[str, Any] = {
    "schema_version": 1,
    "status": "done",
    "name": "boston",
    "created": "2026-11-22T10:00:00Z",
    "task": "regression",
    "seed": 2**59,
    "seconds": 2.5,
    "primary": "mae",
    "data": {"source": "boston_housing", "fingerprint": "d", "files": []},
    "protocol": {"name": "kfold", "k": 2, "iterations": 1},
    "model": {"outline": "Dense 16 → Dense 1", "parameters": 99, "loss": "mse"},
    "scores": {
        "validation": {
            "mae": {"mean": 2.5, "std": 0.1, "low": 2.0, "high": 3.0, "n": 2, "per_fold": [[2.4, 2.6]]},
            "r2": {"mean": None, "std": None, "low": None, "high": None, "n": 1, "per_fold": [[None, 0.5]]},
        },
        "selected": {"mae": {"mean": 2.2, "n": 2, "per_fold": [[2.1, 2.3]], "epoch": 7}},
        "test": {"mae": {"mean": 2.7, "low": 2.1, "high": 3.2, "n": 1, "per_fold": [[2.7]]}},
        "baselines": {"linear": {"mae": 3.4}, "mean": {"mae": 6.5}},
    },
    "test": {"baselines": {"linear": {"mae": 3.5}}},
    "spec": {"values": {"seed": 3, "loss": "mse", "evaluation.shuffle": True, "codes": None, "layers.0": "Flatten"}},
}
HISTORY = "iteration,fold,epoch,metric,train,validation\n1,1,1,mae,5.5,6.0\n1,1,2,mae,4.5,\n1,2,1,mae,inf,7.0\n"


def made(runs: Path, run: str, history: str = HISTORY, **changes: Any) -> Path:
    folder = runs / run
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(json.dumps(RECORD | changes))
    (folder / "history.csv").write_text(history)
    return folder


def exported(tmp_path: Path, kind: Format = "parquet") -> dict[str, pd.DataFrame]:
    export_runs(list_runs(tmp_path / "runs"), tmp_path / "out", kind, force=True)
    read = pd.read_parquet if kind == "parquet" else pd.read_csv
    return {table.name: read(tmp_path / "out" / f"{table.name}.{kind}") for table in TABLES}


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_every_table_has_its_columns_and_the_run_of_each_row(tmp_path: Path, kind: Format) -> None:
    made(tmp_path / "runs", "a")
    made(tmp_path / "runs", "b")

    tables = exported(tmp_path, kind)

    for table in TABLES:
        assert list(tables[table.name].columns) == list(table.columns)
        assert set(tables[table.name]["run"]) == {"a", "b"}
    assert {name: len(table) for name, table in tables.items()} == {
        "runs": 2, "spec": 10, "scores": 14, "folds": 14, "history": 6,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_scores_are_those_of_the_record(tmp_path: Path, kind: Format) -> None:
    made(tmp_path / "runs", "a")

    tables = exported(tmp_path, kind)

    scores = {(row.kind, row.metric): row for row in tables["scores"].itertuples() if pd.isna(row.baseline)}
    mae = scores["validation", "mae"]
    assert (mae.mean, mae.std, mae.low, mae.high, mae.n) == (2.5, 0.1, 2.0, 3.0, 2)
    assert pd.isna(scores["validation", "r2"].mean)
    assert (scores["selected", "mae"].epoch, scores["test", "mae"].mean) == (7, 2.7)
    beside = tables["scores"].dropna(subset="baseline")
    assert set(zip(beside["kind"], beside["baseline"], beside["mean"], strict=True)) == {
        ("validation", "linear", 3.4),
        ("validation", "mean", 6.5),
        ("test", "linear", 3.5),
    }
    folds = tables["folds"]
    assert folds[(folds["kind"] == "validation") & (folds["metric"] == "mae")]["value"].tolist() == [2.4, 2.6]
    assert folds["fold"].tolist()[:2] == [1, 2]
    assert folds["value"].isna().sum() == 1


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_histories_and_specs_are_whole(tmp_path: Path, kind: Format) -> None:
    made(tmp_path / "runs", "a")

    tables = exported(tmp_path, kind)

    history = tables["history"]
    assert history["epoch"].tolist() == [1, 2, 1]
    assert history["train"].tolist() == [5.5, 4.5, float("inf")]
    assert history["validation"].isna().tolist() == [False, True, False]
    spec = tables["spec"].set_index("path")
    assert spec["value"].fillna("null").astype(str).to_dict() == {
        "seed": "3", "loss": "mse", "evaluation.shuffle": "true", "codes": "null", "layers.0": "Flatten",
    }  # fmt: skip
    assert spec["number"].dropna().to_dict() == {"seed": 3.0}
    (run,) = tables["runs"].itertuples()
    assert (run.seed, run.layers, bool(run.tested), run.score) == (2**59, "Dense 16 → Dense 1", True, 2.5)


def test_batches_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "_ROWS_AT_ONCE", 2)
    for index in range(5):
        made(tmp_path / "runs", f"r{index}")

    history = exported(tmp_path)["history"]

    assert history.groupby("run").size().to_dict() == {f"r{index}": 3 for index in range(5)}


def test_a_spec_that_the_record_lacks_comes_from_its_yaml(tmp_path: Path) -> None:
    folder = made(tmp_path / "runs", "old", spec={"fingerprint": "f"})
    (folder / "spec.yaml").write_text("dataset: diabetes\nlayers: [Dense: 4]\n")

    spec = exported(tmp_path)["spec"].set_index("path")

    assert spec.loc["layers.0.Dense.units", "number"] == 4


@pytest.mark.parametrize(
    "history", ["", "iteration,fold\n1,1\n", "a\x00b", HISTORY + "1,1\n", HISTORY + "x,1,1,mae,1,1\n"]
)
def test_what_cannot_be_read_is_a_note_and_the_rest_is_there(tmp_path: Path, history: str) -> None:
    made(tmp_path / "runs", "bad", history, spec=None)
    made(tmp_path / "runs", "good")

    _, notes = export_runs(list_runs(tmp_path / "runs"), tmp_path / "out", "csv")

    assert sorted(notes) == ["the history of bad cannot be read", "the spec of bad cannot be read"]
    assert set(pd.read_csv(tmp_path / "out" / "history.csv")["run"]) == {"good"}


def test_runs_in_any_state_have_a_row(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    (made(runs, "torn") / "record.json").write_text("{")
    (runs / "torn" / "history.csv").unlink()
    made(runs, "odd", scores=[1], test=3, spec={"values": 7}, protocol="x", data=None)
    odder = {"validation": {"mae": 3, "r2": {"mean": "x", "n": 10**30, "per_fold": [1, [[]]]}}}
    made(runs, "odder", scores=odder, test=None)

    tables = exported(tmp_path)

    assert dict(zip(tables["runs"]["run"], tables["runs"]["status"], strict=True)) == {
        "torn": "damaged", "odd": "done", "odder": "done",
    }  # fmt: skip
    assert tables["scores"]["mean"].isna().all()


def test_no_runs_make_empty_tables(tmp_path: Path) -> None:
    tables = exported(tmp_path)

    assert all(table.empty for table in tables.values())
    assert "run" in tables["history"].columns


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    made(tmp_path / "runs", "a", name="=cmd()", task="\ud800", model={"outline": 'a\n"b",\x1b'})

    (run,) = exported(tmp_path)["runs"].itertuples()
    export_runs(list_runs(tmp_path / "runs"), tmp_path / "out", "csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "runs.csv").read_text())))

    assert (run.name, run.task, run.layers) == ("=cmd()", "\\ud800", 'a\n"b",\x1b')
    assert (rows[0]["name"], rows[0]["layers"]) == ("'=cmd()", 'a\n"b",\x1b')


def test_files_that_are_there_are_replaced_only_when_that_is_asked_for(tmp_path: Path) -> None:
    made(tmp_path / "runs", "a")
    runs = list_runs(tmp_path / "runs")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "history.csv").write_text("mine")

    with pytest.raises(UsageError, match=r"history\.csv is there already"):
        export_runs(runs, tmp_path / "out", "csv")

    assert os.listdir(tmp_path / "out") == ["history.csv"]
    export_runs(runs, tmp_path / "out", "csv", force=True)
    assert (tmp_path / "out" / "history.csv").read_text() != "mine"


def test_a_run_is_no_place_for_tables(tmp_path: Path) -> None:
    folder = made(tmp_path / "runs", "a")

    with pytest.raises(UsageError, match="is a run folder"):
        export_runs(list_runs(tmp_path / "runs"), folder, "csv", force=True)

    assert (folder / "history.csv").read_text() == HISTORY


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match=r"cannot write .*file") as caught:
        export_runs([], tmp_path / "file" / "out", "csv")

    assert caught.value.hint == "name a folder that can be written to"


def test_an_export_that_fails_leaves_the_old_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "runs", "a")
    runs = list_runs(tmp_path / "runs")
    export_runs(runs, tmp_path / "out", "csv")
    before = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}

    def full(path: Path, table: Any, rows: Any) -> None:
        if table.name == "history":
            raise OSError(28, "No space left on device")
        path.write_text("new")

    monkeypatch.setattr(export_module, "_write_csv", full)
    with pytest.raises(UsageError, match="No space left on device"):
        export_runs(runs, tmp_path / "out", "csv", force=True)

    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == before
