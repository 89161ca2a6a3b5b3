"""``dlrun resume`` as it is called: words, codes, and what is said on the way; and a real process that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.cli import options
from dlrun.experiment import checkpointing
from dlrun.runs import create_run

Dlrun = Callable[..., Any]
SPEC = """\
dataset: wine
preprocessing: [normalise]
layers: [Dense: 4]
evaluation: {protocol: kfold, k: 2}
training: {epochs: 5000, batch_size: 8, engine: keras}
"""


def test_a_run_that_is_done_is_refused_with_6_before_anything_heavy_is_loaded(dlrun: Dlrun) -> None:
    with create_run(Path("runs"), "x") as run:
        run.finish({})

    done = dlrun("resume", "latest")

    assert done.code == 6
    assert (
        done.err
        == f"the run runs/{run.name} is done: there is nothing to resume\n    hint: 'dlrun rerun' repeats a run\n"
    )
    assert done.out == ""


def test_a_refusal_is_one_object_with_json(dlrun: Dlrun) -> None:
    with create_run(Path("runs"), "x") as run:
        run.finish({})

    done = dlrun("resume", run.name, "--json")

    assert json.loads(done.out)["exit_code"] == done.code == 6


def test_what_is_no_run_and_a_negative_time_are_refused(dlrun: Dlrun) -> None:
    assert dlrun("resume", "nothing").code == 6
    assert dlrun("resume", "nothing", "--checkpoint", "-1").code == 2


def test_the_time_between_checkpoints_is_that_of_the_library() -> None:
    assert options.CHECKPOINT == checkpointing.EVERY


def test_a_dead_run_names_the_command_that_goes_on(dlrun: Dlrun) -> None:
    run = create_run(Path("runs"), "x")
    run.close()

    done = dlrun("show", "latest")

    assert f"killed before its end; dlrun resume {run.name} brings it to its end" in " ".join(done.out.split())


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A run whose process was killed once there was a checkpoint of its first fold."""
    (tmp_path / "wine.yaml").write_text(SPEC)
    command = [sys.executable, "-m", "dlrun", "train", "wine.yaml", "--checkpoint", "0", "-q"]
    with subprocess.Popen(command, cwd=tmp_path, start_new_session=True) as process:
        until = time.monotonic() + 200
        while not list(tmp_path.glob("runs/*/checkpoint.npz")) and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    return (tmp_path / "runs" / "latest").resolve()


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_killed_process_is_resumed_interrupted_and_told_how_to_go_on(killed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dlrun", "resume", killed.name, "--checkpoint", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        resumed = next((line for line in process.stderr if "resumed after epoch" in line), "")
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()

    record = json.loads((killed / "record.json").read_bytes())
    assert resumed.startswith("fold 1/2 resumed after epoch ")
    assert f"to go on from the last checkpoint: dlrun resume {killed.name}" in rest
    assert (process.returncode, record["status"]) == (143, "interrupted")
    assert [entry["was"] for entry in record["resumed"]] == ["dead"]
