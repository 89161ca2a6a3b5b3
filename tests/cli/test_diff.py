"""``dlrun diff``: the words, the tables, and that hostile runs stay text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Dlrun = Callable[..., Any]


def finished(run: str, mae: float, **changes: Any) -> None:
    record = {
        "schema_version": 1,
        "status": "done",
        "name": "boston",
        "created": "2026-11-22T10:00:00Z",
        "task": "regression",
        "primary": "mae",
        "data": {"source": "boston_housing", "fingerprint": "d", "files": []},
        "splits": {"fingerprint": "s"},
        "model": {"outline": "Dense 16 → Dense 1", "parameters": 1500, "loss": "mse"},
        "scores": {"validation": {"mae": {"mean": mae}}, "baselines": {"linear": {"mae": 3.4}}},
        "spec": {"values": {"layers.0.Dense.units": 16, "training.epochs": 5}},
        "environment": {"keras": "3.15", "git": {"commit": "0123456789abcdef", "dirty": False}},
    }
    folder = Path("runs", run)
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(json.dumps(record | changes))


def test_what_is_the_same_is_a_line_and_what_differs_is_a_table(dlrun: Dlrun) -> None:
    values = {"layers.0.Dropout.rate": 0.5, "layers.1.Dense.units": 32, "training.epochs": 5}
    finished("a", 2.5)
    finished(
        "b", 2.0, spec={"values": values}, environment={"keras": "3.15", "git": {"commit": "f" * 40, "dirty": True}}
    )

    done = dlrun("diff", "a", "b")

    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert done.code == 0
    assert "same data, splits; different spec, environment" in lines
    assert "layers.0.Dropout - rate 0.5" in lines
    assert "layers.0→1.Dense.units 16 32" in lines
    assert "git.commit 0123456789ab ffffffffffff" in lines
    assert "mae 2.50 2.00 -0.50 B is better" in lines
    assert "more than luck? dlrun compare a b" in lines
    assert not any("epochs" in line or "keras" in line or "linear" in line for line in lines)


def test_runs_on_other_rows_are_told_so(dlrun: Dlrun) -> None:
    finished("a", 2.5)
    finished("b", 2.0, splits={"fingerprint": "other"})

    out = dlrun("diff", "a", "b").out

    assert "same data, spec, environment; different splits" in out
    assert "the scores were measured on different rows" in out
    assert "dlrun compare a b --unpaired" in out


def test_a_run_beside_itself_differs_in_nothing(dlrun: Dlrun) -> None:
    finished("a", 2.5)

    out = dlrun("diff", "a", "a").out

    assert "same data, splits, spec, environment" in out
    assert "better" not in out
    assert "luck" not in out


def test_json_is_the_same_in_one_object(dlrun: Dlrun) -> None:
    finished("a", 2.5)
    finished("b", 2.0)

    found = json.loads(dlrun("diff", "a", "b", "--json").out)

    assert found["scores"][0]["difference"] == pytest.approx(-0.5)
    assert [run["run"] for run in found["runs"]] == ["a", "b"]


def test_a_run_that_is_not_there_is_an_error_6(dlrun: Dlrun) -> None:
    finished("a", 2.5)

    assert dlrun("diff", "a", "z").code == 6


def test_hostile_records_cannot_write_to_the_terminal(dlrun: Dlrun) -> None:
    evil = "\x1b[31m\n"
    finished("a", 2.5)
    finished(
        "b",
        2.0,
        task=evil,
        created=evil,
        spec={"values": {evil: evil, f"layers.0.{evil}": {}, "layers.0.Dense.x": evil}},
        environment={evil: evil},
        model={"outline": evil, "loss": evil},
        scores={"validation": {evil: {"mean": 1.0}}, "baselines": {evil: {evil: 1.0}}},
    )

    done = dlrun("diff", "a", "b")

    assert done.code == 0
    assert "\x1b" not in done.out + done.err
