"""Which runs are not run again, and what to do about each: found out before anything is loaded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun.errors import RunFolderError, SpecError
from dlrun.experiment import rerun
from dlrun.runs import create_run, join_run, lock


def in_state(runs: Path, status: str, failure: str | None = None) -> Path:
    with create_run(runs, "x") as folder:
        folder.finish({"scores": {}})
    record = json.loads((folder.path / "record.json").read_text())
    (folder.path / "record.json").write_text(json.dumps({**record, "status": status, "failure": failure}))
    return folder.path


@pytest.mark.parametrize(
    ("status", "failure", "words"),
    [
        ("interrupted", "by Ctrl-C", r"was interrupted by Ctrl-C; it has no result(?s:.)*'dlrun resume' brings it"),
        ("running", None, r"was killed before it was done; it has no result(?s:.)*'dlrun resume' brings it"),
        ("failed", "out of memory", r"failed: out of memory; it has no result(?s:.)*'dlrun resume' brings it"),
        ("failed", None, "failed; it has no result"),
    ],
)
def test_a_run_without_a_result_has_nothing_to_be_compared_with(
    tmp_path: Path, status: str, failure: str | None, words: str
) -> None:
    folder = in_state(tmp_path, status, failure)

    with pytest.raises(RunFolderError, match=words):
        rerun(folder, runs_dir=tmp_path)


def test_a_run_that_goes_on_is_waited_for(tmp_path: Path) -> None:
    folder = in_state(tmp_path, "running")
    held = lock.take(folder)
    assert held is not None

    with held, pytest.raises(RunFolderError, match=r"is running; it has no result(?s:.)*wait until it is done"):
        rerun(folder, runs_dir=tmp_path)


def test_a_shared_run_that_waits_wants_its_folds(tmp_path: Path) -> None:
    shared = join_run(tmp_path / "shared", "x")
    shared.begin({}, lambda folder: None, identity={"spec": "a"}, folds=["i1-f1", "i1-f2"])
    with shared.fold("i1-f1"):
        pass

    with pytest.raises(RunFolderError, match=r"waiting for folds: 1 of 2 folds are there(?s:.)*--fold I --into"):
        rerun("shared", runs_dir=tmp_path)


@pytest.mark.parametrize("name", ["nothing", "latest", "../x"])
def test_a_run_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunFolderError):
        rerun(name, runs_dir=tmp_path)


@pytest.mark.parametrize("spoil", [os.unlink, lambda path: Path(path).write_text("layers: [Dens: 4]\n")])
def test_a_spec_that_is_gone_or_broken_is_a_spec_error(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    folder = in_state(tmp_path, "done")
    (folder / "spec.yaml").write_text("dataset: digits\nlayers: [Dense: 4]\n")
    spoil(folder / "spec.yaml")

    with pytest.raises(SpecError, match=r"does not exist|Dens"):
        rerun(folder, runs_dir=tmp_path)
