"""Writing into a run folder: whole files or none, and a record that comes last."""

from __future__ import annotations

import csv
import errno
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.errors import DataError, RunFolderError, Terminated
from dlrun.runs import RunFolder, create_run, list_runs, read_record
from dlrun.runs.formats import defuse

WRITES: dict[str, Callable[[RunFolder], Any]] = {
    "spec.yaml": lambda run: run.write_text("spec.yaml", "name: x\n"),
    "record.json": lambda run: run.finish({}),
    "splits.npz": lambda run: run.write_arrays("splits.npz", train=np.arange(3)),
    "history.csv": lambda run: run.write_rows("history.csv", ["epoch"], [[1]]),
    "other.json": lambda run: run.write_json("other.json", {}),
}
KILLED = """
import os, signal, sys
from pathlib import Path
from dlrun.runs import create_run
run = create_run(Path(sys.argv[1]), "killed")
run.update({"seed": 7})
print(run.path, flush=True)
with run.stage("model.keras") as path:
    path.write_bytes(b"half of a mod")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def files(run: RunFolder) -> set[str]:
    return {path.name for path in run.path.iterdir()} - {".lock"}


def test_arrays_come_back_equal_without_pickles(tmp_path: Path) -> None:
    train, empty = np.array([3, 1, 2]), np.empty((0, 2), np.float32)
    with create_run(tmp_path, "x") as run:
        run.write_arrays("splits.npz", train=train, empty=empty)
        run.finish({})

    with np.load(run.path / "splits.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"train", "empty"}
        np.testing.assert_array_equal(arrays["train"], train)
        assert (arrays["empty"].shape, arrays["empty"].dtype) == ((0, 2), np.float32)


def test_equal_arrays_make_equal_files(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.write_arrays("a.npz", train=np.arange(1000))
        run.write_arrays("b.npz", train=np.arange(1000))
        contents = [(run.path / name).read_bytes() for name in ("a.npz", "b.npz")]
        run.finish({})

    assert contents[0] == contents[1]


def test_objects_are_refused_as_arrays(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        with pytest.raises(ValueError, match="allow_pickle"):
            run.write_arrays("a.npz", bad=np.array([{}], dtype=object))
        run.finish({})

    assert files(run) == {"record.json"}


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    rows = [(1, "loss", 0.1, None), (2, 'a "b", c\nd', np.float32(0.1), float("nan"))]
    with create_run(tmp_path, "x") as run:
        run.write_rows("history.csv", ["epoch", "metric", "train", "validation"], rows)
        run.finish({})

    with (run.path / "history.csv").open(newline="") as stream:
        read = list(csv.reader(stream))
    assert read == [
        ["epoch", "metric", "train", "validation"],
        ["1", "loss", "0.1", ""],
        ["2", 'a "b", c\nd', "0.1", "nan"],
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\r=1", "-"])
def test_text_that_a_spreadsheet_would_run_is_defused(cell: str) -> None:
    assert defuse(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["-3", "+1e-4", "-inf", "a=b", "", "O'Brien", "2-1"])
def test_numbers_and_plain_text_are_not_defused(cell: str) -> None:
    assert defuse(cell) == cell


def test_numbers_of_a_row_keep_their_sign_and_headers_are_defused(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.write_rows("p.csv", ["=target"], [[-1.5], [-2]])
        run.finish({})

    assert (run.path / "p.csv").read_text() == "'=target\n-1.5\n-2\n"


def test_json_is_strict_whatever_comes(tmp_path: Path) -> None:
    value = {"nan": float("nan"), "inf": np.float32("inf"), "n": np.int64(3), "a": np.ones(2), "p": Path("a"), 1: (2,)}
    with create_run(tmp_path, "x") as run:
        run.write_json("a.json", value)
        run.write_json("b.json", {"name": "\udcff é 中"})
        run.finish({})

    def refuse(word: str) -> None:
        raise AssertionError(word)

    read = json.loads((run.path / "a.json").read_text(), parse_constant=refuse)
    assert read == {"nan": None, "inf": None, "n": 3, "a": [1.0, 1.0], "p": "a", "1": [2]}
    assert json.loads((run.path / "b.json").read_text("utf-8")) == {"name": "\udcff é 中"}


def test_a_staged_file_keeps_its_suffix_and_appears_when_the_block_ends(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        with run.stage("model.keras") as path:
            path.write_bytes(b"weights")
            seen = path.suffix, (run.path / "model.keras").exists()
        run.finish({})

    assert seen == (".keras", False)
    assert (run.path / "model.keras").read_bytes() == b"weights"
    assert files(run) == {"model.keras", "record.json"}


def test_a_staged_file_vanishes_with_its_exception(tmp_path: Path) -> None:
    def draw(path: Path) -> None:
        path.write_bytes(b"half")
        raise ZeroDivisionError

    with create_run(tmp_path, "x") as run:
        run.write_text("curves.png", "old")
        with pytest.raises(ZeroDivisionError), run.stage("curves.png") as path:
            draw(path)
        run.finish({})

    assert (run.path / "curves.png").read_text() == "old"
    assert files(run) == {"curves.png", "record.json"}


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_fails_names_the_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int, call: str
) -> None:
    run = create_run(tmp_path, "x")
    before = files(run)

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(RunFolderError, match=rf"{name}: {os.strerror(code)}"):
            WRITES[name](run)

    assert files(run) == before
    assert read_record(run.path)["status"] == "running"
    run.close()


@pytest.mark.parametrize("name", ["spec.yaml", "splits.npz", "history.csv", "record.json"])
def test_a_real_limit_on_file_size_leaves_nothing(tmp_path: Path, name: str) -> None:
    big = "x" * 100_000
    writes: dict[str, Callable[[RunFolder], Any]] = {
        "spec.yaml": lambda run: run.write_text("spec.yaml", big),
        "splits.npz": lambda run: run.write_arrays("splits.npz", a=np.random.default_rng(0).random(100_000)),
        "history.csv": lambda run: run.write_rows("history.csv", ["a"], [[big]]),
        "record.json": lambda run: run.finish({"warnings": [big]}),
    }
    run = create_run(tmp_path, "x")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(RunFolderError, match=rf"{name}: File too large"):
            writes[name](run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)

    assert files(run) == {"record.json"}
    assert read_record(run.path)["status"] == "running"
    run.close()


def test_a_folder_that_was_deleted_meanwhile_is_said(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    for path in run.path.iterdir():
        path.unlink()
    run.path.rmdir()

    with pytest.raises(RunFolderError, match=r"history.csv: No such file.*\n.*moved or deleted"):
        run.write_rows("history.csv", ["a"], [])
    run.close()


@pytest.mark.parametrize("status", ["finish", "fail", "interrupt"])
def test_the_last_record_has_the_status_and_all_that_was_put_in(tmp_path: Path, status: str) -> None:
    with create_run(tmp_path, "x") as run:
        run.update({"seed": 3, "task": "binary"})
        returned = getattr(run, status)({"task": "multiclass", "scores": {"a": np.float64(0.5)}})

    record = read_record(run.path)
    assert record == returned
    assert record["status"] == {"finish": "done", "fail": "failed", "interrupt": "interrupted"}[status]
    assert (record["seed"], record["task"], record["scores"]) == (3, "multiclass", {"a": 0.5})
    assert record["finished"] >= record["created"]
    assert record["seconds"] >= 0


def test_a_caller_cannot_replace_what_identifies_a_run(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        record = run.finish({"status": "running", "run": "y", "schema_version": 9, "created": "never", "name": "y"})

    stored = json.loads((run.path / "record.json").read_text())
    assert (record["status"], stored["status"], stored["schema_version"]) == ("done", "done", 1)
    assert (stored["run"], stored["name"], record["run"]) == (run.name, "x", str(run.path))
    assert stored["created"] != "never"


def test_nothing_is_written_into_a_finished_run(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.finish({})
        with pytest.raises(RuntimeError, match="is done"):
            run.write_text("late.txt", "late")

    assert files(run) == {"record.json"}


@pytest.mark.parametrize(
    ("error", "status", "failure"),
    [
        (ZeroDivisionError("by zero"), "failed", "ZeroDivisionError: by zero"),
        (DataError("no such column", hint="look"), "failed", "no such column"),
        (KeyboardInterrupt(), "interrupted", "by Ctrl-C"),
        (Terminated("asked to end"), "interrupted", "by SIGTERM"),
    ],
)
def test_an_exception_that_leaves_the_block_becomes_the_status(
    tmp_path: Path, error: BaseException, status: str, failure: str
) -> None:
    run = create_run(tmp_path, "x")

    def leave() -> None:
        with run:
            run.update({"seed": 3})
            raise error

    with pytest.raises(type(error)):
        leave()
    record = read_record(run.path)

    assert (record["status"], record["failure"], record["seed"]) == (status, failure, 3)


def test_an_exception_after_the_end_changes_nothing(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")

    def leave() -> None:
        with run:
            run.finish({})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()

    assert read_record(run.path)["status"] == "done"


def test_a_block_that_ends_without_a_status_is_a_failure(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        pass

    assert read_record(run.path)["status"] == "failed"


def test_a_full_disk_at_the_end_does_not_hide_what_went_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(tmp_path, "x")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def leave() -> None:
        with run:
            monkeypatch.setattr(os, "fsync", full)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leave()

    assert read_record(run.path)["status"] == "dead"


def test_a_killed_process_leaves_a_dead_run_and_no_half_file_under_a_real_name(tmp_path: Path) -> None:
    process = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=False)
    path = Path(process.stdout.strip())
    stored = (path / "record.json").read_bytes()

    record = read_record(path)

    assert process.returncode == -signal.SIGKILL
    assert (record["status"], record["seed"]) == ("dead", 7)
    assert not (path / "model.keras").exists()
    assert (path / "record.json").read_bytes() == stored


DIES_AT_A_SYNC = """
import os, signal, sys
from pathlib import Path
from dlrun.runs import create_run
left, real = int(sys.argv[2]), os.fsync
def fsync(descriptor):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)
os.fsync = fsync
with create_run(Path(sys.argv[1]), "mortal") as run:
    run.write_text("spec.yaml", "a" * 1000)
    run.write_rows("history.csv", ["epoch"], [["b" * 1000]])
    run.finish({"seed": 1})
