"""Runs to make pages of: as good as complete, of every kind, with names that try to break out."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlrun.report.page.values import Confusion, Example, Held, Pairs, Ranking, RunView

HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m\u202e${{x}}$"
"""Markup, both quotes, a terminal's escape, an override of direction, mathematics and a template."""
COLUMNS = (
    ("price", "target", "number", "0", "1.0", "9.0", "4.5"),
    ("rooms", "input", "number", "2", "1.0", "9.0", "4.5"),
)
Views = Callable[..., RunView]


def record_of(task: str = "regression", metric: str = "mae", folds: int = 4, **changed: Any) -> dict[str, Any]:
    per_fold = [2.0 + fold / 10 for fold in range(folds)]
    split = {"iteration": 1, "train": 75, "validation": 25, "monitor": 0, "repeated": 0, "classes": None}
    score = {"mean": 2.15, "std": 0.13, "low": 1.9, "high": 2.4, "n": folds, "per_fold": [per_fold]}
    return {
        "schema_version": 1,
        "status": "done",
        "run": "runs/houses-20261122-173000-7f3a",
        "name": "houses",
        "created": "2026-11-22T17:30:00Z",
        "task": task,
        "seed": 0,
        "engine": {"name": "compiled", "lanes": folds},
        "data": {
            "source": "houses",
            "rows": 100,
            "input_words": "100 rows × 3 features",
            "duplicates": 2,
            "missing": 0,
            "overlap": {"count": 1, "rows": [[90, 3]]},
            "fingerprint": "f" * 64,
            "files": [{"path": "houses.csv", "bytes": 1234, "sha256": "0"}],
            "classes": None,
            "notes": [],
        },
        "model": {
            "outline": "Dense 8 → Dense 1",
            "parameters": 41,
            "layers": [
                {"name": "dense", "kind": "Dense", "output_shape": [None, 8], "parameters": 32, "trainable": 32}
            ],
            "optimiser": "rmsprop 0.001",
            "loss": "mse",
        },
        "protocol": {"name": "kfold", "k": folds, "iterations": 1, "train": 75, "validation": 25, "test": 20},
        "splits": {"dropped": 0, "folds": [{**split, "fold": fold + 1} for fold in range(folds)]},
        "training": {"epochs": 10, "batch_size": 16, "epochs_trained": [10] * folds, "best_epoch": [7] * folds},
        "scores": {
            "validation": {metric: score},
            "selected": {metric: {**score, "epoch": 7}},
            "baselines": {"median": {metric: 6.5}, "linear": {metric: 3.4}},
        },
        "comparisons": {
            "median": {"baseline": "median", "difference": 4.3, "low": 4.0, "high": 4.6},
            "linear": {"baseline": "linear", "difference": 1.3, "low": -0.1, "high": 2.6},
        },
        "primary": metric,
        "diagnosis": {
            "best_epoch": 7,
            "overfits_from": None,
            "underfits": False,
            "words": "no overfitting so far",
            "next": "Try `training: {epochs: 20}`.",
            "power": "beats always predicting the training median",
            "linear": "no better than a linear model",
        },
        "looks": {"count": 0, "shared": 0, "runs": []},
        "warnings": ["the inputs differ in size"],
        "failures": [],
        "environment": {"python": "3.11.7", "git": {"commit": "abc", "dirty": False}},
        "seconds": 3.2,
        **changed,
    }


def history_of(folds: int = 4, epochs: int = 10, metrics: tuple[str, ...] = ("loss", "mae")) -> tuple[Any, ...]:
    return tuple(
        (1, fold, epoch, metric, 3.0 / epoch + fold / 20, 3.3 / epoch + fold / 10 + math.sin(epoch * fold) / 50)
        for fold in range(1, folds + 1)
        for epoch in range(1, epochs + 1)
        for metric in metrics
    )


def regression() -> Held:
    random = np.random.default_rng(0)
    targets = random.normal(size=80)
    facts = (("true", "1.2"), ("predicted", "4.0"), ("off by", "2.8"))
    return Held(
        pairs=(Pairs("", targets.tolist(), (targets + random.normal(size=80) / 3).tolist(), 80),),
        examples=(Example(7, facts, features=(("rooms", "4"), ("colour", "red"))),),
        examples_note="Ordered by the size of the error.",
    )


