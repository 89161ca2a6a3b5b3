"""Finding runs by what people type, and listing them whatever state they are in."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import create_run, find_run, list_runs

START = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
RECORD: dict[str, Any] = {
    "seed": 3,
    "primary": "mae",
    "data": {"source": "boston_housing"},
    "protocol": {"name": "holdout"},
    "scores": {"validation": {"mae": {"mean": 2.38}}},
}


def made(runs: Path, name: str, minute: int = 0, **record: Any) -> Path:
    with create_run(runs, name, now=START + timedelta(minutes=minute)) as run:
        run.finish(record)
    return run.path


def test_a_run_is_found_by_path_name_unique_prefix_and_latest(tmp_path: Path) -> None:
    imdb, boston = made(tmp_path, "imdb"), made(tmp_path, "boston", 1)

    found = [find_run(tmp_path, ref) for ref in (str(imdb), f"{imdb}/", imdb.name, f"{imdb.name}/", "im", "latest")]

    assert found == [imdb, imdb, imdb, imdb, imdb, boston]


def test_a_run_is_found_by_a_path_relative_to_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path / "runs", "imdb")
    monkeypatch.chdir(tmp_path / "runs")

    assert find_run(Path("elsewhere"), path.name).resolve() == path
    assert find_run(Path("elsewhere"), f"../runs/{path.name}").resolve() == path


def test_a_name_that_is_the_beginning_of_another_is_itself(tmp_path: Path) -> None:
    short = made(tmp_path, "x")
    longer = short.rename(tmp_path / "kept")
    other = made(tmp_path, "x").rename(tmp_path / "kept-too")

    assert [find_run(tmp_path, "kept"), find_run(tmp_path, "kept-")] == [longer, other]


def test_an_ambiguous_prefix_lists_what_it_could_be(tmp_path: Path) -> None:
    names = [made(tmp_path, "imdb", minute).name for minute in range(7)]

    with pytest.raises(RunFolderError, match=f"7 runs .*{names[-1]} and 2 more"):
        find_run(tmp_path, "imdb")


def test_the_name_of_an_experiment_means_its_run_and_not_those_of_longer_names(tmp_path: Path) -> None:
    boston = made(tmp_path, "boston")
    made(tmp_path, "boston_iterated")

    assert find_run(tmp_path, "boston") == boston


def test_a_mistyped_name_gets_the_nearest_ones(tmp_path: Path) -> None:
    path = made(tmp_path, "boston")

    with pytest.raises(RunFolderError, match=f"did you mean {path.name}"):
        find_run(tmp_path, "bostn")


@pytest.mark.parametrize("ref", ["imdb", "latest"])
@pytest.mark.parametrize("there", [True, False])
def test_with_no_runs_the_message_says_how_to_make_one(tmp_path: Path, ref: str, there: bool) -> None:
    with pytest.raises(RunFolderError, match="dlrun train SPEC"):
        find_run(tmp_path if there else tmp_path / "none", ref)


@pytest.mark.parametrize("ref", ["..", ".", "../outside", "x/../../outside", "/etc", "", "/", "a\0b", "a" * 5000])
def test_a_reference_never_leads_out_of_the_runs_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ref: str
) -> None:
    runs = tmp_path / "outer" / "runs"
    made(runs, "x")
    made(tmp_path / "outer", "y").rename(tmp_path / "outer" / "outside")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RunFolderError):
        find_run(runs, ref)


def test_latest_is_the_newest_run_where_there_is_no_link(tmp_path: Path) -> None:
    made(tmp_path, "a", 5)
    newest = made(tmp_path, "b", 9)
    made(tmp_path, "c", 7)
    (tmp_path / "latest").unlink()

    assert find_run(tmp_path, "latest") == newest


def test_latest_survives_the_removal_of_its_run(tmp_path: Path) -> None:
    left = made(tmp_path, "a")
    shutil.rmtree(made(tmp_path, "b", 1))

    assert find_run(tmp_path, "latest") == left


def test_a_list_has_the_newest_first_and_what_each_run_was(tmp_path: Path) -> None:
    first, second = made(tmp_path, "boston", 0, **RECORD), made(tmp_path, "imdb", 1)

    rows = list_runs(tmp_path)

    assert [row.path for row in rows] == [second, first]
    boston = rows[1]
    assert (boston.run, boston.status, boston.created) == (first.name, "done", "2026-11-22T12:00:00Z")
    assert (boston.dataset, boston.protocol, boston.metric, boston.score, boston.seed) == (
        "boston_housing",
        "holdout",
        "mae",
        2.38,
        3,
    )


def test_damaged_and_dead_runs_are_listed_as_that(tmp_path: Path) -> None:
    made(tmp_path, "good")
    (made(tmp_path, "torn", 1) / "record.json").write_text('{"schema_ver')
    (made(tmp_path, "bare", 2) / "record.json").unlink()
    create_run(tmp_path, "dead", now=START + timedelta(minutes=3)).close()

    statuses = {row.run.split("-")[0]: row.status for row in list_runs(tmp_path)}

    assert statuses == {"good": "done", "torn": "damaged", "bare": "damaged", "dead": "dead"}
    assert all(row.note for row in list_runs(tmp_path) if row.status == "damaged")


def test_a_record_with_odd_values_is_listed_without_them(tmp_path: Path) -> None:
    made(tmp_path, "odd", scores=[1], data="x", protocol={"name": 3}, primary=["mae"], seed="three")
    made(tmp_path, "huge", primary="a", scores={"validation": {"a": {"mean": 10**400}}}, seed=10**400)

    rows = list_runs(tmp_path)

    assert [(row.status, row.dataset, row.protocol, row.score, row.seed) for row in rows] == [("done", *[None] * 4)] * 2


def test_what_is_no_run_is_not_listed(tmp_path: Path) -> None:
    path = made(tmp_path, "imdb")
    (tmp_path / "notes").mkdir()
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".gitkeep").touch()
    os.symlink("loop", tmp_path / "loop")

    assert [row.path for row in list_runs(tmp_path)] == [path]


def test_a_folder_that_is_not_there_has_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == []


def test_a_file_in_the_place_of_the_runs_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()

    with pytest.raises(RunFolderError, match=r"cannot read .*runs"):
        list_runs(tmp_path / "runs")
