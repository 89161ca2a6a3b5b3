"""The next frame of a video, from made-up data to a run folder: one vector a row, however the model gives it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.data import load_dataset

SPEC = """\
dataset: {source: make_bouncing_ball, videos: 60, frames: 4, size: 12}
layers:
  - Permute: [2, 3, 4, 1]
  - Reshape: [12, 12, 3]
  - Conv2D: {filters: 1, kernel_size: 3, padding: same, activation: sigmoid}
output: false
loss: binary_crossentropy
metrics: [mse]
training: {epochs: 2}
"""


@pytest.mark.tensorflow
def test_a_run_keeps_frames_in_an_archive_and_their_errors_in_the_table(tmp_path: Path) -> None:
    import pandas as pd

    (tmp_path / "spec.yaml").write_text(SPEC)
    done = run(load_spec(tmp_path / "spec.yaml"), runs_dir=tmp_path / "runs")

    dataset = load_dataset(load_spec(tmp_path / "spec.yaml").spec.dataset)
    table = pd.read_csv(done.folder / "predictions.csv")
    with np.load(done.folder / "predictions.npz") as frames:
        rows, targets, predictions = frames["rows"], frames["targets"], frames["predictions"]
    errors = np.square(targets.astype(np.float64) - predictions).mean(axis=1)
    assert predictions.shape == (len(rows), 144)
    np.testing.assert_array_equal(targets, dataset.targets[rows])
    np.testing.assert_allclose(table["error"], errors, rtol=1e-5)
    assert done.record["scores"]["validation"]["mse"]["mean"] == pytest.approx(errors.mean(), rel=1e-5)
    before = np.square(dataset.inputs[rows, -1].reshape(len(rows), -1) - targets).mean()
    assert done.record["scores"]["baselines"]["last_value"]["mse"] == pytest.approx(before, rel=1e-5)
    assert done.record["warnings"] == []
