"""A run for a program: its tables, what is shown of it, and what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dlrun import RunRecord, load_run
from dlrun.errors import RunFolderError


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    folder = tmp_path / "moons-20260102-030405-abcd"
    folder.mkdir()
    record: dict[str, Any] = {
        "schema_version": 1,
        "status": "done",
        "run": folder.name,
        "name": "<script>alert(1)</script>",
        "scores": {"validation": {"mae": {"mean": 0.5}}},
    }
    (folder / "record.json").write_text(json.dumps(record))
    (folder / "history.csv").write_text("iteration,fold,epoch,metric,train,validation\n1,1,1,loss,0.5,\n")
    return folder


def test_a_run_is_found_by_prefix_path_and_as_the_latest(stored: Path) -> None:
    found = [load_run("moons", runs_dir=stored.parent), load_run(stored), load_run(runs_dir=str(stored.parent))]

    assert [run.folder for run in found] == [stored] * 3
    assert found[0].status == "done"
    assert found[0].scores["validation"]["mae"]["mean"] == 0.5


def test_tables_are_frames_and_a_missing_value_stays_missing(stored: Path) -> None:
    history = load_run(stored).history()

    assert history["train"].tolist() == [0.5]
    assert history["validation"].isna().all()


def test_a_table_that_is_not_there_is_said_by_name(stored: Path) -> None:
    with pytest.raises(RunFolderError, match=r"has no predictions\.csv: the run is done"):
        load_run(stored).predictions()


def test_a_table_that_is_damaged_is_an_error_of_ours(stored: Path) -> None:
    (stored / "history.csv").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(RunFolderError, match=r"cannot read .*history\.csv"):
        load_run(stored).history()


def test_in_a_notebook_what_a_user_named_is_no_markup(stored: Path) -> None:
    run = load_run(stored)

    assert "<script>" in str(run)
    assert "<script>" not in run._repr_html_()
    assert "alert(1)" in run._repr_html_()


def test_a_run_without_scores_has_none(tmp_path: Path) -> None:
    assert RunRecord(tmp_path, {"status": "failed", "scores": None}).scores == {}


def test_what_is_neither_spec_nor_file_is_refused_by_its_type(tmp_path: Path) -> None:
    from dlrun import run

    with pytest.raises(TypeError, match="a spec's file, not dict"):
        run({"dataset": "wine"}, runs_dir=tmp_path)  # type: ignore[arg-type]
