"""Networks that a spec can describe: they train under either engine, to the same predictions."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run

pytestmark = pytest.mark.tensorflow

ROWS = 48
NETWORKS = {
    "two axes": """\
  - Conv2D: {filters: 4, kernel_size: 3, strides: 2, padding: same}
  - Conv2DTranspose: {filters: 3, kernel_size: 3, strides: 2, padding: same}
  - SeparableConv2D: {filters: 4, kernel_size: 3}
  - MaxPooling2D: {pool_size: 2, padding: same}
  - DepthwiseConv2D: {kernel_size: 2, depth_multiplier: 2}
  - AveragePooling2D: {pool_size: 2, strides: 1}
  - Flatten
  - Dense: 4
""",
    "a residual block": """\
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, activation: none, name: entry}
  - BatchNormalization: {momentum: 0.5}
  - Activation: relu
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, activation: none}
  - BatchNormalization: {momentum: 0.5, name: change}
  - Add: {from: [entry, change]}
  - Activation: relu
  - GlobalMaxPooling2D
""",
    "one axis": """\
  - Reshape: [64, 1]
  - Conv1D: {filters: 4, kernel_size: 5, strides: 2}
  - MaxPooling1D: 2
  - Conv1D: {filters: 4, kernel_size: 3, padding: causal, dilation_rate: 2}
  - GlobalAveragePooling1D
""",
    "recurrent layers behind others": """\
  - TimeDistributed: {layer: {Dense: 3}}
  - Reshape: [8, 24]
  - Conv1D: {filters: 4, kernel_size: 3}
  - Bidirectional: {layer: {GRU: 3}}
""",
}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Images of one channel; class 1 is brighter on the left."""
    random = np.random.default_rng(2)
    labels = np.arange(ROWS) % 2
    inputs = random.normal(size=(ROWS, 8, 8, 1)).astype(np.float32)
    inputs[labels == 1, :, :4] += 1.0
    np.savez(tmp_path / "images.npz", x=inputs, y=labels)
    return tmp_path


def predictions(folder: Path, layers: str, **training: Any) -> list[float]:
    text = "\n".join(f"  {key}: {value}" for key, value in ({"epochs": 2, "batch_size": 8} | training).items())
    path = folder / "net.yaml"
    path.write_text(
        f"task: binary\ndataset: {{source: npz, path: images.npz}}\nlayers:\n{layers}"
        f"evaluation: {{test: none, validation: 16}}\ntraining:\n{text}\n"
    )
    done = run(load_spec(path), runs_dir=folder / "runs")
    assert done.record["status"] == "done"
    with (done.folder / "predictions.csv").open() as stream:
        return [float(row["probability"]) for row in csv.DictReader(stream)]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_learns_the_same_under_both_engines(images: Path, name: str) -> None:
    by_keras, compiled = (predictions(images, NETWORKS[name], engine=engine) for engine in ("keras", "compiled"))

    assert compiled == pytest.approx(by_keras, abs=2e-4)
    assert len(set(np.round(by_keras, 3))) > 4  # it says different things of different rows


def test_regularisation_reaches_the_kernels_of_a_convnet(images: Path) -> None:
    layers = NETWORKS["a residual block"]

    plain, penalised = (predictions(images, f"{layers}regularisation: {{l2: {l2}}}\n") for l2 in (0.0, 0.5))

    assert plain != pytest.approx(penalised, abs=1e-3)
