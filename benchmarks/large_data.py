"""Train on data that don't belong in memory, through the command line, and watch the process's anonymous memory.

python benchmarks/large_data.py [--gb 4] [--kinds npy,npy_images,parquet,image_folder] [--scratch DIR]

Writes each data set into a scratch folder (removed at the end), trains one epoch of a small net in a child process and
samples RssAnon in /proc/PID/status: memory that is nobody's file. Pages of mapped files are not in it; the system takes
them back when it needs them. ``parquet`` and ``image_folder`` are smaller, and run with limits of a sixteenth,
so that they take the way of large ones.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHILD = """
import sys
from dlrun.data import scratch
from dlrun.data.preprocessing import fitting

scratch.IN_MEMORY //= {lowered}
fitting.STREAM_BYTES //= {lowered}
from dlrun.__main__ import main
sys.exit(main())
"""
SPEC = """\
dataset: {dataset}
task: {task}
preprocessing: {steps}
layers: {layers}
evaluation: {{validation: 0.1, test: none, duplicates: allow}}
training: {{epochs: 1, batch_size: {batch}}}
"""
EVERY = 0.05
"""Seconds between two samples."""


@dataclass(frozen=True)
class Case:
    """One data set: how it is written, and what of a spec fits it.

    Args:
        write: makes the files in a folder, of so many bytes, and returns the number of rows.
        lowered: by what the limits are divided.
    """

    write: Callable[[Path, int], int]
    dataset: str
    task: str
    layers: str
    steps: str = "[normalise]"
    batch: int = 256
    lowered: int = 1


def write_npy(folder: Path, size: int) -> int:
    """Write a matrix (rows, 1000) of float32, and targets that are a little of it."""
    rows = size // 4000
    header = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (rows, 1000))
    random, targets = np.random.default_rng(0), np.empty(rows, np.float32)
    for start in range(0, rows, 10_000):
        part = random.normal(size=(min(10_000, rows - start), 1000)).astype(np.float32)
        header[start : start + len(part)] = part
        targets[start : start + len(part)] = part[:, :5].sum(axis=1)
    header.flush()
    np.save(folder / "y.npy", targets)
    return rows


def write_npy_images(folder: Path, size: int) -> int:
    """Write images (rows, 64, 64, 3) of bytes whose class is which half is brighter."""
    rows = size // (64 * 64 * 3)
    images = np.lib.format.open_memmap(folder / "x.npy", "w+", np.uint8, (rows, 64, 64, 3))
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, rows)
    for start in range(0, rows, 5_000):
        part = random.integers(0, 200, (min(5_000, rows - start), 64, 64, 3), np.uint8)
        for place, label in enumerate(labels[start : start + len(part)]):
            part[place, :, 32 * label : 32 * label + 32] += 40
        images[start : start + len(part)] = part
    images.flush()
    np.save(folder / "y.npy", labels)
    return rows


def write_parquet(folder: Path, size: int) -> int:
    """Write a table of 100 columns of float32 in groups of 10,000 rows."""
    import pyarrow
    import pyarrow.parquet

    rows, names = size // 400, [f"x{column}" for column in range(100)]
    random = np.random.default_rng(0)
    schema = pyarrow.schema([*((name, pyarrow.float32()) for name in names), ("y", pyarrow.float32())])
    with pyarrow.parquet.ParquetWriter(folder / "t.parquet", schema) as writer:
        for start in range(0, rows, 10_000):
            part = random.normal(size=(min(10_000, rows - start), 100)).astype(np.float32)
            columns = [*part.T, part[:, :5].sum(axis=1)]
            writer.write_table(pyarrow.table([pyarrow.array(column) for column in columns], schema=schema))
    return rows


def write_image_folder(folder: Path, size: int) -> int:
    """Write JPEG files of 128 × 128 pixels in two class folders."""
    from PIL import Image

    rows, random = size // (128 * 128 * 3), np.random.default_rng(0)
    for name, shade in (("dark", 60), ("light", 160)):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(rows // 2):
            pixels = (shade + random.normal(0, 30, (128, 128, 3))).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "images" / name / f"{number}.jpg")
    return rows // 2 * 2


CONVNET = "[{Conv2D: {filters: 8, kernel_size: 3, strides: 2}}, MaxPooling2D: 4, Flatten]"
NPY = "{{source: npy, path: {0}/x.npy, targets: {0}/y.npy}}"
CASES = {
    "npy": Case(write_npy, NPY, "regression", "[Dense: 16]"),
    "npy_images": Case(write_npy_images, NPY, "binary", CONVNET, "[rescale: 1/255]"),
    "parquet": Case(
        write_parquet, "{{source: parquet, path: {0}/t.parquet, target: y}}", "regression", "[Dense: 16]", lowered=16
    ),
    "image_folder": Case(
        write_image_folder,
        "{{source: image_folder, path: {0}/images}}",
        "binary",
        CONVNET,
        "[rescale: 1/255]",
        lowered=16,
    ),
}


def anonymous(pid: int) -> int:
    """Return a process's anonymous memory in bytes; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"RssAnon:\s+(\d+) kB", text)
    return int(found[1]) * 1024 if found else 0


def measure(case: Case, folder: Path, size: int) -> dict[str, float]:
    """Write the data, train on them, and say what it took."""
    rows = case.write(folder, size)
    spec = folder / "spec.yaml"
    spec.write_text(
        SPEC.format(
            dataset=case.dataset.format(folder), task=case.task, steps=case.steps, layers=case.layers, batch=case.batch
        )
    )
    command = [sys.executable, "-c", CHILD.format(lowered=case.lowered), "train", str(spec), "--json", "-q"]
    command += ["--runs", str(folder / "runs")]
    started, peak = time.monotonic(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, anonymous(process.pid))
            time.sleep(EVERY)
        assert process.stdout is not None
        record = json.loads(process.stdout.read())
    seconds = time.monotonic() - started
    log = (Path(record["run"]) / "log.txt").read_text()
    (epoch,) = (float(found) for found in re.findall(r"epoch 1/1.*?([\d.]+) s$", log, re.MULTILINE))
    train = record["protocol"]["train"]
    return {"rows": rows, "peak_gb": peak / 1e9, "seconds": seconds, "epoch": epoch, "rows_per_second": train / epoch}


def main() -> None:
    """Measure each kind, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=4.0, help="size of the npy files; the others are an eighth of it")
    parser.add_argument("--kinds", default=",".join(CASES))
    parser.add_argument("--scratch", type=Path, default=Path.home() / ".cache" / "dlrun-benchmarks")
    asked = parser.parse_args()
    asked.scratch.mkdir(parents=True, exist_ok=True)
    print("| data | rows | peak RssAnon, GB | rows/s in the epoch | epoch, s | whole command, s |")
    print("|---|---|---|---|---|---|")
    for kind in asked.kinds.split(","):
        folder = Path(tempfile.mkdtemp(dir=asked.scratch))
        try:
            case = CASES[kind]
            found = measure(case, folder, int(asked.gb * 1e9 / (8 if case.lowered > 1 else 1)))
        finally:
            shutil.rmtree(folder)
        cells = [f"{found['rows']:,.0f}", f"{found['peak_gb']:.2f}", f"{found['rows_per_second']:,.0f}"]
        cells += [f"{found['epoch']:.0f}", f"{found['seconds']:.0f}"]
        print(f"| {kind} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
