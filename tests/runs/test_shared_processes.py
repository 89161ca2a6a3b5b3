"""Shared runs by real processes: several at once, and killed wherever they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import SharedRun, join_run, list_runs, read_record

FOLDS = ["i1-f1", "i1-f2", "i1-f3"]
IDENTITY = {"spec": "aa", "data": "bb", "splits": "cc"}
WORKER = """
import json, os, signal, sys
from pathlib import Path
from dlrun.errors import RunFolderError
from dlrun.runs import join_run

path, number, dies, *pauses = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]
FOLDS, left, real = ["i1-f1", "i1-f2", "i1-f3"], dies, os.fsync

def fsync(descriptor):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)

def pause(point):
    if point in pauses:
        print(point, flush=True)
        sys.stdin.readline()

def say(word):
    descriptor = os.open(path.parent / "said", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (word + "\\n").encode())

def plan(run):
    pause("plan")
    say("plan")
    run.write_text("spec.yaml", "name: x\\n")

os.fsync = fsync
pause("start")
name = FOLDS[number - 1]
try:
    shared = join_run(path, "x")
    shared.begin({"seed": 3}, plan, identity={"spec": "aa", "data": "bb", "splits": "cc"}, folds=FOLDS)
    with shared.fold(name) as fold:
        if not fold.finished:
            pause("fold")
            say(name)
            fold.write_text(f"folds/{name}/outcome.txt", str(number * number))
    pause("last")
    with shared.complete() as run:
        if run:
            pause("complete")
            say("complete")
            numbers = [int((path / "folds" / each / "outcome.txt").read_text()) for each in FOLDS]
            run.write_text("predictions.csv", repr(numbers))
            run.finish({"sum": sum(numbers)})
except RunFolderError as error:
    print(error.message)
    sys.exit(6)
"""


@contextmanager
def worker(path: Path, number: int, *pauses: str, dies: int = 0) -> Iterator[subprocess.Popen[str]]:
    """One process that runs one fold; it stops at each pause until it is sent a line, and dies at its n-th sync."""
    command = [sys.executable, "-c", WORKER, str(path), str(number), str(dies), *pauses]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def reached(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=60)
    return process.returncode, said.strip()


def work(path: Path, number: int, dies: int = 0) -> int:
    with worker(path, number, dies=dies) as process:
        return ended(process)[0]


def said(path: Path) -> list[str]:
    return sorted((path.parent / "said").read_text().split())


def result(path: Path) -> dict[str, Any]:
    """What a run comes to, but for its times: the record, and the bytes of every visible file."""
    times = ("created", "finished", "seconds")
    record = {key: value for key, value in read_record(path).items() if key not in (*times, "run")}
    files = {file.relative_to(path): file for file in path.rglob("*") if file.is_file()}
    texts = {str(name): file.read_bytes() for name, file in files.items() if file.name not in ("record.json", ".lock")}
    return {"record": record} | {name: text for name, text in texts.items() if not name.endswith("fold.json")}


def begun(path: Path, **identity: str) -> SharedRun:
    shared = join_run(path, "x")
    shared.begin({"seed": 3}, lambda run: None, identity={**IDENTITY, **identity}, folds=FOLDS)
    return shared


def status(path: Path) -> str:
    return next(row.status for row in list_runs(path.parent) if row.run == path.name)


def test_three_processes_one_after_another_make_one_run(tmp_path: Path) -> None:
    path = tmp_path / "exp"

    codes = [work(path, number) for number in (2, 3, 1)]

    record = read_record(path)
    assert codes == [0, 0, 0]
    assert said(path) == ["complete", "i1-f1", "i1-f2", "i1-f3", "plan"]
    assert (record["status"], record["seed"], record["sum"], record["name"]) == ("done", 3, 14, "x")
    assert record["shared"] == {"folds": FOLDS, "finished": FOLDS, "identity": IDENTITY}
    assert record["finished"] >= record["created"]
    assert (path / "predictions.csv").read_text() == "[1, 4, 9]"


def test_a_crowd_that_starts_at_once_runs_each_fold_once_and_completes_once(tmp_path: Path) -> None:
    path = tmp_path / "exp"
    with ExitStack() as stack:
        crowd = [stack.enter_context(worker(path, number, "start")) for number in (1, 2, 3) * 4]
        for process in crowd:
            reached(process)
        for process in crowd:
            go(process)
        ends = [ended(process) for process in crowd]

    assert said(path) == ["complete", "i1-f1", "i1-f2", "i1-f3", "plan"]
    assert read_record(path)["status"] == "done"
    assert all(code == 0 or (code == 6 and "is being run by" in words) for code, words in ends)


@pytest.mark.parametrize("_", range(5))
def test_two_last_folds_that_end_at_the_same_instant_complete_the_run_once(tmp_path: Path, _: int) -> None:
    path = tmp_path / "exp"
    work(path, 1)
    with worker(path, 2, "last") as second, worker(path, 3, "last") as third:
        assert (reached(second), reached(third)) == ("last", "last")
        go(second)
        go(third)
        codes = ended(second)[0], ended(third)[0]

    assert codes == (0, 0)
    assert said(path).count("complete") == 1
    assert read_record(path)["sum"] == 14


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run comes to in which nobody is killed."""
    path = tmp_path_factory.mktemp("undisturbed") / "exp"
    for number in (1, 2, 3):
        work(path, number)
    return result(path)


