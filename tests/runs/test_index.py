"""The index beside the runs: it is only ever a copy, and lists say the same with and without it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dlrun.runs import list_runs
from dlrun.runs import listing as listing_module
from dlrun.runs.index import NAME, Entry, read_index, write_index
from dlrun.runs.tags import change_tags

RECORD: dict[str, Any] = {
    "schema_version": 1,
    "status": "done",
    "name": "boston",
    "created": "2026-11-22T10:00:00Z",
    "task": "regression",
    "primary": "mae",
    "data": {"source": "boston_housing", "fingerprint": "d", "files": []},
    "splits": {"fingerprint": "s"},
    "scores": {"validation": {"mae": {"mean": 2.5}, "r2": {"mean": None}}, "baselines": {"linear": {"mae": 3.4}}},
    "higher_is_better": {"mae": False},
    "spec": {"fingerprint": "f", "values": {"seed": 1, "layers.0": "Flatten", "codes": None}},
}


@pytest.fixture(autouse=True)
def every_record_is_worth_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_module, "_WORTH_AN_INDEX", 1)


def made(runs: Path, run: str, **changes: Any) -> Path:
    folder = runs / run
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(json.dumps(RECORD | changes))
    return folder


def test_a_list_from_the_index_is_the_list_from_the_records(tmp_path: Path) -> None:
    made(tmp_path, "a")
    made(tmp_path, "b", spec={"values": {"seed": 2}}, scores={"test": {}}, seed=3)
    made(tmp_path, "c", spec=None, scores=[])
    (made(tmp_path, "d") / "record.json").write_text("{")

    first = list_runs(tmp_path)
    assert set(read_index(tmp_path)) == {"a", "b", "c"}
    assert list_runs(tmp_path) == first


def test_few_runs_leave_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    made(tmp_path, "a")

    list_runs(tmp_path)

    assert os.listdir(tmp_path) == ["a"]


def test_a_record_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    folder = made(tmp_path, "a")
    list_runs(tmp_path)
    os.replace(made(tmp_path, "new", name="other!") / "record.json", folder / "record.json")

    assert {row.name for row in list_runs(tmp_path) if row.run == "a"} == {"other!"}


def test_tags_are_never_old(tmp_path: Path) -> None:
    folder = made(tmp_path, "a")
    list_runs(tmp_path)

    change_tags(folder, add=["good"])

    assert list_runs(tmp_path)[0].tags == ("good",)


def test_what_may_change_without_its_record_is_not_kept(tmp_path: Path) -> None:
    for status in ("running", "waiting"):
        made(tmp_path, status, status=status)
    made(tmp_path, "done")

    list_runs(tmp_path)

    assert set(read_index(tmp_path)) == {"done"}


def test_runs_that_are_gone_leave_the_index_when_it_is_next_written(tmp_path: Path) -> None:
    folder = made(tmp_path, "a")
    list_runs(tmp_path)
    (folder / "record.json").unlink()
    folder.rmdir()
    made(tmp_path, "b")

    list_runs(tmp_path)

    assert set(read_index(tmp_path)) == {"b"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "3",
        '{"version": 99}',
        '{"version": 1, "layouts": [], "runs": {"a": 3}}',
        '{"version": 1, "layouts": [], "runs": {"a": [[1, 2, 3], "done", {"spec": [7]}]}}',
        '{"version": 1, "layouts": [], "runs": {"a": [[1, 2, 3], "done", {"evil": 1}]}}',
        '{"version": 1, "layouts": [["x"]], "runs": {"a": [[1, 2, 3], "done", {"spec": [0, 1, 2]}]}}',
        "[" * 100_000,
    ],
)
def test_an_index_that_cannot_be_read_is_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    made(tmp_path, "a")

    assert read_index(tmp_path) == {}
    assert [row.name for row in list_runs(tmp_path)] == ["boston"]


@pytest.mark.parametrize("place", ["folder", "pipe", "link"])
def test_what_stands_in_its_place_is_left_alone(tmp_path: Path, place: str) -> None:
    index, elsewhere = tmp_path / NAME, tmp_path / "elsewhere.json"
    if place == "folder":
        index.mkdir()
    elif place == "pipe":
        os.mkfifo(index)
    else:
        elsewhere.write_text('{"version": 1, "layouts": [], "runs": {"x": [[1, 2, 3], "done", {}]}}')
        index.symlink_to(elsewhere)
    made(tmp_path, "a")

    assert read_index(tmp_path) == {}
    assert [row.run for row in list_runs(tmp_path)] == ["a"]
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".tmp-")]


def test_an_index_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "a")

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)

    assert [row.run for row in list_runs(tmp_path)] == ["a"]


def test_odd_names_and_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    entries = {"\udcff\n": Entry((2**70, 0, -1), "done", {"name": "\x1b", "spec": {"ü.0": 1.5, "n": None}})}

    write_index(tmp_path, entries)

    assert read_index(tmp_path) == entries
