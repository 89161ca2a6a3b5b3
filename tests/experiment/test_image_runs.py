"""Whole runs on folders of pictures and on video: what is predicted is named, what is left out is told."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlrun import load_spec, run
from dlrun.experiment import final_test

pytestmark = pytest.mark.tensorflow

SPEC = """\
dataset: {source: image_folder, path: shades, on_bad: skip}
preprocessing: [{rescale: 1/255}, {augment: [RandomFlip: horizontal]}]
layers: [GlobalAveragePooling2D]
optimiser: {name: adam, learning_rate: 0.2}
training: {epochs: 20, batch_size: 8}
"""


def write_shades(root: Path) -> None:
    """Write dark and light pictures: 16, 4 and 4 a class for training, validation and test."""
    random = np.random.default_rng(0)
    for part, count in (("train", 16), ("validation", 4), ("test", 4)):
        for name, shade in (("dark", 60), ("light", 190)):
            (root / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = (shade + random.normal(0, 20, (8, 8, 3))).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(root / part / name / f"{number}.png")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_folder_is_trained_scored_and_tested_with_files_by_name(tmp_path: Path) -> None:
    write_shades(tmp_path / "shades")
    (tmp_path / "shades" / "train" / "dark" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "spec.yaml").write_text(SPEC)

    done = run(load_spec(tmp_path / "spec.yaml"), runs_dir=tmp_path / "runs")
    tested = final_test(done.folder)

    record = json.loads((done.folder / "record.json").read_text())
    assert record["protocol"]["validation"] == 8
    assert record["scores"]["validation"]["accuracy"]["mean"] == 1
    assert tested.record["scores"]["test"]["accuracy"]["mean"] == 1
    assert any("train/dark/broken.jpg" in warning for warning in record["warnings"])
    predicted = rows_of(done.folder / "predictions.csv")
    assert predicted[0]["file"] == "validation/dark/0.png"
    assert all(row["predicted"] == row["file"].split("/")[1] for row in predicted)
    assert rows_of(done.folder / "test_predictions.csv")[-1]["file"] == "test/light/3.png"


def test_video_is_trained_from_a_mapped_file(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(40) % 2
    np.save(tmp_path / "x.npy", random.normal(labels[:, None, None, None, None] * 2, 1, (40, 1, 3, 6, 6)))
    np.save(tmp_path / "y.npy", labels)
    (tmp_path / "spec.yaml").write_text(
        "dataset: {source: npy, path: x.npy, targets: y.npy, channels: first}\n"
        "preprocessing: [normalise]\n"
        "layers: [{Conv3D: {filters: 2, kernel_size: 3}}, Flatten]\n"
        "optimiser: {name: adam, learning_rate: 0.05}\n"
        "training: {epochs: 10, batch_size: 8}\n"
    )

    done = run(load_spec(tmp_path / "spec.yaml"), runs_dir=tmp_path / "runs")

    record = json.loads((done.folder / "record.json").read_text())
    assert record["data"]["shape"] == [3, 6, 6, 1]
    assert record["scores"]["validation"]["accuracy"]["mean"] == 1


CHILD = """
import re, sys, threading, time
from pathlib import Path
from dlrun import load_spec, run
from dlrun.data import chunks
from dlrun.data.preprocessing import fitting
from dlrun.evaluation import linear, linear_budget

def anonymous():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

def watch(peak):
    while True:
        peak[0] = max(peak[0], anonymous())
        time.sleep(0.01)

fitting.STREAM_BYTES = 1 << 20
chunks.CHUNK_CELLS = linear.CHUNK_CELLS = 1 << 18
linear_budget.MOST_CELLS = 1e5
spec, runs = map(Path, sys.argv[1:])
overrides = ["dataset.path=small.npy", "dataset.targets=small_y.npy"]
run(load_spec(spec, overrides), runs_dir=runs)  # what TensorFlow takes for itself, whatever the data
before, peak = anonymous(), [0]
threading.Thread(target=watch, args=(peak,), daemon=True).start()
run(load_spec(spec), runs_dir=runs)
print(peak[0] - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say what memory is made of")
def test_a_file_of_any_size_takes_the_memory_of_some_batches(tmp_path: Path) -> None:
    rows = 75_000
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (rows, 500))  # 150 MB
    x[:] = np.random.default_rng(0).normal(size=(rows, 1)).astype(np.float32) + np.arange(500, dtype=np.float32) % 7
    x.flush()
    np.save(tmp_path / "y.npy", np.arange(rows) / 7)
    np.save(tmp_path / "small.npy", x[:2000])
    np.save(tmp_path / "small_y.npy", np.arange(2000) / 7)
    (tmp_path / "spec.yaml").write_text(
        "dataset: {source: npy, path: x.npy, targets: y.npy}\n"
        "preprocessing: [normalise]\n"
        "layers: [Dense: 4]\n"
        "training: {epochs: 1, batch_size: 512}\n"
    )

    command = [sys.executable, "-c", CHILD, str(tmp_path / "spec.yaml"), str(tmp_path / "runs")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    extra = float(re.findall(r"-?[\d.]+", said)[-1])
    # Parts that are looked at and batches on their way; in memory the rows alone would take twice as much.
    assert extra < 75