# The first process syncs 14 times, the last one 11 times: each file and its folder, and each new folder.
@pytest.mark.parametrize(
    ("mortal", "sync"), [("123", sync) for sync in range(1, 16)] + [("3", s) for s in range(1, 13)]
)
def test_a_kill_at_any_write_is_made_good_by_the_next_calls(
    tmp_path: Path, undisturbed: dict[str, Any], mortal: str, sync: int
) -> None:
    path = tmp_path / "exp"
    codes = [work(path, number, dies=sync if str(number) in mortal else 0) for number in (1, 2, 3)]
    left = status(path) if (path / "record.json").exists() else "not begun"

    again = [work(path, number) for number in (1, 2, 3)]

    assert (-signal.SIGKILL in codes) == (sync < (15 if mortal == "123" else 12))
    assert left == "done" or left.startswith(("waiting (", "not begun"))
    assert again == [0, 0, 0]
    assert result(path) == undisturbed


def test_a_plan_that_was_not_finished_is_made_again_and_by_another_spec_if_need_be(tmp_path: Path) -> None:
    with worker(tmp_path / "exp", 1, "plan") as process:
        reached(process)
        seen = status(tmp_path / "exp")
    left = status(tmp_path / "exp")

    begun(tmp_path / "exp", spec="other")

    assert (seen, left) == ("running", "waiting (0 of 3 folds)")
    assert read_record(tmp_path / "exp")["shared"]["identity"]["spec"] == "other"


def test_a_second_process_waits_until_the_first_has_written_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "exp"
    with worker(path, 1, "plan", "fold") as first, worker(path, 2, "start") as second:
        reached(first)
        reached(second)
        go(second)
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.3)
        go(first)
        code, _ = ended(second)

    assert code == 0
    assert said(path).count("plan") == 1


def test_a_fold_that_is_being_run_is_refused_with_host_and_process(tmp_path: Path) -> None:
    path = tmp_path / "exp"
    with worker(path, 3, "fold") as process:
        reached(process)
        with pytest.raises(RunFolderError) as caught, begun(path).fold("i1-f3"):
            pass

    assert caught.value.message == f"fold 3 is being run by {os.uname().nodename} pid {process.pid}"
    assert caught.value.exit_code == 6


def test_a_fold_whose_process_was_killed_is_run_again_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "exp"
    with worker(path, 2, "fold") as process:
        reached(process)
        seen = status(path)
        (path / "folds" / "i1-f2" / ".tmp-half-written").write_text("half")
    shared = begun(path)
    left, finished = status(path), shared.finished_folds()

    with shared.fold("i1-f2") as fold:
        fresh = not fold.finished and not (path / "folds" / "i1-f2" / ".tmp-half-written").exists()

    assert (seen, left, finished) == ("running", "waiting (0 of 3 folds)", ())
    assert fresh
    assert shared.finished_folds() == ("i1-f2",)


def test_a_completing_process_that_is_killed_hands_over_to_the_one_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "exp"
    work(path, 1)
    work(path, 2)
    with worker(path, 3, "complete") as completing, worker(path, 1, "start") as next_one:
        reached(completing)
        reached(next_one)
        go(next_one)
        with pytest.raises(subprocess.TimeoutExpired):
            next_one.wait(0.3)
        completing.kill()
        code, _ = ended(next_one)

    assert code == 0
    assert read_record(path)["status"] == "done"
    assert said(path) == ["complete", "i1-f1", "i1-f2", "i1-f3", "plan"]


@pytest.mark.parametrize("number", [1, 3])
def test_a_completion_that_was_killed_is_made_up_for_by_any_later_call(tmp_path: Path, number: int) -> None:
    path = tmp_path / "exp"
    work(path, 1)
    work(path, 2)
    with worker(path, 3, "complete") as completing:
        reached(completing)
    left = status(path)

    code = work(path, number)

    assert left == "waiting (3 of 3 folds)"
    assert (code, read_record(path)["status"]) == (0, "done")


def test_a_completed_run_can_be_joined_and_has_nothing_left_to_do(tmp_path: Path) -> None:
    path = tmp_path / "exp"
    for number in (1, 2, 3):
        work(path, number)
    before = (path / "record.json").read_bytes()

    code = work(path, 2)

    assert code == 0
    assert (path / "record.json").read_bytes() == before
    assert begun(path).finished_folds() == tuple(FOLDS)
