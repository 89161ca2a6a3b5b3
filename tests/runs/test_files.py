"""Files of a run by names with folders in them, and arrays that are read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import create_run


def test_names_may_have_folders_in_them_which_are_made(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.write_arrays("folds/i1-f3/outcome.npz", predictions=np.arange(3))
        run.write_text("folds/i1-f3/log.txt", "a")
        run.finish({})

        read = run.read_arrays("folds/i1-f3/outcome.npz")
    assert read["predictions"].tolist() == [0, 1, 2]
    assert sorted(path.name for path in (run.path / "folds" / "i1-f3").iterdir()) == ["log.txt", "outcome.npz"]


@pytest.mark.parametrize("name", ["../up.txt", "folds/../../up.txt", "/tmp/up.txt"])
def test_a_name_that_leads_out_of_the_run_is_a_bug(tmp_path: Path, name: str) -> None:
    with create_run(tmp_path, "x") as run, pytest.raises(ValueError, match="not a name inside"):
        run.write_text(name, "a")


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    with create_run(tmp_path, "x") as run:
        run.write_text("folds", "a file")

        with pytest.raises(RunFolderError, match=r"a file stands where a folder should be"):
            run.write_text("folds/i1-f1/log.txt", "a")


def test_a_run_folder_that_was_deleted_is_not_made_again_for_a_file_in_a_folder(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    run.path.rename(tmp_path / "elsewhere")

    with pytest.raises(RunFolderError, match="moved or deleted"):
        run.write_text("folds/i1-f1/log.txt", "a")

    assert not run.path.exists()
    run.close()


@pytest.mark.parametrize("damage", ["cut", "text", "missing", "folder"])
def test_arrays_that_cannot_be_read_are_said(tmp_path: Path, damage: str) -> None:
    with create_run(tmp_path, "x") as run:
        run.write_arrays("a.npz", numbers=np.random.default_rng(0).random(1000))
        run.finish({})
    path = run.path / "a.npz"
    whole = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"hello")

    with pytest.raises(RunFolderError, match=r"a\.npz"):
        run.read_arrays("a.npz")
