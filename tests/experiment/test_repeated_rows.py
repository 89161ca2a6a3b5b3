"""What repeated rows do to a score, on real data: the leak that docs/splits.md shows, on fewer folds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun import load_spec, run

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

SPEC = """\
task: binary
dataset: {{source: csv, path: {path}, target: target}}
preprocessing: [normalise]
layers:
  - Dense: 64
  - Dense: 64
metrics: [accuracy]
evaluation: {{protocol: kfold, k: 3, duplicates: {duplicates}}}
training: {{epochs: 50, batch_size: 32}}
"""


def accuracy(folder: Path, path: Path, duplicates: str) -> tuple[dict[str, Any], float]:
    spec = folder / f"{duplicates}.yaml"
    spec.write_text(SPEC.format(path=path, duplicates=duplicates))
    record = json.loads((run(load_spec(spec), runs_dir=folder / "runs").folder / "record.json").read_text())
    return record, record["scores"]["validation"]["accuracy"]["mean"]


def test_twins_on_both_sides_flatter_and_kept_together_they_do_not(
    tmp_path: Path, real_data: Callable[[str], Path]
) -> None:
    heart = real_data("heart/heart.csv")

    leaking, flattered = accuracy(tmp_path, heart, "allow")
    clean, honest = accuracy(tmp_path, heart, "together")

    assert sum(fold["repeated"] for fold in leaking["splits"]["folds"]) > 500
    assert sum(fold["repeated"] for fold in clean["splits"]["folds"]) == 0
    assert flattered > 0.93
    assert flattered - honest > 0.1
    assert leaking["comparisons"]["linear"]["low"] > 0 > clean["comparisons"]["linear"]["low"]
