"""Opening finished runs again, and refusing those that are not finished."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import create_run, join_run, read_record, reopen_run

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
HOLDS = """
import sys
from pathlib import Path
from dlrun.runs import reopen_run
with reopen_run(Path(sys.argv[1])) as run:
    print("open", flush=True)
    sys.stdin.readline()
    run.update_done({"scores": {"test": 1}})
"""


def made(runs: Path, status: str = "finish") -> Path:
    with create_run(runs, "x", now=NOON) as run:
        getattr(run, status)({"scores": {"validation": 2}, "failure": "out of memory" if status == "fail" else None})
    return run.path


@pytest.mark.parametrize(("end", "status"), [("finish", "done"), ("partial", "partial")])
def test_a_finished_run_gets_more_facts_and_files_and_keeps_all_others(tmp_path: Path, end: str, status: str) -> None:
    path = made(tmp_path, end)
    before = read_record(path)

    with reopen_run(path) as run:
        run.write_text("model.txt", "weights")
        returned = run.update_done({"scores": {**run.facts["scores"], "test": 1}})

    assert before["status"] == status
    assert returned == read_record(path) == {**before, "scores": {"validation": 2, "test": 1}}
    assert before["created"] == "2026-11-22T12:00:00Z"
    assert (path / "model.txt").read_text() == "weights"


def test_an_error_leaves_the_run_as_it_was_and_unlocked(tmp_path: Path) -> None:
    path = made(tmp_path)
    before = (path / "record.json").read_bytes()

    with pytest.raises(KeyboardInterrupt), reopen_run(path):
        raise KeyboardInterrupt
    reopen_run(path).close()

    assert (path / "record.json").read_bytes() == before


def test_what_a_killed_process_left_half_written_is_swept_away(tmp_path: Path) -> None:
    path = made(tmp_path)
    (path / ".tmp-1234-model.keras").write_text("half")

    reopen_run(path).close()

    assert {file.name for file in path.iterdir()} == {".lock", "record.json"}


def test_a_run_that_another_process_has_open_is_busy_until_that_ends(tmp_path: Path) -> None:
    path = made(tmp_path)
    command = [sys.executable, "-c", HOLDS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        with pytest.raises(RunFolderError, match=f"is busy: .* pid {process.pid} is at work in it") as caught:
            reopen_run(path)
        process.communicate("end\n")

    with reopen_run(path) as run:
        facts = run.facts
    assert caught.value.exit_code == 6
    assert facts["scores"] == {"test": 1}


@pytest.mark.parametrize(("end", "reason"), [("fail", "failed: out of memory"), ("interrupt", "is interrupted")])
def test_a_run_that_did_not_finish_is_refused_with_the_reason(tmp_path: Path, end: str, reason: str) -> None:
    path = made(tmp_path, end)

    with pytest.raises(RunFolderError, match=rf"{reason}; only a finished run.*\n.*dlrun resume"):
        reopen_run(path)


def test_a_run_whose_folds_failed_is_refused_and_would_fail_again(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.fail({"failures": [{}], "failure": "the loss"})

    with pytest.raises(RunFolderError, match=r"failed: the loss; only a finished run.*\n.*dlrun train .*spec\.yaml"):
        reopen_run(run.path)


def test_a_run_that_goes_on_and_one_that_was_killed_are_refused(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    with pytest.raises(RunFolderError, match=r"is running; .*\n.*wait"):
        reopen_run(run.path)
    run.close()

    with pytest.raises(RunFolderError, match="was killed before it was done"):
        reopen_run(run.path)


def test_a_shared_run_is_refused_until_its_folds_are_there(tmp_path: Path) -> None:
    shared = join_run(tmp_path / "exp", "x")
    shared.begin({}, lambda run: None, identity={}, folds=["i1-f1", "i1-f2"])
    with shared.fold("i1-f2"):
        pass

    with pytest.raises(RunFolderError, match=r"waiting for folds: 1 of 2 folds are there.*\n.*--into"):
        reopen_run(shared.path)


def test_a_run_copied_without_its_lock_can_be_opened_and_keeps_its_first_name(tmp_path: Path) -> None:
    path = made(tmp_path / "runs").rename(tmp_path / "kept")
    (path / ".lock").unlink()

    with reopen_run(path) as run:
        record = run.update_done({})

    assert (record["run"], record["status"]) == (str(tmp_path / "kept"), "done")


def test_a_run_in_the_making_is_not_updated_as_done_nor_a_finished_one_ended_again(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        with pytest.raises(RuntimeError, match="is running, not finished"):
            run.update_done({})
        run.finish({})

    with reopen_run(run.path) as again, pytest.raises(RuntimeError, match="is done already"):
        again.fail({})
