"""``dlrun runs`` and what is below it, as a person types them."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Dlrun = Callable[..., Any]
RUNS = Path("runs")


def finished(run: str, accuracy: float, created: str = "2026-11-22T10:00:00Z", **changes: Any) -> Path:
    record = {
        "schema_version": 1,
        "status": "done",
        "run": run,
        "name": run.partition("-")[0],
        "created": created,
        "task": "multiclass",
        "seed": 0,
        "primary": "accuracy",
        "higher_is_better": {"accuracy": True, "loss": False},
        "seconds": 1.5,
        "protocol": {"name": "holdout", "k": None, "iterations": 1},
        "splits": {"fingerprint": "s"},
        "data": {"source": "wine", "fingerprint": "d", "files": []},
        "model": {"outline": "Dense 16", "parameters": 99, "loss": "categorical_crossentropy"},
        "scores": {"validation": {"accuracy": {"mean": accuracy}, "loss": {"mean": 1 - accuracy}}},
        "spec": {"fingerprint": "f", "values": {"optimiser.learning_rate": accuracy / 10, "training.epochs": 5}},
    }
    folder = RUNS / run
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(json.dumps(record | changes))
    (folder / ".lock").touch()
    return folder


@pytest.fixture
def three(dlrun: Dlrun) -> Dlrun:
    finished("wine-a", 0.7, "2026-11-22T10:00:00Z")
    finished("wine-b", 0.9, "2026-11-22T11:00:00Z")
    finished("wine-c", 0.8, "2026-11-22T12:00:00Z", seed=7)
    return dlrun


def listed(done: Any) -> list[str]:
    assert done.code == 0, done.err
    return [line.split()[0] for line in done.out.split("\n\n")[0].splitlines()[1:]]


def test_the_list_has_the_newest_first_marks_the_best_and_tells_what_differs(three: Dlrun) -> None:
    done = three("runs")

    assert listed(done) == ["wine-c", "wine-b", "wine-a"]
    assert [line.split()[0] for line in done.out.splitlines() if "★" in line] == ["wine-b", "★"]
    assert "learning_rate=0.09" in done.out
    assert "epochs" not in done.out
    assert done.err == ""


@pytest.mark.parametrize("arguments", [["runs"], ["runs", "list"]])
def test_list_is_what_runs_does_by_itself(three: Dlrun, arguments: list[str]) -> None:
    assert listed(three(*arguments, "--sort", "accuracy")) == ["wine-b", "wine-c", "wine-a"]
    assert listed(three(*arguments, "--sort", "-accuracy", "--limit", "1")) == ["wine-a"]
    assert listed(three(*arguments, "--reverse")) == ["wine-a", "wine-b", "wine-c"]
    assert listed(three(*arguments, "--where", "learning_rate>0.075 and seed!=7")) == ["wine-b"]


def test_json_says_all_that_the_table_says(three: Dlrun) -> None:
    found = json.loads(three("runs", "--json", "--sort", "seconds").out)["runs"]

    best = next(row for row in found if row["best"])
    assert (best["run"], best["best_of"], best["path"]) == ("wine-b", 3, "runs/wine-b")
    assert best["differs"] == {"optimiser.learning_rate": pytest.approx(0.09)}
    assert best["scores"] == {"accuracy": 0.9, "loss": pytest.approx(0.1)}
    assert [row["best"] for row in found].count(True) == 1


def test_a_wrong_condition_is_an_error_2_that_points_at_it(three: Dlrun) -> None:
    done = three("runs", "--where", "acuracy>0.5", "--json")

    assert done.code == 2
    assert done.err.splitlines() == [
        "--where: no run has 'acuracy'",
        "    acuracy>0.5",
        "    ^",
        "    hint: did you mean 'accuracy'?",
    ]
    assert json.loads(done.out)["exit_code"] == 2


def test_where_nothing_is_found_the_message_says_so(three: Dlrun) -> None:
    done = three("runs", "--where", "accuracy>2")

    assert (done.code, done.out) == (0, "")
    assert "none of 3 runs in runs/ is like that" in done.err
    assert json.loads(three("runs", "--where", "accuracy>2", "--json").out) == {"runs": []}


def test_hostile_records_cannot_write_to_the_terminal(dlrun: Dlrun) -> None:
    for index in range(2):
        spec = {"values": {"x\x1b[31m": f"\x1b]0;{index}\x07"}}
        finished(f"odd-{index}", 0.5, data={"source": "\x1b[2J", "fingerprint": "d", "files": []}, spec=spec)

    for arguments in (["runs"], ["runs", "--sort", "x\x1b[31m"], ["runs", "--where", "\x1b>1"]):
        done = dlrun(*arguments)
        assert "\x1b" not in done.out + done.err


def test_a_run_is_tagged_found_by_its_tag_and_untagged(three: Dlrun) -> None:
    assert three("runs", "tag", "wine-a", "good", "paper").out == "wine-a   good paper\n"

    assert listed(three("runs", "--where", "tag=good")) == ["wine-a"]
    assert "good paper" in three("runs").out
    assert three("runs", "tag", "wine-a", "good", "paper", "--remove").out == "wine-a   no tags\n"
    assert three("runs", "--where", "tag=good").out == ""


def test_runs_are_tagged_by_a_condition(three: Dlrun) -> None:
    done = three("runs", "tag", "--where", "accuracy>0.75", "good", "--json")

    assert json.loads(done.out) == {"runs": [{"run": "wine-c", "tags": ["good"]}, {"run": "wine-b", "tags": ["good"]}]}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["tag", "wine-a"], 2, "no tag is named"),
        (["tag", "wine-a", "a b"], 2, "is no tag"),
        (["tag", "wine-a", "wine-b", "good"], 2, "'wine-b' is a run, and one command tags one run"),
        (["tag", "wine-z", "good"], 6, "no run 'wine-z'"),
        (["tag", "--where", "accuracy>>1", "good"], 2, "expected a value"),
        (["rm"], 2, "no run to remove is named"),
        (["rm", "wine-a", "--where", "seed=0"], 2, "not both"),
        (["rm", "wine-a"], 2, "--yes is needed"),
        (["rm", "wine-z", "--yes"], 6, "no run 'wine-z'"),
        (["rm", "../runs", "--yes"], 6, "not a run folder"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_changed(
    three: Dlrun, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))

    done = three("runs", *arguments)

    assert done.code == code
    assert message in done.err
    assert sorted(os.listdir(RUNS)) == ["wine-a", "wine-b", "wine-c"]


def test_runs_are_removed_and_the_ledger_keeps_their_looks(three: Dlrun) -> None:
    (RUNS / "ledger.jsonl").write_text("a look\n")
    finished("wine-d", 0.9, scores={"validation": {}, "test": {"accuracy": {"mean": 1.0}}})

    done = three("runs", "rm", "wine-a", "wine-d", "wine-a", "--yes")

    assert done.code == 0
    assert done.out.splitlines() == [
        "removed wine-a",
        "removed wine-d; it had looked at its test rows, and the ledger keeps that look",
    ]
    assert sorted(os.listdir(RUNS)) == ["ledger.jsonl", "wine-b", "wine-c"]
    assert (RUNS / "ledger.jsonl").read_text() == "a look\n"


def test_a_dry_run_says_what_would_go_and_removes_nothing(three: Dlrun) -> None:
    done = three("runs", "rm", "--where", "accuracy<0.85", "--dry-run")

    assert done.out.splitlines() == ["would remove wine-c", "would remove wine-a"]
    assert json.loads(three("runs", "rm", "wine-a", "--dry-run", "--json").out) == {
        "removed": [],
        "would_remove": ["wine-a"],
    }
    assert len(os.listdir(RUNS)) == 3


def test_runs_are_removed_by_a_condition(three: Dlrun) -> None:
    assert json.loads(three("runs", "rm", "--where", "accuracy<0.85", "-y", "--json").out) == {
        "removed": ["wine-c", "wine-a"]
    }
    assert os.listdir(RUNS) == ["wine-b"]
    assert "nothing to remove" in three("runs", "rm", "--where", "accuracy<0.1", "-y").err


def test_where_one_run_is_busy_none_is_removed(three: Dlrun) -> None:
    from dlrun.runs import lock

    with lock.take(RUNS / "wine-b") as held:  # type: ignore[union-attr]
        assert held is not None
        done = three("runs", "rm", "wine-a", "wine-b", "--yes")

    assert done.code == 6
    assert "wine-b is busy" in done.err
    assert len(os.listdir(RUNS)) == 3


class Person(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "left"), [("y\n", 2), ("yes\n", 2), ("\n", 3), ("n\n", 3), ("", 3)])
def test_a_person_is_asked(three: Dlrun, monkeypatch: pytest.MonkeyPatch, answer: str, left: int) -> None:
    monkeypatch.setattr(sys, "stdin", Person(answer))

    done = three("runs", "rm", "wine-a")

    assert done.code == 0
    assert "remove 1 run with all files? [y/N]" in done.err
    assert len(os.listdir(RUNS)) == left


def test_runs_of_one_name_in_two_folders_are_two_runs(three: Dlrun) -> None:
    Path("other").mkdir()
    finished("elsewhere", 0.5).rename("other/wine-c")
    done = three("runs", "rm", "other/wine-c", "runs/wine-c", "--dry-run")

    assert (done.code, done.out) == (6, "")
    assert "other/wine-c does not lie in runs" in done.err


def test_runs_are_exported_as_tables(three: Dlrun) -> None:
    done = three("runs", "export", "--parquet", "out", "--csv", "out", "--where", "accuracy>0.75")

    assert done.code == 0
    assert [line.split()[:2] for line in done.out.splitlines()][:3] == [
        ["out/runs.parquet", "2"],
        ["out/spec.parquet", "4"],
        ["out/scores.parquet", "4"],
    ]
    assert sorted(os.listdir("out")) == sorted(
        f"{name}.{kind}" for name in ("runs", "spec", "scores", "folds", "history") for kind in ("parquet", "csv")
    )
    again = three("runs", "export", "--csv", "out")
    assert (again.code, "is there already" in again.err) == (2, True)
    both = three("runs", "export", "--parquet", "elsewhere", "--csv", "out")
    assert (both.code, Path("elsewhere").exists()) == (2, False)
    assert json.loads(three("runs", "export", "--csv", "out", "--force", "--json").out)["runs"] == 3
    assert three("runs", "export").code == 2


@pytest.mark.parametrize(
    "options", [["--where", "seed=7"], ["--runs", "other"], ["--sort", "mae"], ["--limit", "1"], ["--json"]]
)
@pytest.mark.parametrize("command", [["rm", "wine-a", "--yes"], ["export", "--csv", "out"], ["tag", "wine-a", "x"]])
def test_an_option_at_a_place_where_it_would_be_ignored_is_refused(
    three: Dlrun, options: list[str], command: list[str]
) -> None:
    done = three("runs", *options, *command)

    assert done.code == 2
    assert f"{options[0]} stands before '{command[0]}'" in done.err
    assert sorted(os.listdir(".")) == ["runs"]
    assert sorted(os.listdir(RUNS)) == ["wine-a", "wine-b", "wine-c"]


def test_numbers_that_json_has_no_word_for_break_nothing(dlrun: Dlrun) -> None:
    for name, odd in (("odd-a", float("nan")), ("odd-b", 10**400), ("odd-c", float("inf"))):
        values = {"x": odd, "training.epochs": 5}
        finished(name, 0.5, spec={"values": values}, seed=odd, seconds=odd, environment={"cpus": odd})

    for arguments in (["runs"], ["runs", "--sort", "seed"], ["diff", "odd-a", "odd-b"], ["diff", "odd-a", "odd-c"]):
        assert dlrun(*arguments).code == 0
        assert json.loads(dlrun(*arguments, "--json").out)
    assert dlrun("runs", "export", "--parquet", "out", "--csv", "out").code == 0
