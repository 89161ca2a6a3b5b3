"""Disks that are full or read-only, as file systems of their own: nothing that only looks finished, nothing lost."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dlrun.errors import ExitCode, RunFolderError
from dlrun.runs import Look, append_look, create_run, list_runs, read_looks, read_record

Disk = Callable[[str], Path]
PAGE = 4096
WHOLE = {"spec.yaml": "s" * 2 * PAGE, "history.csv": "epoch\n" + "h" * 2 * PAGE + "\n"}


def whole_run(runs: Path) -> Path:
    """Write a run as an experiment does, and a look at its test rows."""
    with create_run(runs, "x") as run:
        run.write_text("spec.yaml", WHOLE["spec.yaml"])
        run.write_arrays("splits.npz", test=np.arange(2000))
        run.write_rows("history.csv", ["epoch"], [["h" * 2 * PAGE]])
        run.finish({"warnings": ["w" * 2 * PAGE]})
    append_look(runs, Look.now(run=run.name, name="x", spec="s", records=range(2000)))
    return run.path


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def test_a_disk_that_is_full_at_any_file_leaves_no_run_that_looks_finished(disk: Disk) -> None:
    stopped_at: set[str] = set()
    for pages in range(1, 30):
        runs = disk(f"size={pages * PAGE}")
        try:
            whole_run(runs)
        except RunFolderError as error:
            stopped_at.add(error.message.removeprefix("cannot write ").partition(":")[0].rpartition("/")[2])
            full = error
        else:
            break
        (row,) = list_runs(runs)
        finished = full.message.startswith(f"cannot write {runs}/ledger.jsonl")

        assert "No space left on device" in full.message
        assert "free some space on that disk" in str(full.hint)
        assert row.status == "done" if finished else row.status in ("damaged", "dead", "failed")
        assert not list(row.path.glob(".tmp-*"))
        for name, text in WHOLE.items():
            assert not (row.path / name).exists() or (row.path / name).read_text() == text
        assert read_looks(runs, [1]).looks == ()

    assert stopped_at == {"record.json", "spec.yaml", "splits.npz", "history.csv", "ledger.jsonl"}
    assert [row.status for row in list_runs(runs)] == ["done"]


def test_a_disk_without_room_for_another_file_is_said(disk: Disk) -> None:
    runs = disk("nr_inodes=3")

    with pytest.raises(RunFolderError, match="No space left on device"):
        whole_run(runs)


def test_what_was_finished_survives_a_full_disk_and_room_makes_it_work_again(disk: Disk) -> None:
    runs = disk("size=1m")
    first = whole_run(runs)
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    with (runs / "filler").open("wb", buffering=0) as filler:
        filled = filler.write(b"x" * 2**20)
    assert filled < 2**20

    with pytest.raises(RunFolderError):
        whole_run(runs)
    (runs / "filler").unlink()
    last = whole_run(runs)

    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    assert {row.path: row.status for row in list_runs(runs)}.items() >= {first: "done", last: "done"}.items()
    assert [look.run for look in read_looks(runs, [1]).looks] == [first.name, last.name]
    assert all(json.loads(line) for line in (runs / "ledger.jsonl").read_text().splitlines())


def test_a_read_only_disk_can_be_read_and_says_that_it_cannot_be_written(disk: Disk) -> None:
    runs = disk("size=1m")
    finished = whole_run(runs)
    remount(runs, "ro")

    for write in (
        lambda: create_run(runs, "x"),
        lambda: append_look(runs, Look.now(run="b", name="x", spec="s", records=range(9))),
    ):
        with pytest.raises(RunFolderError, match=r"Read-only file system\n.*--runs DIR puts runs elsewhere") as caught:
            write()
        assert caught.value.exit_code == ExitCode.RUN_FOLDER

    assert [row.status for row in list_runs(runs)] == ["done"]
    assert read_record(finished)["status"] == "done"
    assert [look.run for look in read_looks(runs, [1]).looks] == [finished.name]


def test_a_disk_that_becomes_read_only_ends_a_run_as_dead(disk: Disk) -> None:
    runs = disk("size=1m")
    run = create_run(runs, "x")
    run.write_text("spec.yaml", "name: x\n")
    run.close()  # an open lock would keep the disk from being mounted anew
    remount(runs, "ro")

    with pytest.raises(RunFolderError, match="Read-only file system"):
        run.write_rows("history.csv", ["a"], [[1]])

    assert read_record(run.path)["status"] == "dead"
    assert (run.path / "spec.yaml").read_text() == "name: x\n"
