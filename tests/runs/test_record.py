"""Reading records: of live, dead and distant runs, and of damaged folders."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import create_run, read_record

HOLDS = """
import sys
from pathlib import Path
from dlrun.runs import create_run
with create_run(Path(sys.argv[1]), "busy") as run:
    print(run.path, flush=True)
    sys.stdin.readline()
    run.finish({})
"""


def folder_with(tmp_path: Path, data: bytes) -> Path:
    (tmp_path / "record.json").write_bytes(data)
    return tmp_path


def test_a_run_of_another_process_is_running_until_that_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        path = Path(process.stdout.readline().strip())
        seen = [read_record(path)["status"] for _ in range(2)]
        process.communicate("end\n")

    assert seen == ["running", "running"]
    assert read_record(path)["status"] == "done"


def test_a_run_that_another_host_holds_names_the_host(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        pass
    folder_with(run.path, b'{"schema_version": 1, "status": "running"}')

    with (run.path / ".lock").open("w") as lock:
        lock.write("node17\n4242\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        status = read_record(run.path)["status"]

    assert status == "running on node17"
    assert read_record(run.path)["status"] == "dead"


def test_reading_a_dead_run_does_not_write(tmp_path: Path) -> None:
    create_run(tmp_path, "x").close()
    path = next(folder for folder in tmp_path.iterdir() if not folder.is_symlink())
    before = {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()}

    record = read_record(path)

    assert record["status"] == "dead"
    assert {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.iterdir()} == before


def test_a_moved_run_reads_under_its_new_path(tmp_path: Path) -> None:
    with create_run(tmp_path / "runs", "x") as run:
        run.finish({})
    moved = run.path.rename(tmp_path / "kept")

    assert read_record(moved)["run"] == str(moved)


def test_a_record_torn_anywhere_is_said_to_be_damaged(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.finish({"warnings": ["é"]})
    whole = (run.path / "record.json").read_bytes().rstrip()

    for length in range(len(whole)):
        (run.path / "record.json").write_bytes(whole[:length])
        with pytest.raises(RunFolderError, match="is damaged"):
            read_record(run.path)


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"null",
        b"{}",
        b'{"schema_version": "1", "status": "done"}',
        b'{"schema_version": true, "status": "done"}',
        b'{"schema_version": 1}',
        b'{"schema_version": 1, "status": "half-done"}',
        b'{"schema_version": 1, "status": ["done"]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"schema_version": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_record_is_said_to_be_damaged(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(RunFolderError, match=r"record.json is damaged"):
        read_record(folder_with(tmp_path, data))


def test_a_record_of_a_newer_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    folder_with(tmp_path, json.dumps({"schema_version": 2, "status": "done"}).encode())

    with pytest.raises(RunFolderError, match=r"newer dlrun \(schema_version 2; this one reads up to 1\)"):
        read_record(tmp_path)


def test_a_folder_without_a_record_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="not a run folder"):
        read_record(tmp_path)


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_a_record_that_is_no_file_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    (os.mkdir if kind == "folder" else os.mkfifo)(tmp_path / "record.json")

    with pytest.raises(RunFolderError, match="is not a file"):
        read_record(tmp_path)


def test_a_record_that_is_nested_deeper_than_ours_ever_is_is_refused(tmp_path: Path) -> None:
    for depth in (61, 100_000):
        nested = b'{"a":' * depth + b"1" + b"}" * depth
        folder = folder_with(tmp_path, b'{"schema_version": 1, "status": "done", "spec": ' + nested + b"}")

        with pytest.raises(RunFolderError, match="nested"):
            read_record(folder)


def test_a_record_larger_than_any_of_ours_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlrun.runs.record.MOST_BYTES", 1000)
    folder = folder_with(tmp_path, b'{"schema_version": 1, "status": "done"}' + b" " * 1000)

    with pytest.raises(RunFolderError, match="has 1,039 bytes; at most 1,000 are read"):
        read_record(folder)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_json_has_no_word_for_is_none(tmp_path: Path, number: str) -> None:
    folder = folder_with(tmp_path, f'{{"schema_version": 1, "status": "done", "seconds": {number}}}'.encode())

    assert read_record(folder)["seconds"] is None
