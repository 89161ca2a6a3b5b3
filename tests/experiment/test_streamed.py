"""Inputs that are made batch by batch: the same run, to the last bit, as with all of them in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.data.encoded import StreamedRows
from dlrun.data.preprocessing import fitting
from dlrun.errors import DataError, SpecError
from dlrun.experiment import plan

SPEC = """\
dataset: {source: npz, path: images.npz}
task: multiclass
preprocessing: [normalise]
layers:
  - Conv2D: {filters: 2, kernel_size: 3}
  - Flatten
  - Dropout: 0.2
training: {epochs: 3, batch_size: 7, engine: keras}
"""
CASES = {
    "hold-out": (),
    "K-fold": ("evaluation.protocol=kfold", "evaluation.k=2"),
    "early stopping on inner rows": ("training.early_stopping={patience: 1, on: inner}",),
    "early stopping on validation rows, classes weighed": (
        "training.early_stopping={patience: 1, on: validation}",
        "training.class_weight=balanced",
    ),
    "integer labels, augmented": (
        "labels=integer",
        "preprocessing=[{rescale: 1/255}, {augment: [RandomFlip: horizontal]}]",
    ),
}


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 60)
    images = (random.uniform(0, 200, (60, 6, 6, 1)) + 20 * labels[:, None, None, None]).astype(np.uint8)
    np.savez(tmp_path / "images.npz", x=images, y=labels)
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path / "spec.yaml"


def left_by(spec: Path, overrides: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, bytes]]:
    folder = run(load_spec(spec, overrides), runs_dir=spec.parent / "runs").folder
    files = {name: (folder / name).read_bytes() for name in ("history.csv", "predictions.csv", "splits.npz")}
    return json.loads((folder / "record.json").read_text()), files


@pytest.mark.tensorflow
@pytest.mark.parametrize("case", CASES)
def test_a_streamed_run_is_the_plain_run_to_the_last_bit(
    spec: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, files = left_by(spec, CASES[case])

    monkeypatch.setattr(fitting, "STREAM_BYTES", 0)
    streamed, same = left_by(spec, CASES[case])

    assert same == files
    assert streamed["scores"] == plain["scores"]


@pytest.mark.tensorflow
def test_the_keras_engine_is_chosen_for_them_and_the_record_says_why(
    spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "STREAM_BYTES", 0)

    record, _ = left_by(spec, ("training.engine=auto",))

    assert record["engine"]["name"] == "keras"
    assert "made batch by batch" in json.dumps(record)
    with pytest.raises(SpecError, match=r"the compiled engine cannot train this: the inputs take .* batch by batch"):
        left_by(spec, ("training.engine=compiled",))


def test_only_what_is_large_for_the_whole_data_set_is_streamed(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load_spec(spec)
    monkeypatch.setattr(fitting, "STREAM_BYTES", 60 * 36 * 4)
    plain = plan(loaded).first.inputs
    monkeypatch.setattr(fitting, "STREAM_BYTES", 60 * 36 * 4 - 1)

    streamed = plan(loaded).first.inputs

    assert isinstance(plain, np.ndarray)
    assert isinstance(streamed, StreamedRows)
    assert (streamed.shape, streamed.dtype) == (plain.shape, plain.dtype)
    some = np.array([5, 0, 5, 11])
    assert streamed.take(some).tobytes() == plain[some].tobytes()
    assert streamed.to_array().tobytes() == plain.tobytes()


def test_what_is_known_before_training_is_the_same(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = plan(load_spec(spec))
    monkeypatch.setattr(fitting, "STREAM_BYTES", 0)

    streamed = plan(load_spec(spec))

    assert (streamed.facts, streamed.warnings) == (plain.facts, plain.warnings)
    assert streamed.first.fitted.state() == plain.first.fitted.state()


def test_values_that_no_model_takes_are_told_before_training(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "STREAM_BYTES", 0)
    x = np.ones((30, 2, 2, 1))
    x[::2] = 1e300
    np.savez(spec.parent / "images.npz", x=x, y=np.arange(30) % 3)

    with pytest.raises(DataError, match="not finite after preprocessing"):
        plan(load_spec(spec, ["preprocessing=[]"]))
