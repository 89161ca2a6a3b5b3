"""``dlrun rerun`` as it is called: the result and the verdict, its gate, JSON, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Dlrun = Callable[..., Any]


@pytest.fixture
def first(dlrun: Dlrun, tiny: Path) -> str:
    """The name of a finished run in ``runs/``."""
    dlrun("train", str(tiny), "-q")
    return Path("runs", "latest").resolve().name


def raise_learning_rate(run: str) -> None:
    spec = Path("runs", run, "spec.yaml")
    spec.write_text(spec.read_text().replace("learning_rate: 0.001", "learning_rate: 0.1"))


@pytest.mark.tensorflow
def test_the_result_is_shown_as_by_train_and_then_the_verdict(dlrun: Dlrun, first: str) -> None:
    done = dlrun("rerun", first, "--verify")

    result, verdict = done.out.split("\nrerun  ")
    assert done.code == 0
    assert "accuracy" in result
    assert f"next: dlrun test {Path('runs/latest').resolve().name}" in result
    assert verdict.startswith(f"bit-identical with {first}\n")
    assert [text.split()[:2] for text in done.err.splitlines()] == [["epoch", "1/2"], ["epoch", "2/2"]]


@pytest.mark.tensorflow
def test_a_run_that_differs_ends_with_0_and_under_verify_with_5(dlrun: Dlrun, first: str) -> None:
    raise_learning_rate(first)

    plain, gate = dlrun("rerun", first, "-q"), dlrun("rerun", first, "-q", "--verify")

    assert (plain.code, plain.err) == (0, "")
    assert (gate.code, gate.err) == (5, f"not bit-identical with {first}\n")
    assert f"not bit-identical with {first}" in plain.out
    assert "spec.yaml was edited since: optimiser.learning_rate 0.001 → 0.1" in " ".join(plain.out.split())


@pytest.mark.tensorflow
def test_json_is_the_new_record_with_the_verdict_and_one_object_when_the_gate_is_missed(
    dlrun: Dlrun, first: str
) -> None:
    same = dlrun("rerun", first, "--verify", "--json", "-q")
    raise_learning_rate(first)
    other = dlrun("rerun", first, "--verify", "--json", "-q")

    record, missed = json.loads(same.out), json.loads(other.out)
    assert (same.code, other.code) == (0, 5)
    assert (record["status"], record["rerun_of"], record["verify"]["first"]) == ("done", first, first)
    assert Path(record["run"]).name == record["run"].removeprefix("runs/") != first
    assert record["verify"]["identical"] is True
    assert record["verify"]["files"]["history.csv"] == {"same": True}
    assert missed["verify"]["identical"] is False
    assert missed["verify"]["files"]["history.csv"]["first"]["place"] == "fold 1, epoch 1, loss, train"
    assert missed["verify"]["scores"]["validation.loss"]["difference"] != 0
    assert missed["verify"]["spec"]["edits"][0]["b"] == 0.1
    stored = json.loads(Path(record["run"], "record.json").read_text())
    assert stored["rerun_of"] == first
    assert "verify" not in stored


@pytest.mark.tensorflow
def test_two_processes_give_the_same_bits(process: Dlrun, tiny: Path) -> None:
    process("train", str(tiny), "-q")

    done = process("rerun", "latest", "--verify", "-q")

    assert (done.code, done.err) == (0, "")
    assert "bit-identical with tiny-" in done.out


def test_a_run_that_is_not_there_is_told_in_words_and_in_json(dlrun: Dlrun) -> None:
    told, as_json = dlrun("rerun", "nothing"), dlrun("rerun", "nothing", "--json")

    assert (told.code, told.out) == (6, "")
    assert "no run 'nothing' in runs" in told.err
    assert json.loads(as_json.out)["exit_code"] == as_json.code == 6


def test_without_a_run_the_usage_is_shown(dlrun: Dlrun) -> None:
    assert dlrun("rerun").code == 2