"""


@pytest.mark.parametrize("sync", range(1, 10))
def test_a_kill_between_any_two_writes_leaves_whole_files_and_no_false_end(tmp_path: Path, sync: int) -> None:
    whole = {"spec.yaml": "a" * 1000, "history.csv": "epoch\n" + "b" * 1000 + "\n"}
    command = [sys.executable, "-c", DIES_AT_A_SYNC, str(tmp_path), str(sync)]
    process = subprocess.run(command, capture_output=True, check=False)

    (row,) = list_runs(tmp_path)
    found = {name: (row.path / name).read_text() for name in whole if (row.path / name).exists()}

    assert process.returncode == (-signal.SIGKILL if sync < 9 else 0)  # a sync of the file and one of the folder, each
    assert row.status == ("done" if sync >= 8 else "damaged" if sync == 1 else "dead")
    assert found.items() <= whole.items()
    assert row.status != "done" or found == whole


def test_a_run_of_which_some_folds_failed_is_partial(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        returned = run.partial({"failures": [{"fold": 2}]})

    assert read_record(run.path) == returned
    assert (returned["status"], returned["failures"]) == ("partial", [{"fold": 2}])
    assert [row.status for row in list_runs(tmp_path)] == ["partial"]


def test_what_the_record_says_by_now_is_at_hand(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.update({"seed": np.int64(3)})
        seen = run.facts, read_record(run.path)
        run.finish({})

    assert seen[0] == seen[1]
