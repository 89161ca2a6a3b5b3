"""A run broken off at each of its writes, by a kill or a full disk: nothing is torn, and it ends as if it were not."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dlrun import load_spec
from dlrun.errors import RunFolderError
from dlrun.experiment import resume, run, run_fold
from dlrun.runs import list_runs, read_record
from dlrun.training.choice import Choice
from tests.torture.comparing import differences
from tests.torture.faults import Killed, faults
from tests.torture.quick_engine import QuickEngine

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow, pytest.mark.timeout(1800)]

SPEC = """\
task: regression
name: line
dataset: {source: csv, path: %s, target: y}
preprocessing: [normalise]
layers: [Dense: 2]
evaluation: %s
training: {epochs: 3, batch_size: 8, engine: keras}
"""
PROTOCOLS = {"holdout": "{protocol: holdout, validation: 0.3}", "kfold": "{protocol: kfold, k: 2}"}
Carry = Callable[[Path, Path], None]
"""Carries out a spec in a folder of runs, or goes on with what is there; checkpoints after every epoch."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Choice, "load", lambda self: QuickEngine())
    monkeypatch.setattr(
        "dlrun.experiment.recording.draw_curves", lambda history, path, **words: path.write_text("drawn")
    )


def spec_in(folder: Path, protocol: str) -> Path:
    table, spec = folder / "table.csv", folder / "line.yaml"
    lines = (f"{number % 7},{number % 5},{number % 7 + 2 * (number % 5)}" for number in range(40))
    table.write_text("\n".join(["a,b,y", *lines]) + "\n")
    spec.write_text(SPEC % (table, PROTOCOLS[protocol]))
    return spec


def in_one_go(spec: Path, runs: Path) -> None:
    """Run a spec, or resume the run that is there."""
    there = [row for row in list_runs(runs) if row.status != "damaged"]
    if there:
        resume(there[0].path, checkpoint_every=0)
    else:
        run(load_spec(spec), runs_dir=runs, checkpoint_every=0)


def fold_by_fold(spec: Path, runs: Path) -> None:
    """Run the folds of a spec one by one into a shared run, as a cluster's processes would."""
    for number in (1, 2):
        run_fold(load_spec(spec), number, runs / "shared", checkpoint_every=0)


def the_run(runs: Path) -> Path:
    (row,) = [row for row in list_runs(runs) if row.status != "damaged"]
    return row.path


def writes_of(carry: Carry, spec: Path, runs: Path) -> list[str]:
    with faults(runs) as seen:
        carry(spec, runs)
    return seen.seen


def check_nothing_torn(runs: Path) -> None:
    """What is broken off does not look finished, and every file that has its own name is whole."""
    for row in list_runs(runs):
        assert row.status not in ("done", "partial")
        for path in row.path.rglob("*.npz"):
            if not path.name.startswith(".tmp-"):
                assert path.read_bytes()[:2] == b"PK"


def bring_to_end(carry: Carry, spec: Path, runs: Path) -> Path:
    """Go on as a person would, and return the run: one begun anew, where there was no spec yet to go on with."""
    begun = [row.path for row in list_runs(runs) if (row.path / "spec.yaml").exists()]
    if carry is in_one_go and not begun:
        for row in list_runs(runs):
            with pytest.raises(RunFolderError, match=r"run the spec again|it has no record") as refused:
                resume(row.path)
            assert refused.value.exit_code == 6
        run(load_spec(spec), runs_dir=runs / "anew", checkpoint_every=0)
        return the_run(runs / "anew")
    carry(spec, runs)
    return the_run(runs)


def is_done(runs: Path) -> bool:
    """Tell whether a run was done before it was broken off: only files of no more use were left to be removed."""
    return any(row.status == "done" for row in list_runs(runs))


def results_differ(whole: Path, ended: Path) -> list[str]:
    """Compare; what a finished run goes without may be left in one that was broken off after its end."""
    left = {"checkpoint.npz"} | ({"outcome.npz"} if read_record(ended)["protocol"]["name"] == "holdout" else set())
    return [name for name in differences(whole, ended) if Path(name).name not in left or (whole / name).exists()]


CASES = [("holdout", in_one_go), ("kfold", in_one_go), ("kfold", fold_by_fold)]


@pytest.mark.parametrize(("protocol", "carry"), CASES)
def test_a_run_killed_at_any_write_is_resumed_to_the_same_end(protocol: str, carry: Carry, tmp_path: Path) -> None:
    spec = spec_in(tmp_path, protocol)
    writes = writes_of(carry, spec, tmp_path / "whole")
    named = next(at for at, write in enumerate(writes, start=1) if write.endswith("/spec.yaml"))
    for at in range(1, len(writes) + 1):
        runs = tmp_path / f"at-{at}"
        with faults(runs, at), pytest.raises(Killed):
            carry(spec, runs)

        if is_done(runs):
            ended = the_run(runs)
        else:
            check_nothing_torn(runs)
            ended = bring_to_end(carry, spec, runs)

        assert read_record(ended)["status"] == "done", writes[at - 1]
        assert results_differ(the_run(tmp_path / "whole"), ended) == [], writes[at - 1]
        # From the moment on at which the spec has its name, a run is resumed.
        assert ("anew" in ended.parts) == (at <= named and carry is in_one_go), writes[at - 1]
    assert len(writes) > 20
    assert named <= 16


@pytest.mark.parametrize(
    ("protocol", "carry", "lasting"), [(*CASES[0], True), (*CASES[1], True), (*CASES[1], False), (*CASES[2], False)]
)
def test_a_disk_that_is_full_at_any_write_loses_nothing(
    protocol: str, carry: Carry, lasting: bool, tmp_path: Path
) -> None:
    spec = spec_in(tmp_path, protocol)
    writes = writes_of(carry, spec, tmp_path / "whole")
    for at in range(1, len(writes) + 1):
        runs = tmp_path / f"at-{at}"
        failure = ""
        with faults(runs, at, lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), lasting=lasting):
            try:
                carry(spec, runs)
            except RunFolderError as error:
                failure = str(error)

        if failure:
            assert "No space left on device" in failure, writes[at - 1]
            check_nothing_torn(runs)
            ended = bring_to_end(carry, spec, runs)
        else:
            ended = the_run(runs)

        assert read_record(ended)["status"] == "done", writes[at - 1]
        assert results_differ(the_run(tmp_path / "whole"), ended) == [], writes[at - 1]
