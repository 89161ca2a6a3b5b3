"""Which folder ``--into`` means, and which folders may become a shared run."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import create_run, into_path, join_run, lock


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("ref", ["exp", "exp-7.b_2", "2026", "x" * 100])
def test_a_plain_name_is_a_folder_among_the_runs(tmp_path: Path, ref: str) -> None:
    assert into_path(tmp_path / "runs", ref) == tmp_path / "runs" / ref


def test_what_has_a_slash_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    found = [into_path(Path("runs"), ref) for ref in ("./exp", "../exp", "exp/", str(tmp_path / "exp"), "./")]

    assert found == [Path("exp"), Path("../exp"), Path("exp"), tmp_path / "exp", tmp_path]


@pytest.mark.parametrize("ref", ["", ".", "..", ".hidden", "a\0b", "a/b\0", "a b", "\x1b[31m", "x" * 101, "exp\n", "é"])
def test_a_name_that_leads_elsewhere_or_nowhere_is_refused(tmp_path: Path, ref: str) -> None:
    with pytest.raises(RunFolderError, match="cannot name a run folder"):
        into_path(tmp_path, ref)


def test_a_link_among_the_runs_is_no_name(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "exp").symlink_to(tmp_path)

    with pytest.raises(RunFolderError, match="is a link, and a name never leads out"):
        into_path(tmp_path / "runs", "exp")


def test_latest_is_refused_because_it_moves(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="'latest' moves"):
        into_path(tmp_path, "latest")


def test_a_folder_is_made_with_all_above_it(tmp_path: Path) -> None:
    join_run(tmp_path / "not" / "yet" / "exp", "x")

    assert names(tmp_path / "not" / "yet") == {"exp"}


def test_a_folder_with_other_files_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(RunFolderError, match="a folder with files in it, and no shared run"):
        join_run(tmp_path, "x")

    assert names(tmp_path) == {"thesis.tex"}


def test_folds_without_a_record_are_not_taken_for_those_of_a_new_run(tmp_path: Path) -> None:
    shared = join_run(tmp_path / "exp", "x")
    shared.begin({}, lambda run: None, identity={}, folds=["i1-f1"])
    with shared.fold("i1-f1"):
        pass
    (tmp_path / "exp" / "record.json").unlink()

    with pytest.raises(RunFolderError, match="no shared run"):
        join_run(tmp_path / "exp", "x")


def test_a_run_in_one_go_is_refused(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.finish({})

    with pytest.raises(RunFolderError, match=r"is a run in one go \(done\)"):
        join_run(run.path, "x")


def test_a_damaged_record_is_said(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text('{"schema_ver')

    with pytest.raises(RunFolderError, match="is damaged"):
        join_run(tmp_path, "x")


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "exp").touch()

    with pytest.raises(RunFolderError, match=r"cannot write .*exp: File exists\n.*a file stands"):
        join_run(tmp_path / "exp", "x")


@pytest.mark.parametrize("path", ["a\0b", "a" * 5000])
def test_a_path_that_no_file_system_takes_is_said(tmp_path: Path, path: str) -> None:
    with pytest.raises(RunFolderError, match=r"cannot"):
        join_run(tmp_path / path, "x")


@pytest.mark.parametrize("kind", ["folder", "fifo", "link"])
def test_a_lock_that_is_no_file_is_said_and_not_followed(tmp_path: Path, kind: str) -> None:
    shared = join_run(tmp_path / "exp", "x")
    place, elsewhere = tmp_path / "exp" / ".lock", tmp_path / "precious"
    elsewhere.write_text("precious")
    if kind == "link":
        place.symlink_to(elsewhere)
    else:
        (os.mkdir if kind == "folder" else os.mkfifo)(place)

    with pytest.raises(RunFolderError, match=r"cannot write .*\.lock"):
        shared.begin({}, lambda run: None, identity={}, folds=["i1-f1"])

    assert elsewhere.read_text() == "precious"


def test_a_lock_that_is_removed_while_it_is_waited_for_is_not_held_by_two(tmp_path: Path) -> None:
    first = lock.take(tmp_path)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(lock.take, tmp_path)
        time.sleep(0.1)  # by then it waits for the lock file that is removed now
        (tmp_path / ".lock").unlink()
        second = lock.take(tmp_path, patience=0)
        assert first
        assert second
        first.close()
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
        second.close()
        third = waiting.result()

    assert third
    third.close()
