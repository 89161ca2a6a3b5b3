"""Typical nets on few rows, for `rules.py`: a spec for each, and how much a step computes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

FEATURES, PIXELS, WORDS, LENGTH = 64, 28, 10_000, 200
K, ITERATIONS = 4, 5
FEWEST, MOST = 6, 96
"""Steps of an epoch; multiples of 3, so that 3 folds of 4 are whole batches."""
EPOCH_FLOPS = 1e10
STEPS_OF_DATA = {"reviews": ["multi_hot"], "tokens": [{"pad": LENGTH}]}

Spec = dict[str, Any]


@dataclass(frozen=True)
class Net:
    """A net and a batch size.

    Args:
        name: of the net.
        kind: of its rows: ``numbers`` or ``images``, which are made up, or IMDB's ``reviews`` or ``tokens``.
        layers: as a spec has them.
        batch: rows in a step.
        flops: about how many a step takes for one row.
    """

    name: str
    kind: str
    layers: list[Any]
    batch: int
    flops: float

    @property
    def step_flops(self) -> float:
        """Floating-point operations of a step, forward and backward."""
        return self.flops * self.batch

    @property
    def steps(self) -> int:
        """How many steps an epoch has, so that it takes a moment and not a minute."""
        return int(min(MOST, max(FEWEST, EPOCH_FLOPS / self.step_flops))) // 3 * 3

    def write(self, folder: Path) -> Path:
        """Write its rows, its splits and its spec; returns the spec's file."""
        made_up = self.kind not in STEPS_OF_DATA
        rows = self.steps * self.batch * K // (K - 1)
        (folder / "splits.json").write_text(json.dumps({"splits": _splits(rows)}))
        spec: Spec = {
            "task": "regression" if made_up else "binary",
            "dataset": _made_up(self.kind, rows, folder) if made_up else {"source": "imdb", "num_words": WORDS},
            "preprocessing": STEPS_OF_DATA.get(self.kind, []),
            "layers": self.layers,
            "metrics": ["mae" if made_up else "accuracy"],
            "evaluation": {"splits": "splits.json", "duplicates": "allow"},
            "training": {"epochs": 4, "batch_size": self.batch},
        }
        file = folder / "net.yaml"
        file.write_text(yaml.safe_dump(spec, sort_keys=False))
        return file


def _splits(rows: int) -> list[Spec]:
    """Cut rows into folds, several times over."""
    found = []
    for iteration in range(ITERATIONS):
        parts = np.random.default_rng(iteration).permutation(rows).reshape(K, -1)
        for fold in range(K):
            rest = np.delete(parts, fold, axis=0).ravel()
            numbers = {"iteration": iteration + 1, "fold": fold + 1}
            found.append({**numbers, "train": rest.tolist(), "validation": parts[fold].tolist()})
    return found


def _made_up(kind: str, rows: int, folder: Path) -> Spec:
    random = np.random.default_rng(0)
    shape = (rows, PIXELS, PIXELS, 1) if kind == "images" else (rows, FEATURES)
    np.savez(folder / "rows.npz", x=random.standard_normal(shape, np.float32), y=random.standard_normal(rows))
    return {"source": "npz", "path": "rows.npz", "inputs": "x", "targets": "y"}


def dense(width: int, batch: int) -> Net:
    """Two hidden layers of a width."""
    parameters = FEATURES * width + width * width + width
    return Net(f"dense {width}", "numbers", [{"Dense": width}, {"Dense": width}], batch, 6 * parameters)


def others() -> list[Net]:
    """Nets that are not two dense layers on numbers."""
    convnet: list[Any] = [{"Conv2D": {"filters": 32, "kernel_size": 3}}, "MaxPooling2D"]
    convnet += [{"Conv2D": {"filters": 64, "kernel_size": 3}}, "MaxPooling2D", "Flatten", {"Dense": 64}]
    embedding = {"Embedding": {"input_dim": WORDS, "output_dim": 32}}
    mean = [embedding, "GlobalAveragePooling1D", {"Dense": 16}]
    return [
        Net("multi-hot 16", "reviews", [{"Dense": 16}, {"Dense": 16}], 512, 6 * WORDS * 16),
        Net("multi-hot 64", "reviews", [{"Dense": 64}, {"Dense": 64}], 512, 6 * WORDS * 64),
        Net("convnet", "images", convnet, 128, 6 * 2.8e6),
        Net("embedding, mean", "tokens", mean, 128, 6 * LENGTH * 64),
        Net("lstm", "tokens", [embedding, {"LSTM": 32}], 128, 6 * LENGTH * 4 * 32 * 64),
    ]
