"""Making run folders: alone, in crowds, and where it cannot be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import create_run, list_runs, read_looks, read_record

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
CROWD = 50
ONE_OF_THE_CROWD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from dlrun.runs import Look, append_look, create_run
sys.stdin.readline()
runs = Path(sys.argv[1])
with create_run(runs, "crowd", now=datetime(2026, 11, 22, tzinfo=UTC)) as run:
    run.write_text("pid.txt", sys.argv[2])
    run.finish({"seed": int(sys.argv[2])})
append_look(runs, Look.now(run=run.name, name="crowd", spec="s", records=range(100)))
print(run.path, flush=True)
"""


def dice(monkeypatch: pytest.MonkeyPatch, *throws: str) -> None:
    """Let the random digits of folder names fall as told; all others stay random."""
    left, real = [bytes.fromhex(throw) for throw in throws], os.urandom
    monkeypatch.setattr(os, "urandom", lambda size: left.pop(0) if size == 2 and left else real(size))


def test_a_folder_is_named_after_the_experiment_the_time_and_four_digits(tmp_path: Path) -> None:
    with create_run(tmp_path, "imdb", now=NOON) as run:
        stem, _, digits = run.name.rpartition("-")

    assert stem == "imdb-20261122-120000"
    assert len(bytes.fromhex(digits)) == 2


def test_the_name_shows_the_clock_it_was_given_and_the_record_utc(tmp_path: Path) -> None:
    with create_run(tmp_path, "imdb", now=NOON.astimezone(timezone(timedelta(hours=5)))) as run:
        created = read_record(run.path)["created"]

    assert run.name.startswith("imdb-20261122-170000-")
    assert created == "2026-11-22T12:00:00Z"


def test_a_new_run_says_running_at_once_and_who_runs_it(tmp_path: Path) -> None:
    with create_run(tmp_path / "not" / "yet" / "there", "imdb") as run:
        record = read_record(run.path)
        holder = (run.path / ".lock").read_text().split()

    assert record["status"] == "running"
    assert (record["schema_version"], record["name"], record["finished"]) == (1, "imdb", None)
    assert holder == [os.uname().nodename, str(os.getpid())]


def test_a_clash_of_names_is_thrown_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice(monkeypatch, "00aa", "00aa", "00bb")

    with create_run(tmp_path, "imdb", now=NOON) as first, create_run(tmp_path, "imdb", now=NOON) as second:
        names = first.name, second.name

    assert names == ("imdb-20261122-120000-00aa", "imdb-20261122-120000-00bb")


def test_fifty_processes_in_one_second_make_fifty_whole_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ONE_OF_THE_CROWD, str(tmp_path)]
    crowd = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(CROWD)
    ]
    for process in crowd:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    paths = [Path(process.communicate()[0].strip()) for process in crowd]

    assert [process.returncode for process in crowd] == [0] * CROWD
    assert len(set(paths)) == CROWD
    assert [(path / "pid.txt").read_text() for path in paths] == [str(number) for number in range(CROWD)]
    assert [(row.status, row.seed) for row in sorted(list_runs(tmp_path), key=lambda row: row.seed or 0)] == [
        ("done", number) for number in range(CROWD)
    ]
    assert (tmp_path / "latest").resolve() in {path.resolve() for path in paths}
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in paths} | {"latest", "ledger.jsonl"}
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert sorted(line["run"] for line in lines) == sorted(path.name for path in paths)
    assert len(read_looks(tmp_path, [1]).looks) == CROWD


def test_latest_is_a_relative_link_to_the_newest(tmp_path: Path) -> None:
    with create_run(tmp_path, "a"), create_run(tmp_path, "b") as newest:
        target = os.readlink(tmp_path / "latest")

    assert target == newest.name


@pytest.mark.parametrize("kind", ["file", "folder", "link elsewhere"])
def test_something_else_named_latest_is_left_alone(tmp_path: Path, kind: str) -> None:
    latest = tmp_path / "runs" / "latest"
    latest.parent.mkdir()
    if kind == "file":
        latest.write_text("mine")
    elif kind == "folder":
        latest.mkdir()
    else:
        latest.symlink_to("/somewhere/else")
    before = os.lstat(latest)

    with create_run(latest.parent, "imdb"):
        after = os.lstat(latest)

    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_a_file_system_without_links_has_runs_but_no_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)

    with create_run(tmp_path, "imdb") as run:
        assert [path.name for path in tmp_path.iterdir()] == [run.name]


@pytest.mark.parametrize("name", ["", "..\n", "a/b", "../up", "a b", "x" * 65, "\x1b[31m", "<script>", "naïve"])
def test_a_name_that_cannot_be_a_folders_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunFolderError, match="cannot name a run folder"):
        create_run(tmp_path, name)

    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_the_runs_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")

    with pytest.raises(RunFolderError, match=r"cannot write .*runs.*\n.*--runs DIR"):
        create_run(tmp_path / "runs", "imdb")


def test_a_folder_without_write_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)  # the tests may run as root, whom no permission stops

    with pytest.raises(RunFolderError, match=r"Permission denied\n.*must be writable"):
        create_run(tmp_path, "imdb")
