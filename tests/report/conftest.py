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
    "looks": {"count": 0, "shared": 0, "runs": []},
    "failures": [],
    "warnings": [],
    "failure": None,
}

BOSTON: dict[str, Any] = {
    "schema_version": 1,
    "status": "done",
    "run": "runs/boston-20261122-173000-7f3a",
    "name": "boston",
    "task": "regression",
    "seed": 0,
    "engine": {"name": "keras"},
    "data": {"input_words": "404 rows × 13 features", "duplicates": 0, "missing": 0},
    "model": {
        "outline": "Dense 64 → Dense 64 → Dense 1",
        "parameters": 5121,
        "optimiser": "rmsprop 0.001",
        "loss": "mse",
    },
    "protocol": {"name": "kfold", "k": 4, "iterations": 1, "train": 303, "validation": 101, "test": 102},
    "splits": {
        "dropped": 0,
        "folds": [
            {"iteration": 1, "fold": fold, "train": 303, "validation": 101, "monitor": 0, "repeated": 0}
            for fold in (1, 2, 3, 4)
        ],
    },
    "training": {"epochs": 100, "batch_size": 1, "best_epoch": [62, 48, 71, 55], "stopped_early": False},
    "scores": {
        "validation": {
            "loss": {"mean": 11.3, "std": 3.1, "low": 7.2, "high": 15.4, "per_fold": [[9.1, 10.2, 11.2, 14.7]]},
            "mae": {
                "mean": 2.381,
                "std": 0.249,
                "low": 1.772,
                "high": 2.991,
                "n": 4,
                "per_fold": [[2.071, 2.312, 2.446, 2.695]],
            },
            "r2": {"mean": 0.87, "std": 0.02, "low": 0.83, "high": 0.91, "per_fold": [[0.9, 0.88, 0.86, 0.84]]},
        },
        "selected": {"mae": {"mean": 2.31, "std": 0.21, "epoch": 61}},
        "baselines": {"mean": {"mae": 6.63}, "median": {"mae": 6.53}, "linear": {"mae": 3.38}},
    },
    "comparisons": {"mean": {"difference": 4.25}, "median": {"difference": 4.15}, "linear": {"difference": 1.0}},
    "primary": "mae",
    "diagnosis": {
        "words": "lowest average at epoch 61; overfitting after it (2.31 → 2.38)",
        "next": "set training.epochs to 61",
        "power": "beats always predicting the training median by 4.15 mae",
        "linear": "better than a linear model by 1.00 mae",
    },
    "looks": {"count": 0, "shared": 0, "runs": []},
    "failures": [],
    "warnings": [],
    "failure": None,
}


@pytest.fixture
def imdb() -> dict[str, Any]:
    """The record of a finished hold-out run, the test's own to change."""
    return copy.deepcopy(IMDB)


@pytest.fixture
def boston() -> dict[str, Any]:
    """The record of a finished K-fold run, the test's own to change."""
    return copy.deepcopy(BOSTON)