def ranking(name: str) -> Ranking:
    line = ([0.0, 0.2, 1.0], [0.0, 0.9, 1.0])
    return Ranking(name, ((line, line), (line, line)), line, ([0.1, 0.5, 1.0], [1.0, 0.9, 0.4]), 0.91, 0.83, 0.4)


def classification(classes: tuple[str, ...], image: bool = True) -> Held:
    counts = tuple(tuple(20 if true == said else 1 for said in range(len(classes))) for true in range(len(classes)))
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    facts = (("true", classes[0]), ("predicted", classes[1]))
    return Held(
        confusion=Confusion(classes, counts),
        rankings=tuple(map(ranking, classes[:6])),
        examples=(Example(3, facts, image=picture if image else None, text="" if image else "a text"),),
    )


@pytest.fixture
def view() -> Views:
    """Makes a run of a kind: ``regression``, ``binary``, ``multiclass``, ``many`` classes or ``hostile``."""

    def make(kind: str = "regression", **changed: Any) -> RunView:
        if kind == "regression":
            return RunView(record_of(**changed), history_of(), "name: houses\nseed: 0\n", COLUMNS, regression())
        if kind == "hostile":
            return hostile()
        count = {"binary": 2, "multiclass": 5, "many": 46}[kind]
        classes = tuple(f"class {index}" for index in range(count))
        record = record_of("binary" if count == 2 else "multiclass", "accuracy", **changed)
        record["data"]["classes"] = dict.fromkeys(classes, 20)
        for fold in record["splits"]["folds"]:
            fold["classes"] = {name: {"train": 15, "validation": 5} for name in classes}
        metrics = ("loss", "accuracy")
        return RunView(
            record, history_of(metrics=metrics), "name: wine\nseed: 1\n", (), classification(classes, count == 5)
        )

    return make


def hostile() -> RunView:
    """Write the same hostile text wherever a person's own words can stand."""
    record = copy.deepcopy(record_of("multiclass", HOSTILE))
    record |= {
        "name": HOSTILE,
        "run": f"runs/{HOSTILE}",
        "warnings": [HOSTILE],
        "status": "partial",
        "failure": HOSTILE,
    }
    record["data"] |= {
        "source": HOSTILE,
        "input_words": HOSTILE,
        "notes": [HOSTILE],
        "classes": {HOSTILE: 50, "b": 50},
        "files": [{"path": HOSTILE, "bytes": 3}],
    }
    record["model"]["layers"][0]["name"] = HOSTILE
    record["model"]["outline"] = record["diagnosis"]["words"] = record["diagnosis"]["power"] = HOSTILE
    record["scores"]["baselines"] = {HOSTILE: {HOSTILE: 3.0}}
    record["environment"] = {HOSTILE: HOSTILE}
    for fold in record["splits"]["folds"]:
        fold["classes"] = {HOSTILE: {"train": 30, "validation": 10}, "b": {"train": 45, "validation": 15}}
    held = classification((HOSTILE, "b"), image=False)
    example = Example(3, ((HOSTILE, HOSTILE),), text=HOSTILE, features=((HOSTILE, HOSTILE),))
    pairs = Pairs(HOSTILE, [0.0, 1.0], [0.1, 0.8], 2)
    held = Held(held.confusion, held.rankings, HOSTILE, (pairs,), HOSTILE, (), (example,), HOSTILE)
    return RunView(
        record,
        history_of(metrics=("loss", HOSTILE)),
        f"name: {HOSTILE}\n",
        ((HOSTILE, "input", "text", "0", "", "", ""),),
        held,
        ((HOSTILE, b"PNG"),),
        (HOSTILE,),
    )


@pytest.fixture
def hostile_text() -> str:
    return HOSTILE


@pytest.fixture
def many_folds() -> RunView:
    """20 folds of 200 epochs and four metrics: what a page must hold in 2 MB."""
    metrics = ("loss", "mae", "r2", "rmse")
    return RunView(record_of(folds=20), history_of(20, 200, metrics), "name: houses\n", COLUMNS, regression())
