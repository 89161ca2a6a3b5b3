"""``dlrun train`` as it is called: exit codes, streams, JSON, several specs, gates, interruption."""

from __future__ import annotations

import csv
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

pytestmark = pytest.mark.tensorflow

Dlrun = Callable[..., Any]


def only_run(folder: Path) -> Path:
    (run,) = (path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    return run


def test_a_run_prints_its_result_and_leaves_every_file_of_the_contract(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun("train", str(tiny))

    assert done.code == 0
    run = only_run(Path("runs"))
    assert f"{Path('runs') / run.name}" in done.out
    assert {path.name for path in run.iterdir()} - {".lock"} == {
        "columns.csv",
        "curves.png",
        "history.csv",
        "log.txt",
        "model.keras",
        "predictions.csv",
        "preprocessing.json",
        "record.json",
        "spec.yaml",
        "splits.npz",
    }
    assert Path("runs/latest").resolve() == run.resolve()


def test_results_go_to_stdout_and_progress_to_stderr_without_tensorflows_noise(process: Dlrun, tiny: Path) -> None:
    done = process("train", str(tiny))

    assert "accuracy" in done.out
    assert "epoch" not in done.out.split("accuracy")[1].split("selected")[0]
    assert [line.split()[:2] for line in done.err.splitlines()] == [["epoch", "1/2"], ["epoch", "2/2"]]
    assert "\x1b" not in done.out + done.err


def test_json_is_one_object_and_nothing_else(process: Dlrun, tiny: Path) -> None:
    done = process("train", str(tiny), "--json", "--quiet")

    record = json.loads(done.out)
    assert done.err == ""
    assert record["status"] == "done"
    assert 0 <= record["scores"]["validation"]["accuracy"]["mean"] <= 1
    assert Path(tiny.parent, record["run"]).is_dir()


def test_several_specs_are_one_object_a_line_and_a_failure_does_not_stop_the_rest(dlrun: Dlrun, tiny: Path) -> None:
    broken = tiny.with_name("broken.yaml")
    broken.write_text("dataset: imbd\nlayers: [Dense: 4]\n")

    done = dlrun("train", str(broken), str(tiny), "--json", "-q")

    first, second = map(json.loads, done.out.splitlines())
    assert done.code == 4
    assert (first["status"], first["exit_code"]) == ("failed", 2)
    assert second["status"] == "done"
    assert "imbd" in done.err


def test_fail_fast_stops_at_the_first_spec_that_fails(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun("train", "missing.yaml", str(tiny), "--fail-fast")

    assert done.code == 2
    assert not Path("runs").exists()


@pytest.mark.parametrize(("gate", "code"), [("accuracy>=0", 0), ("accuracy>1", 5)])
def test_a_gate_decides_the_exit_code_and_the_run_stays(dlrun: Dlrun, tiny: Path, gate: str, code: int) -> None:
    done = dlrun("train", str(tiny), "--require", gate, "-q")

    assert done.code == code
    assert json.loads((only_run(Path("runs")) / "record.json").read_text())["status"] == "done"
    assert ("required, and not reached: accuracy>1" in done.err) is (code == 5)


def test_a_missed_gate_is_part_of_the_one_json_object(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun("train", str(tiny), "--require", "accuracy>1", "--require", "loss>=0", "--json", "-q")

    record = json.loads(done.out)
    assert done.code == 5
    assert record["status"] == "done"
    assert record["gates"] == {"accuracy>1": False, "loss>=0": True}


def test_debug_shows_the_traceback_and_keeps_the_exit_code(dlrun: Dlrun) -> None:
    done = dlrun("check", "missing.yaml", "--debug")

    assert done.code == 2
    assert "Traceback" in done.err


def test_a_gate_on_what_is_not_measured_is_refused_before_anything_runs(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun("train", str(tiny), "--require", "mae<=1")

    assert done.code == 2
    assert "--require names 'mae'; this run scores loss, accuracy, roc_auc" in done.err
    assert not Path("runs").exists()


def test_an_early_stop_is_told_with_the_epoch_of_the_weights(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun(
        "train",
        str(tiny),
        "--set",
        "training={epochs: 400, early_stopping: {monitor: accuracy, patience: 2, on: inner}}",
    )

    (line,) = (line for line in done.out.splitlines() if line.strip().startswith("stopped"))
    stopped, of, kept = (int(word) for word in line.replace(";", "").split() if word.isdigit())
    assert (of, kept) == (400, stopped - 2)
    assert "early stopping" in done.out
    assert "try more epochs" not in done.out


def test_tokens_that_an_embedding_has_no_row_for_are_told_before_training(dlrun: Dlrun, real_keras_home: Path) -> None:
    Path("texts.yaml").write_text(
        "dataset: {source: reuters, num_words: 1000}\npreprocessing: [pad: 10]\n"
        "layers:\n  - Embedding: {input_dim: 100, output_dim: 2}\n  - Flatten\n"
    )

    done = dlrun("train", "texts.yaml")

    assert done.code == 2
    assert "texts.yaml:4:17" in done.err
    assert "write input_dim: 1000" in done.err


def test_a_step_that_tensorflow_refuses_fails_that_spec_in_one_line_and_no_other(dlrun: Dlrun, tiny: Path) -> None:
    bad = tiny.with_name("bad.yaml")
    # Whole numbers beyond the table of an Embedding that comes after another layer: nobody can know before.
    bad.write_text(
        "task: binary\ndataset: {source: make_moons, n_samples: 120}\ntraining: {epochs: 1}\nlayers:\n"
        "  - Rescaling: {scale: 1000.0, offset: 5000.0}\n"
        "  - Embedding: {input_dim: 3, output_dim: 2}\n  - Flatten\n"
    )

    done = dlrun("train", str(bad), str(tiny), "-q")

    assert done.code == 4
    (line,) = (line for line in done.err.splitlines() if "could not carry out a step" in line)
    assert "is not in [0, 3)" in line
    assert str(bad) in line
    assert {json.loads(path.read_text())["status"] for path in Path("runs").glob("*-*/record.json")} == {
        "failed",
        "done",
    }


@pytest.mark.parametrize("gate", ["accuracy", "accuracy==1", "__import__('os')<1"])
def test_a_gate_that_cannot_be_read_is_a_usage_error_before_anything_runs(dlrun: Dlrun, tiny: Path, gate: str) -> None:
    done = dlrun("train", str(tiny), "--require", gate)

    assert done.code == 2
    assert "expected a metric, a comparison and a number" in done.err
    assert not Path("runs").exists()


def test_set_and_seed_change_the_spec_of_the_run(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun(
        "train", str(tiny), "--set", "layers.0.Dense.units=7", "--set", "training.epochs=1", "--seed", "3", "-q"
    )

    spec = (only_run(Path("runs")) / "spec.yaml").read_text()
    assert done.code == 0
    assert "units: 7" in spec
    assert "epochs: 1" in spec
    assert "seed: 3" in spec.splitlines()


def test_a_diverging_run_exits_1_and_says_where(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun("train", str(tiny), "--set", "optimiser={name: sgd, learning_rate: 1.0e+30}", "--set", "loss=mse",
                 "--set", "last_activation=none")  # fmt: skip

    run = only_run(Path("runs"))
    record = json.loads((run / "record.json").read_text())
    assert done.code == 1
    assert "NaN or infinite at step " in done.err
    assert " in epoch 1; the step before, the largest gradient was that of layer 'output'" in done.err
    assert record["status"] == "failed"
    assert (run / "history.csv").read_text() == "iteration,fold,epoch,metric,train,validation\n"  # no epoch ended
    assert not (run / "model.keras").exists()


def test_a_layer_that_does_not_fit_is_a_spec_error_with_its_line_and_leaves_no_run(dlrun: Dlrun, tiny: Path) -> None:
    tiny.write_text(
        tiny.read_text().replace("  - Dense: 4\n", "  - Dense: 4\n  - Conv2D: {filters: 2, kernel_size: 3}\n")
    )

    done = dlrun("train", str(tiny))

    assert done.code == 2
    assert f"{tiny}:5:5" in done.err
    assert "Conv2D" in done.err
    assert not Path("runs").exists()


def start(tiny: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dlrun", "train", str(tiny), *arguments],
        cwd=tiny.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts its background jobs with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so_and_keeps_the_epochs_it_finished(tiny: Path, number: int, code: int) -> None:
    process = start(tiny, "--set", "training.epochs=100000")
    try:
        assert process.stderr is not None
        while "epoch " not in process.stderr.readline():
            assert process.poll() is None

        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    finally:
        process.kill()

    run = only_run(tiny.parent / "runs")
    assert process.returncode == code
    assert "Traceback" not in rest
    assert json.loads((run / "record.json").read_text())["status"] == "interrupted"
    assert len(list(csv.DictReader((run / "history.csv").read_text().splitlines()))) >= 1


def test_a_reader_that_goes_away_is_no_error(tiny: Path) -> None:
    process = start(tiny)
    assert process.stdout is not None
    process.stdout.close()

    process.stdout = None
    _, errors = process.communicate(timeout=120)

    assert process.returncode == 0
    assert "Traceback" not in errors
    assert json.loads((only_run(tiny.parent / "runs") / "record.json").read_text())["status"] == "done"


def test_a_closed_or_ascii_stdout_still_ends_well(process: Dlrun, tiny: Path) -> None:
    done = process("train", str(tiny), "-q", PYTHONIOENCODING="ascii", LC_ALL="C")

    assert done.code == 0
    assert done.out.isascii()


def test_a_folder_that_cannot_be_written_is_said_before_training(dlrun: Dlrun, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    done = dlrun("train", str(tiny), "--runs", "file")

    assert done.code == 6
    assert "epoch" not in done.err


def test_the_screen_shows_one_moving_line_on_a_terminal(tiny: Path) -> None:
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dlrun", "train", str(tiny)],
        cwd=tiny.parent, stdout=subprocess.PIPE, stderr=child, env=os.environ | {"TERM": "xterm"},
    )  # fmt: skip
    os.close(child)
    shown = b""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            part = os.read(parent, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part

    process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"\r\x1b[2Kepoch 1/2" in shown
    assert b"\n" not in shown


def test_a_gate_may_ask_for_more_than_a_baseline_and_knows_its_name_before_training(dlrun: Dlrun, tiny: Path) -> None:
    refused = dlrun("train", str(tiny), "--require", "accuracy>mean", "-q")
    assert not Path("runs").exists()

    done = dlrun("train", str(tiny), "--require", "accuracy>=majority", "--require", "accuracy>=linear", "--json", "-q")

    assert refused.code == 2
    assert "the baselines of this run are majority, linear" in refused.err
    record = json.loads(done.out)
    scores = record["scores"]
    above = {
        f"accuracy>={name}": scores["validation"]["accuracy"]["mean"] >= scores["baselines"][name]["accuracy"]
        for name in ("majority", "linear")
    }
    assert record["gates"] == above
    assert done.code == (0 if all(above.values()) else 5)
