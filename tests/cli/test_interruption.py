"""Ctrl-C and SIGTERM: when they are raised, and what a K-fold or a test that they end leaves behind."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.cli.interruption import Interruption, interruptible
from dlrun.errors import Terminated
from dlrun.events import Event, FitEnded, FitStarted, Warned

Dlrun = Callable[..., Any]


def begun() -> Event:
    return FitStarted(1, 1, 2)


def ended() -> Event:
    return FitEnded(1, 1, epochs=1)


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_a_signal_outside_of_training_is_raised_at_once(number: int, kind: type[BaseException]) -> None:
    interruption = Interruption()

    with pytest.raises(kind):
        interruption.handle(number, None)


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_a_signal_during_training_waits_for_the_next_event(number: int, kind: type[BaseException]) -> None:
    interruption = Interruption()
    interruption.listen(begun())
    interruption.handle(number, None)

    with pytest.raises(kind):
        interruption.listen(Warned("anything"))


def test_a_second_signal_does_not_wait() -> None:
    interruption = Interruption()
    interruption.listen(begun())
    interruption.handle(signal.SIGINT, None)

    with pytest.raises(KeyboardInterrupt):
        interruption.handle(signal.SIGINT, None)


def test_while_some_of_the_folds_that_train_together_go_on_a_signal_waits() -> None:
    interruption = Interruption()
    for fold in (1, 2):
        interruption.listen(FitStarted(1, fold, 2))
    interruption.listen(ended())
    interruption.handle(signal.SIGINT, None)

    with pytest.raises(KeyboardInterrupt):
        interruption.listen(FitEnded(1, 2, epochs=1))


@pytest.mark.parametrize("over", [lambda it: it.listen(ended()), lambda it: it.rest()])
def test_after_training_a_signal_is_raised_at_once_again(over: Callable[[Interruption], None]) -> None:
    interruption = Interruption()
    interruption.listen(begun())
    over(interruption)

    with pytest.raises(KeyboardInterrupt):
        interruption.handle(signal.SIGINT, None)


def test_handlers_are_put_back_and_an_ignored_signal_stays_ignored() -> None:
    kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with interruptible() as interruption:
            inside = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

        assert inside == (signal.SIG_IGN, interruption.handle)
        assert signal.getsignal(signal.SIGTERM) == before
    finally:
        signal.signal(signal.SIGINT, kept)


def stopped(folder: Path, number: int, when: Callable[[str], bool], *arguments: str) -> tuple[int, str, str]:
    """Run ``dlrun``, send it a signal at the first line of stderr after which ``when`` holds, and wait for its end."""
    command = [sys.executable, "-m", "dlrun", *arguments, "-v"]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell starts its background jobs with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stderr is not None
        seen = next((text for text in process.stderr if when(text)), "")
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    return process.returncode, out, seen + err


@pytest.mark.tensorflow
def test_ctrl_c_between_folds_keeps_the_folds_that_are_done(tiny: Path) -> None:
    run = tiny.parent / "runs" / "latest"

    code, out, err = stopped(
        tiny.parent,
        signal.SIGINT,
        lambda line: (run / "folds" / "i1-f1" / "outcome.npz").exists(),
        *("kfold", "tiny.yaml", "--k", "2", "--json", "--set", "training.epochs=60", "--set", "training.engine=keras"),
    )

    record = json.loads((run / "record.json").read_text())
    with (run / "history.csv").open() as stream:
        epochs = {int(row["epoch"]) for row in csv.DictReader(stream) if row["fold"] == "1"}
    assert code == 130
    assert json.loads(out) == {"status": "interrupted", "exit_code": 130}
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err
    assert (record["status"], record["failure"], "scores" in record) == ("interrupted", "by Ctrl-C", False)
    assert (run / "folds" / "i1-f1" / "weights.npz").exists()
    assert not (run / "folds" / "i1-f2" / "outcome.npz").exists()
    assert epochs == set(range(1, 61))


@pytest.mark.tensorflow
def test_ctrl_c_while_folds_train_together_keeps_the_epochs_of_them_all(tiny: Path) -> None:
    run = tiny.parent / "runs" / "latest"

    code, _, err = stopped(
        tiny.parent,
        signal.SIGINT,
        lambda line: "epoch 20/" in " ".join(line.split()),
        *("kfold", "tiny.yaml", "--k", "2", "--set", "training.epochs=1000000"),
    )

    record = json.loads((run / "record.json").read_text())
    with (run / "history.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["metric"] == "loss"]
    epochs = {fold: [int(row["epoch"]) for row in rows if row["fold"] == fold] for fold in ("1", "2")}
    assert code == 130
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err
    assert (record["status"], record["engine"]["lanes"]) == ("interrupted", 2)
    assert len(epochs["1"]) >= 20
    assert all(found == list(range(1, len(found) + 1)) for found in epochs.values())
    assert len(epochs["1"]) - len(epochs["2"]) in (0, 1)


@pytest.mark.tensorflow
def test_sigterm_during_a_test_leaves_the_run_done_and_the_test_rows_unseen(dlrun: Dlrun, tiny: Path) -> None:
    dlrun("kfold", str(tiny), "--k", "2", "-q")
    run = Path("runs", "latest").resolve()
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file() and path.name != ".lock"}

    training = stopped(
        tiny.parent, signal.SIGTERM, lambda line: line.startswith("epoch"), "test", "latest", "--epochs", "5000"
    )

    after = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file() and path.name != ".lock"}
    code, _, err = training
    assert code == 143
    assert err.endswith("terminated by SIGTERM\n")
    assert after.pop("log.txt").startswith(before.pop("log.txt"))
    assert after == before
    assert not Path("runs", "ledger.jsonl").exists()
