"""Specs that only the benchmarks need, written into a folder: a convnet on MNIST, and an LSTM on some of IMDB."""

from __future__ import annotations

import json
from pathlib import Path

MNIST_CONVNET = """\
task: multiclass
dataset: mnist
preprocessing: [{rescale: 1/255}]
layers:
  - Reshape: {target_shape: [28, 28, 1]}
  - Conv2D: {filters: 32, kernel_size: 3}
  - MaxPooling2D
  - Conv2D: {filters: 64, kernel_size: 3}
  - MaxPooling2D
  - Flatten
  - Dense: 64
last_activation: softmax
loss: categorical_crossentropy
optimiser: {name: rmsprop, learning_rate: 0.001}
metrics: [accuracy]
evaluation: {validation: 10000}
training: {epochs: 1, batch_size: 128}
"""
LSTM = """\
task: binary
dataset: {source: imdb, num_words: 10000}
preprocessing: [{pad: 500}]
layers:
  - Embedding: {input_dim: 10000, output_dim: 32}
  - LSTM: 32
last_activation: sigmoid
loss: binary_crossentropy
optimiser: {name: rmsprop, learning_rate: 0.001}
metrics: [accuracy]
evaluation: {splits: lstm_rows.json, duplicates: allow}
training: {epochs: 2, batch_size: 128}
"""


def write_specs(folder: Path) -> None:
    """Write the specs, and the file that says which rows the LSTM is given."""
    (folder / "mnist_convnet.yaml").write_text(MNIST_CONVNET)
    (folder / "lstm.yaml").write_text(LSTM)
    rows = {"splits": [{"train": list(range(2000)), "validation": list(range(2000, 2500))}]}
    (folder / "lstm_rows.json").write_text(json.dumps(rows))
