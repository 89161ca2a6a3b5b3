"""``dlrun test`` as it is called: what it prints, its exit codes, and which run it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.tensorflow

Dlrun = Callable[..., Any]


@pytest.fixture
def finished(dlrun: Dlrun, tiny: Path) -> str:
    """The name of a K-fold run in ``runs/``."""
    dlrun("kfold", str(tiny), "--k", "2", "-q")
    return Path("runs", "latest").resolve().name


def test_the_score_is_printed_beside_the_baselines_with_rows_epochs_and_why(dlrun: Dlrun, finished: str) -> None:
    done = dlrun("test", "latest")

    (line,) = (line for line in done.out.splitlines() if line.strip().startswith("test"))
    assert done.code == 0
    assert "accuracy" in line
    assert "baselines: majority" in line
    assert "trained on 96 rows for 2 epochs (as the spec says)" in done.out
    assert [text.split()[:2] for text in done.err.splitlines()] == [["epoch", "1/2"], ["epoch", "2/2"]]


def test_json_is_the_record_with_the_folder(dlrun: Dlrun, finished: str) -> None:
    done = dlrun("test", finished, "--epochs", "1", "--json", "-q")

    record = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert record["run"] == f"runs/{finished}"
    assert (record["status"], record["test"]["epochs"], record["test"]["rule"]) == ("done", 1, "as asked")
    assert 0 <= record["scores"]["test"]["accuracy"]["mean"] <= 1


@pytest.mark.parametrize("epochs", ["0", "-1", "1.5", "1e3", "bset", "", "9" * 20])
def test_a_number_of_epochs_that_is_none_is_a_usage_error(dlrun: Dlrun, epochs: str) -> None:
    done = dlrun("test", "latest", f"--epochs={epochs}")

    assert done.code == 2
    assert "--epochs takes a whole number of at least 1, or 'best'" in done.err


def test_later_results_on_the_same_rows_say_that_they_were_looked_at(dlrun: Dlrun, tiny: Path, finished: str) -> None:
    dlrun("test", finished, "-q")

    later = dlrun("train", str(tiny), "--set", "name=other", "-q")

    assert f"not touched by this run; these rows were looked at once ({finished})" in later.out


@pytest.mark.parametrize("named", ["runs/latest", "runs/{}/", "./runs/{}"])
def test_however_a_run_is_named_the_ledger_lies_beside_it_and_has_its_name(
    dlrun: Dlrun, finished: str, named: str
) -> None:
    done = dlrun("test", named.format(finished), "-q")

    (line,) = Path("runs/ledger.jsonl").read_text().splitlines()
    assert done.code == 0
    assert json.loads(line)["run"] == finished


def test_from_inside_of_its_folder_a_run_is_itself(
    dlrun: Dlrun, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path("runs", finished))

    done = dlrun("test", ".", "--json", "-q")

    assert Path(json.loads(done.out)["run"]).name == finished
    assert not Path("ledger.jsonl").exists()
    assert json.loads(Path("../ledger.jsonl").read_text())["run"] == finished


def test_a_run_that_failed_or_waits_cannot_be_tested(dlrun: Dlrun, tiny: Path) -> None:
    dlrun("kfold", str(tiny), "--k", "2", "-q", "--fold", "1", "--into", "shared")
    dlrun("train", str(tiny), "-q", "--set", "optimiser={name: sgd, learning_rate: 1e38}", "--set", "loss=mse",
          "--set", "last_activation=none", "--set", "training.epochs=9")  # fmt: skip

    waits, failed, none = dlrun("test", "shared"), dlrun("test", "latest"), dlrun("test", "nothing")

    assert (waits.code, failed.code, none.code) == (6, 6, 6)
    assert "waiting for folds: 1 of 2 folds are there" in waits.err
    assert " failed: " in failed.err
    assert "is failed" not in failed.err
    assert "no run 'nothing' in runs" in none.err
    assert not Path("runs/ledger.jsonl").exists()


def test_training_on_all_rows_says_how_many_and_that_nothing_is_scored(dlrun: Dlrun, finished: str) -> None:
    done = dlrun("test", finished, "--retrain", "-q")

    assert done.code == 0
    assert "retrained  trained on 120 rows for 2 epochs (as the spec says); nothing is scored" in done.out
    assert "not touched" in done.out
