"""Shared runs, seen from one process: begun, folded, completed, refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dlrun.errors import RunFolderError, TrainingError
from dlrun.runs import RunFolder, SharedRun, find_run, join_run, list_runs

FOLDS = ["i1-f1", "i1-f2", "i1-f3"]
IDENTITY = {"spec": "aa", "data": "bb", "splits": "cc"}


def begun(path: Path, **identity: str) -> SharedRun:
    shared = join_run(path, "x")
    shared.begin({"seed": 3}, lambda run: None, identity={**IDENTITY, **identity}, folds=FOLDS)
    return shared


def run_folds(shared: SharedRun, *names: str) -> None:
    for name in names:
        with shared.fold(name) as fold:
            fold.write_text(f"folds/{name}/outcome.txt", name)


def status(path: Path) -> str:
    return next(row.status for row in list_runs(path.parent) if row.run == path.name)


def test_a_first_process_killed_after_mkdir_leaves_a_folder_that_can_be_begun(tmp_path: Path) -> None:
    (tmp_path / "exp").mkdir()

    begun(tmp_path / "exp")

    assert status(tmp_path / "exp") == "waiting (0 of 3 folds)"


def test_a_fold_of_several_iterations_is_named_with_its_iteration(tmp_path: Path) -> None:
    shared = join_run(tmp_path / "exp", "x")
    shared.begin({}, lambda run: None, identity=IDENTITY, folds=["i1-f1", "i2-f1"])

    with (
        shared.fold("i2-f1"),
        pytest.raises(RunFolderError, match="fold 1 of iteration 2 is being run by"),
        shared.fold("i2-f1"),
    ):
        pass


def test_a_finished_fold_is_told_apart_and_cannot_be_written_into(tmp_path: Path) -> None:
    shared = begun(tmp_path / "exp")
    run_folds(shared, "i1-f1")

    with shared.fold("i1-f1") as fold:
        seen = fold.finished
        with pytest.raises(RuntimeError, match="i1-f1 of exp is finished"):
            fold.write_text("folds/i1-f1/outcome.txt", "again")

    assert seen
    assert (tmp_path / "exp" / "folds" / "i1-f1" / "outcome.txt").read_text() == "i1-f1"


def test_a_fold_that_ends_by_an_error_is_not_finished(tmp_path: Path) -> None:
    shared = begun(tmp_path / "exp")

    with pytest.raises(ZeroDivisionError), shared.fold("i1-f1"):
        raise ZeroDivisionError

    assert shared.finished_folds() == ()
    assert status(tmp_path / "exp") == "waiting (0 of 3 folds)"


def test_a_run_waits_between_folds_and_runs_while_one_is_run(tmp_path: Path) -> None:
    shared = begun(tmp_path / "exp")
    run_folds(shared, "i1-f1", "i1-f3")
    waiting = shared.record()["status"], status(tmp_path / "exp")
    with shared.fold("i1-f2"):
        running = shared.record()["status"], status(tmp_path / "exp")

    assert waiting == ("waiting", "waiting (2 of 3 folds)")
    assert running == ("running", "running")


def test_a_fold_on_another_machine_is_said_to_run_there(tmp_path: Path) -> None:
    shared = begun(tmp_path / "exp")
    with shared.fold("i1-f1"):
        (tmp_path / "exp" / "folds" / "i1-f1" / ".lock").write_text("node17\n4242\n")

        assert status(tmp_path / "exp") == "running on node17"


def test_nobody_completes_a_run_whose_folds_are_not_all_there(tmp_path: Path) -> None:
    shared = begun(tmp_path / "exp")
    run_folds(shared, "i1-f1", "i1-f3")

    with shared.complete() as run:
        given = run

    stored = json.loads((tmp_path / "exp" / "record.json").read_text())
    assert given is None
    assert (stored["status"], stored["shared"]["finished"]) == ("waiting", ["i1-f1", "i1-f3"])


@pytest.mark.parametrize("error", [RunFolderError("disk full"), KeyboardInterrupt(), ZeroDivisionError()])
def test_a_completion_that_fails_for_want_of_something_can_be_repeated(tmp_path: Path, error: BaseException) -> None:
    shared = begun(tmp_path / "exp")
    run_folds(shared, *FOLDS)

    with pytest.raises(type(error)), shared.complete():
        raise error

    left = status(tmp_path / "exp")
    with shared.complete() as run:
        assert run
        run.partial({"failures": [1]})
    assert (left, status(tmp_path / "exp")) == ("waiting (3 of 3 folds)", "partial")


def test_a_run_whose_folds_all_failed_is_failed_for_good(tmp_path: Path) -> None:
    shared = begun(tmp_path / "exp")
    run_folds(shared, *FOLDS)

    with pytest.raises(TrainingError), shared.complete():
        raise TrainingError("the loss became NaN")
    with shared.complete() as run:
        given = run

    assert given is None
    assert (shared.record()["status"], shared.record()["failure"]) == ("failed", "the loss became NaN")


def test_another_spec_is_refused_and_what_differs_is_named(tmp_path: Path) -> None:
    begun(tmp_path / "exp")
    before = (tmp_path / "exp" / "record.json").read_bytes()

    with pytest.raises(RunFolderError, match=r"folds of another run: spec, data differ.*\n.*--into"):
        begun(tmp_path / "exp", spec="zz", data="yy")
    with pytest.raises(RunFolderError, match="folds differs"):
        join_run(tmp_path / "exp", "x").begin({}, lambda run: None, identity=IDENTITY, folds=FOLDS[:2])

    assert (tmp_path / "exp" / "record.json").read_bytes() == before


def test_a_plan_that_cannot_be_made_leaves_a_run_that_can_be_begun(tmp_path: Path) -> None:
    def fail(run: RunFolder) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        join_run(tmp_path / "exp", "x").begin({}, fail, identity=IDENTITY, folds=FOLDS)

    assert begun(tmp_path / "exp").record()["status"] == "waiting"


def test_a_fold_must_be_one_that_the_run_was_begun_with(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"begin\(\) names none"), join_run(tmp_path / "exp", "x").fold("i1-f1"):
        pass
    with pytest.raises(RuntimeError, match=r"'[.]{2}/up' is no fold"), begun(tmp_path / "exp").fold("../up"):
        pass


def test_each_fold_has_a_log_of_its_own(tmp_path: Path) -> None:
    with begun(tmp_path / "exp").fold("i1-f2") as fold:
        fold.log_line("epoch 1")

    assert (tmp_path / "exp" / "folds" / "i1-f2" / "log.txt").read_text() == "epoch 1\n"


def test_a_shared_run_is_the_latest_and_is_found_and_listed_by_its_plain_name(tmp_path: Path) -> None:
    begun(tmp_path / "exp")

    assert [find_run(tmp_path, ref) for ref in ("exp", "ex", "latest")] == [tmp_path / "exp"] * 3
    assert [row.run for row in list_runs(tmp_path)] == ["exp"]
    assert os.readlink(tmp_path / "latest") == "exp"


def test_a_run_folder_deleted_under_a_fold_is_said_and_not_made_again(tmp_path: Path) -> None:
    shared = begun(tmp_path / "exp")

    def run_while_it_is_deleted() -> None:
        with shared.fold("i1-f1") as fold:
            (tmp_path / "exp").rename(tmp_path / "gone")
            fold.write_text("folds/i1-f1/outcome.txt", "x")

    with pytest.raises(RunFolderError, match=r"No such file.*\n.*moved or deleted"):
        run_while_it_is_deleted()

    assert not (tmp_path / "exp").exists()
