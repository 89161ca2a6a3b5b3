"""Removing runs: whole or not at all, never elsewhere, never under somebody's hands, and never a look."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import RunFolder, create_run, find_run, list_runs
from dlrun.runs.removal import check_removable, remove_run, sweep_removed

START = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


def made(runs: Path, name: str, minute: int = 0) -> Path:
    with create_run(runs, name, now=START + timedelta(minutes=minute)) as run:
        run.write_text("folds/i1-f1/note.txt", "x")
        run.finish({})
    return run.path


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_run_is_removed_with_all_its_files_and_nothing_else(tmp_path: Path) -> None:
    kept, removed = made(tmp_path, "a"), made(tmp_path, "b", 1)
    (tmp_path / "ledger.jsonl").write_text("a look\n")
    before = tree(kept)

    remove_run(tmp_path, removed)

    assert sorted(os.listdir(tmp_path)) == sorted([kept.name, "latest", "ledger.jsonl"])
    assert tree(kept) == before
    assert (tmp_path / "ledger.jsonl").read_text() == "a look\n"


def test_latest_moves_to_the_newest_that_is_left_and_goes_with_the_last(tmp_path: Path) -> None:
    first, second, third = (made(tmp_path, name, minute) for minute, name in enumerate("abc"))

    remove_run(tmp_path, third)
    assert os.readlink(tmp_path / "latest") == second.name
    remove_run(tmp_path, first)
    assert find_run(tmp_path, "latest") == second
    remove_run(tmp_path, second)

    assert os.listdir(tmp_path) == []


def test_a_run_that_goes_on_is_not_removed(tmp_path: Path) -> None:
    with create_run(tmp_path, "a") as run:
        with pytest.raises(RunFolderError, match=f"is busy: .* pid {os.getpid()} is at work"):
            check_removable(tmp_path, [run.path])
        with pytest.raises(RunFolderError, match="is busy"):
            remove_run(tmp_path, run.path)
        run.finish({})

    assert [row.status for row in list_runs(tmp_path)] == ["done"]


def test_a_run_is_not_removed_while_a_fold_of_it_goes_on(tmp_path: Path) -> None:
    from dlrun.runs import lock

    path = made(tmp_path, "a")
    with lock.take(path / "folds" / "i1-f1") as held:  # type: ignore[union-attr]
        assert held is not None
        with pytest.raises(RunFolderError, match="is busy"):
            remove_run(tmp_path, path)

    remove_run(tmp_path, path)
    assert not path.exists()


def test_damaged_dead_and_bare_runs_can_be_removed(tmp_path: Path) -> None:
    (made(tmp_path, "torn") / "record.json").write_text("{")
    (made(tmp_path, "bare") / "record.json").unlink()
    create_run(tmp_path, "dead").close()
    shutil.rmtree(made(tmp_path, "locked") / ".lock", ignore_errors=True)
    paths = [row.path for row in list_runs(tmp_path)]
    assert len(paths) == 4

    check_removable(tmp_path, paths)
    for path in paths:
        remove_run(tmp_path, path)

    assert list_runs(tmp_path) == []


def test_nothing_outside_of_the_folder_of_runs_is_removed(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    inside, outside = made(runs, "in"), made(tmp_path / "elsewhere", "out")
    (runs / "link").symlink_to(outside)
    below = inside / "below"
    shutil.copytree(outside, below)

    for path in (outside, runs / "link", runs / ".." / "elsewhere" / outside.name, below, runs, runs / "none"):
        with pytest.raises(RunFolderError):
            remove_run(runs, path)

    assert outside.is_dir()
    assert below.is_dir()


def test_what_links_in_a_run_lead_to_stays(tmp_path: Path) -> None:
    path, precious = made(tmp_path / "runs", "a"), tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    (path / "folder").symlink_to(precious)
    (path / "file").symlink_to(precious / "file")
    shutil.rmtree(path / "folds")
    (path / "folds").symlink_to(precious)

    remove_run(tmp_path / "runs", path)

    assert not path.exists()
    assert (precious / "file").read_text() == "x"


def test_a_removal_that_was_killed_leaves_no_run_and_the_next_one_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(path: Path, **_: Any) -> None:
        (path / "record.json").unlink()
        raise Killed

    kept, path = made(tmp_path, "kept"), made(tmp_path, "a", 1)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", die)
        with pytest.raises(Killed):
            remove_run(tmp_path, path)

    assert [row.path for row in list_runs(tmp_path)] == [kept]
    assert find_run(tmp_path, "latest") == kept
    (hidden,) = [name for name in os.listdir(tmp_path) if name.startswith(".removed-")]
    assert (tmp_path / hidden / "folds").is_dir()
    sweep_removed(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([kept.name, "latest"])


def test_only_what_removals_left_over_is_swept(tmp_path: Path) -> None:
    for name in (".removed-", ".removed-mine", ".removed-0123456g-x", "removed-01234567-x", ".cache"):
        (tmp_path / name).mkdir()
    (tmp_path / "target").mkdir()
    (tmp_path / ".removed-01234567-x").symlink_to(tmp_path / "target")
    before = sorted(os.listdir(tmp_path))

    sweep_removed(tmp_path)
    sweep_removed(tmp_path / "none")

    assert sorted(os.listdir(tmp_path)) == before


def test_files_that_cannot_be_deleted_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, "a")
    unlink = os.unlink

    def refuse(name: Any, **where: Any) -> None:
        if os.fspath(name).endswith("note.txt"):
            raise PermissionError(13, "Permission denied", name)
        unlink(name, **where)

    monkeypatch.setattr(os, "unlink", refuse)

    with pytest.raises(RunFolderError, match=r"no run any more.*note\.txt: Permission denied") as caught:
        remove_run(tmp_path, path)

    assert "delete " in str(caught.value.hint)
    assert list_runs(tmp_path) == []


def test_a_very_long_name_can_be_removed(tmp_path: Path) -> None:
    path = made(tmp_path, "a").rename(tmp_path / ("ü" * 127))

    remove_run(tmp_path, path)

    assert list_runs(tmp_path) == []


def test_a_run_that_is_put_back_in_use_meanwhile_is_not_half_removed(tmp_path: Path) -> None:
    path = made(tmp_path, "a")
    check_removable(tmp_path, [path])
    from dlrun.runs import reopen_run

    run: RunFolder = reopen_run(path)
    with run, pytest.raises(RunFolderError, match="busy"):
        remove_run(tmp_path, path)

    assert list_runs(tmp_path)[0].status == "done"
