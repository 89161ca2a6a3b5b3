"""A record to render, and the text that it is to give."""

from __future__ import annotations

import copy
from typing import Any

import pytest

IMDB: dict[str, Any] = {
    "schema_version": 1,
    "status": "done",
    "run": "runs/imdb-20261122-173000-7f3a",
    "name": "imdb",
    "task": "binary",
    "seed": 0,
    "engine": {"name": "keras", "why": "asked for"},
    "data": {"input_words": "25 000 rows × 10 000 columns", "duplicates": 123, "missing": 0},
    "model": {
        "outline": "Dense 16 → Dense 16 → Dense 1",
        "parameters": 160305,
        "optimiser": "rmsprop 0.001",
        "loss": "binary_crossentropy",
    },
    "protocol": {"name": "holdout", "train": 15000, "validation": 10000, "test": 25000},
    "training": {"epochs": 20, "batch_size": 512},
    "scores": {
        "validation": {
            "loss": {"mean": 0.55, "std": None, "low": None, "high": None},
            "roc_auc": {"mean": 0.94, "std": None, "low": 0.9354, "high": 0.9447},
            "accuracy": {
                "mean": 0.8721,
                "std": None,
                "low": 0.8653,
                "high": 0.8786,
                "n": 10000,
                "per_fold": [[0.8721]],
            },
        },
        "selected": {"accuracy": {"mean": 0.8893, "std": None, "low": 0.8831, "high": 0.8954, "epoch": 4}},
        "baselines": {"majority": {"accuracy": 0.5}},
    },
    "primary": "accuracy",
    "diagnosis": {"best_epoch": 4, "words": "lowest validation loss at epoch 4; overfitting after it (0.28 → 0.55)"},
    "warnings": [],
    "failure": None,
}


@pytest.fixture
def imdb() -> dict[str, Any]:
    """The record of a finished hold-out run, the test's own to change."""
    return copy.deepcopy(IMDB)
