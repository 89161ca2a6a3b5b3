"""``dlrun kfold`` as it is called: what its flags come to, folds that fail, and one fold at a time."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.runs import lock

pytestmark = pytest.mark.tensorflow

Dlrun = Callable[..., Any]

ROWS = 50
WILD = 25
"""A row whose size makes a fit on it fail. Under forward chaining only the third of three folds trains on it."""
TABLE = "".join(
    f"{1e15 if row == WILD else math.sin(row):.4f},{math.cos(3 * row):.4f},{row},{row % 2},{row % 3 + 1},"
    f"{math.sin(row) + math.cos(3 * row):.4f}\n"
    for row in range(ROWS)
)
SPEC = """\
task: regression
dataset: {source: csv, path: table.csv, target: y, features: [a, b]}
layers: [Dense: 4]
optimiser: {name: sgd, learning_rate: 0.01}
training: {epochs: 2, batch_size: 4}
"""
SAME = ("history.csv", "predictions.csv", "curve.csv", "spec.yaml", "splits.npz")
OTHER = ("run", "created", "finished", "seconds", "environment", "shared")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "table.csv").write_text("a,b,t,who,part,y\n" + TABLE)
    spec = tmp_path / "table.yaml"
    spec.write_text(SPEC)
    return spec


def record_of(run: str) -> dict[str, Any]:
    return dict(json.loads(Path("runs", run, "record.json").read_text()))


@pytest.mark.parametrize(
    ("said", "flags", "expected"),
    [
        ("{validation: 0.5}", [], ("kfold", 4, 1)),
        ("{protocol: kfold, k: 3}", [], ("kfold", 3, 1)),
        ("{protocol: kfold, k: 3}", ["--k", "2", "--iterations", "2"], ("iterated_kfold", 2, 2)),
        ("{protocol: iterated_kfold, iterations: 2, k: 2}", [], ("iterated_kfold", 2, 2)),
        ("{protocol: iterated_kfold, iterations: 2, k: 2}", ["--iterations", "1"], ("kfold", 2, 1)),
    ],
)
def test_flags_change_what_the_spec_says_and_nothing_else(
    dlrun: Dlrun, tiny: Path, said: str, flags: list[str], expected: tuple[str, int, int]
) -> None:
    tiny.write_text(f"{tiny.read_text()}evaluation: {said}\n")

    done = dlrun("kfold", str(tiny), *flags, "--set", "training.epochs=1", "--json", "-q")

    protocol = json.loads(done.out)["protocol"]
    assert (done.code, done.err) == (0, "")
    assert (protocol["name"], protocol["k"], protocol["iterations"]) == expected


def test_a_column_that_looks_like_a_number_is_a_columns_name(dlrun: Dlrun, table: Path) -> None:
    text = Path("table.csv").read_text()
    Path("table.csv").write_text(text.replace("part", "1e3").replace(f"{1e15:.4f}", "0.5"))

    done = dlrun("kfold", str(table), "--k", "2", "--group", "1e3", "--json", "-q")

    assert done.code == 0
    assert json.loads(done.out)["protocol"]["group"] == "1e3"


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--time", "t", "--stratify"], 2, "--stratify and --time contradict each other"),
        (["--time", "t", "--iterations", "2"], 2, "--iterations and --time contradict each other"),
        (["--gap", "2"], 2, "it would have no effect without 'time'"),
        (["--k", "1000"], 2, "1000 folds cannot be made of 40 rows"),
        (["--time", "t", "--set", "evaluation={protocol: iterated_kfold, k: 2}"], 2, "iterated_kfold"),
        (["--time", "when"], 3, "no column 'when'"),
        (["--fold", "1"], 2, "--fold and --into go together"),
        (["--into", "x"], 2, "--fold and --into go together"),
        (["table.yaml", "--fold", "1", "--into", "x"], 2, "--into takes the folds of one spec, not of 2"),
        (["--fold", "5", "--into", "x"], 2, "there is no fit 5: this spec makes 4, counted from 1"),
        (["--fold", "1", "--into", "latest"], 6, "'latest' moves to every new run"),
    ],
)
def test_what_cannot_work_is_refused_with_a_reason_before_there_is_a_run(
    dlrun: Dlrun, table: Path, flags: list[str], code: int, words: str
) -> None:
    done = dlrun("kfold", str(table), *flags, "-q")

    assert done.code == code
    assert words in done.err
    assert done.out == ""
    assert not Path("runs").exists()


def test_a_fold_that_fails_leaves_the_others_done_and_no_mean(dlrun: Dlrun, table: Path) -> None:
    done = dlrun("kfold", str(table), "--k", "3", "--time", "t", "--json", "-q")

    record = json.loads(done.out)
    (failure,) = record["failures"]
    mae = record["scores"]["validation"]["mae"]
    assert done.code == 4
    assert record["status"] == "partial"
    assert (failure["iteration"], failure["fold"]) == (1, 3)
    assert "loss became NaN or infinite" in failure["reason"]
    assert [score is None for score in mae["per_fold"][0]] == [False, False, True]
    assert (mae["mean"], mae["low"], mae["high"], mae["n"]) == (None, None, None, 2)
    assert record["diagnosis"]["words"].startswith("of the 2 folds that did not fail: ")
    assert record["diagnosis"]["next"].startswith("First make every fold train")


def test_a_final_fit_that_fails_leaves_a_partial_run_as_it_was(dlrun: Dlrun, table: Path) -> None:
    shown = dlrun("kfold", str(table), "--k", "3", "--time", "t", "-q")
    before = record_of("latest")

    failed, best = dlrun("test", "latest", "-q"), dlrun("test", "latest", "--epochs", "best", "-q")

    assert "no mean: fold 3 of 3 failed" in shown.out
    assert (failed.code, best.code) == (1, 2)
    assert "the final fit failed: " in failed.err
    assert "history.csv" not in failed.err
    assert "give --epochs N" in best.err
    assert record_of("latest") == before
    assert not Path("runs", "ledger.jsonl").exists()


def test_when_all_folds_fail_the_record_says_which_and_why(dlrun: Dlrun, table: Path) -> None:
    done = dlrun("kfold", str(table), "--k", "2", "--set", "optimiser.learning_rate=1e38", "--json", "-q")

    said, record = json.loads(done.out), record_of("latest")
    assert (done.code, said["status"], said["exit_code"]) == (1, "failed", 1)
    assert "all 2 folds failed; the first: " in said["error"]
    assert record["status"] == "failed"
    assert [failure["fold"] for failure in record["failures"]] == [1, 2]


def test_a_failing_spec_among_several_does_not_hide_the_others(dlrun: Dlrun, table: Path, tiny: Path) -> None:
    done = dlrun(
        "kfold",
        str(table),
        str(tiny),
        "--k",
        "2",
        "--json",
        "-q",
        "--set",
        "optimiser={name: sgd, learning_rate: 1e38}",
    )

    failed, other = map(json.loads, done.out.splitlines())
    assert failed["spec"] == str(table)
    assert other["status"] in ("done", "failed")
    assert done.code == (4 if other["status"] == "done" else 1)


def test_a_gate_holds_for_the_mean_over_folds(dlrun: Dlrun, tiny: Path) -> None:
    done = dlrun("kfold", str(tiny), "--k", "2", "--require", "accuracy>1", "--json", "-q")

    assert done.code == 5
    assert json.loads(done.out)["gates"] == {"accuracy>1": False}


def test_a_run_that_waits_for_folds_says_so_and_takes_no_other_fold(dlrun: Dlrun, tiny: Path) -> None:
    one = ("kfold", str(tiny), "--k", "2", "--into", "shared", "--fold")
    first = dlrun(*one, "1")
    with_json = json.loads(dlrun(*one, "1", "--json", "-q").out)
    again = dlrun(*one, "1")
    other = dlrun(*one, "1", "--set", "seed=1", "-q")
    Path("runs/shared/folds/i1-f2").mkdir()
    held = lock.take(Path("runs/shared/folds/i1-f2"))
    assert held is not None
    with held:
        busy = dlrun(*one, "2", "-q")

    assert [done.code for done in (first, again, other, busy)] == [0, 0, 6, 6]
    assert first.out.startswith("tiny")
    assert "waiting  1 of 2 folds done; the last one completes this run" in first.out
    assert "fold 1/2" in first.err
    assert "fold 1/2" not in again.err
    assert with_json["status"] == "waiting"
    assert "holds folds of another run: spec differs" in other.err
    assert "fold 2 is being run by" in busy.err
    assert record_of("shared")["shared"]["finished"] == ["i1-f1"]


def test_a_gate_is_judged_by_the_process_that_completes_the_run(dlrun: Dlrun, tiny: Path) -> None:
    one = ("kfold", str(tiny), "--k", "2", "--into", "shared", "--require", "accuracy>1", "-q", "--fold")

    assert [dlrun(*one, "2").code, dlrun(*one, "1").code] == [0, 5]


def test_a_fold_that_fails_in_its_own_process_leaves_the_same_partial_run(dlrun: Dlrun, table: Path) -> None:
    whole = dlrun("kfold", str(table), "--k", "3", "--time", "t", "-q")
    in_one_go = record_of("latest")

    codes = [
        dlrun("kfold", str(table), "--k", "3", "--time", "t", "-q", "--into", "shared", "--fold", fold).code
        for fold in "321"
    ]

    shared = record_of("shared")
    assert whole.code == 4
    assert codes == [1, 0, 4]  # the fold alone has failed; the run that it completes is partial
    assert comparable(shared) == comparable(in_one_go)


def test_a_fold_that_failed_is_run_again_while_the_run_waits_for_others(dlrun: Dlrun, table: Path) -> None:
    one = ("kfold", str(table), "--k", "3", "--time", "t", "--into", "shared", "--fold")

    first, again = dlrun(*one, "3", "-q"), dlrun(*one, "3")
    codes = [dlrun(*one, fold, "-q").code for fold in "12"]
    after = dlrun(*one, "3")

    assert (first.code, again.code) == (1, 1)
    assert "fit 3 failed: the training" in first.err
    assert "fold 3/3" in again.err  # trained once more
    assert codes == [0, 4]
    assert after.code == 4
    assert "fold 3/3" not in after.err  # the run is complete, and stays as it is


@pytest.mark.parametrize("engine", ["engine: auto", "engine: compiled, program: vectorized"])
def test_folds_run_at_the_same_time_by_processes_of_their_own_are_the_run_in_one_go(tiny: Path, engine: str) -> None:
    tiny.write_text(tiny.read_text().replace("epochs: 2", f"{engine}, epochs: 2") + "regularisation: {dropout: 0.2}\n")
    command = [sys.executable, "-m", "dlrun", "kfold", str(tiny), "--k", "2", "-q"]
    shares = [["--fold", fold, "--into", "shared"] for fold in "21"]

    started = [subprocess.Popen([*command, *share], cwd=tiny.parent, stdout=subprocess.PIPE) for share in shares]
    for process in started:
        process.communicate(timeout=300)
    alone = subprocess.run([*command, "--runs", "alone"], cwd=tiny.parent, capture_output=True, check=False)

    assert [process.returncode for process in started] == [0, 0]
    assert alone.returncode == 0
    one, other = tiny.parent / "runs" / "shared", (tiny.parent / "alone" / "latest").resolve()
    assert {name: (one / name).read_bytes() for name in SAME} == {name: (other / name).read_bytes() for name in SAME}
    records = [json.loads((run / "record.json").read_text()) for run in (one, other)]
    assert records[0]["status"] == "done"
    assert comparable(records[0]) == comparable(records[1])


def comparable(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs between a shared run and one in one go: names, times, and the command."""
    return {key: value for key, value in record.items() if key not in OTHER}
