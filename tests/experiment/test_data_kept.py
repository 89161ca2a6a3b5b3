"""Every run keeps by what its data can be known again: a checksum of each file, and a digest of what was loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dlrun import fingerprint, load_spec
from dlrun.experiment import plan
from dlrun.experiment.recording import data_record

ROWS = 24
SPEC = "dataset: %s\npreprocessing: %s\nlayers: %s\nevaluation: {test: none}\ntraining: {epochs: 1}\n"
DIGEST = re.compile(r"[0-9a-f]{64}")


def table(folder: Path) -> pd.DataFrame:
    random = np.random.default_rng(2)
    columns = {"t": np.arange(ROWS), "a": random.normal(size=ROWS), "b": random.normal(size=ROWS)}
    return pd.DataFrame({**columns, "y": random.normal(size=ROWS)})


def write_csv(folder: Path) -> None:
    table(folder).to_csv(folder / "a.csv", index=False)


def write_parquet(folder: Path) -> None:
    table(folder).to_parquet(folder / "a.parquet")


def write_npz(folder: Path) -> None:
    np.savez(folder / "a.npz", x=table(folder)[["a", "b"]].to_numpy(), y=np.arange(ROWS, dtype=float))


def write_npy(folder: Path) -> None:
    np.save(folder / "x.npy", table(folder)[["a", "b"]].to_numpy())
    np.save(folder / "y.npy", np.arange(ROWS, dtype=float))


def write_folders(folder: Path) -> None:
    random = np.random.default_rng(2)
    for number in range(ROWS):
        home = folder / "things" / ("cat", "dog")[number % 2]
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(home / f"{number}.png")
        (home / f"{number}.txt").write_text(f"word{number % 5} of {number}")


FILES = {
    "csv": ("{source: csv, path: a.csv, target: y}", "[]", "[Dense: 3]", write_csv),
    "parquet": ("{source: parquet, path: a.parquet, target: y}", "[]", "[Dense: 3]", write_parquet),
    "npz": ("{source: npz, path: a.npz}", "[]", "[Dense: 3]", write_npz),
    "npy": ("{source: npy, path: x.npy, targets: y.npy}", "[]", "[Dense: 3]", write_npy),
    "image_folder": (
        "{source: image_folder, path: things, size: [8, 8]}",
        "[rescale: 1/255]",
        "[Flatten, Dense: 3]",
        write_folders,
    ),
    "text_folder": (
        "{source: text_folder, path: things}", "[tokenise: 20, multi_hot]", "[Dense: 3]", write_folders
    ),
    "timeseries": (
        "{source: timeseries, path: a.csv, target: y, time: t, lookback: 3, horizon: 1}",
        "[]",
        "[Flatten, Dense: 3]",
        write_csv,
    ),
}  # fmt: skip
IN_MEMORY = {
    "bundled": ("wine", "[]", "[Dense: 3]"),
    "generated": ("{source: make_moons, n_samples: 60}", "[]", "[Dense: 3]"),
    "series": ("{source: make_series, lookback: 24, horizon: 1, steps: 400}", "[]", "[Flatten, Dense: 3]"),
    "reviews": ("{source: make_reviews, samples: 60}", "[tokenise: 50, multi_hot]", "[Dense: 3]"),
    "doses": ("{source: make_dose_response, groups: 60}", "[]", "[Dense: 3]"),
}


def _marked(kind: str) -> Any:
    """The step that cuts texts into tokens is Keras's."""
    return pytest.param(kind, marks=pytest.mark.tensorflow if kind in ("text_folder", "reviews") else ())


def kept(folder: Path, dataset: str, steps: str, layers: str) -> dict[str, Any]:
    (folder / "spec.yaml").write_text(SPEC % (dataset, steps, layers))
    return data_record(plan(load_spec(folder / "spec.yaml")))


@pytest.mark.parametrize("kind", [_marked(kind) for kind in FILES])
def test_files_are_known_by_their_content(tmp_path: Path, kind: str) -> None:
    dataset, steps, layers, write = FILES[kind]
    write(tmp_path)

    record = kept(tmp_path, dataset, steps, layers)

    assert record["files"]
    assert DIGEST.fullmatch(record["fingerprint"])
    for file in record["files"]:
        path = Path(file["path"])
        assert path.is_relative_to(tmp_path)
        assert DIGEST.fullmatch(file["sha256"])
        assert path.is_dir() or (file["sha256"] == fingerprint.of_file(path) and file["bytes"] == path.stat().st_size)


@pytest.mark.parametrize("kind", ["image_folder", _marked("text_folder")])
def test_a_folder_is_known_by_all_of_its_files_together(tmp_path: Path, kind: str) -> None:
    dataset, steps, layers, write = FILES[kind]
    write(tmp_path)
    before = kept(tmp_path, dataset, steps, layers)["files"]

    for suffix in (".png", ".txt"):
        (tmp_path / "things/cat" / f"2{suffix}").rename(tmp_path / "things/dog" / f"2{suffix}")

    assert [file["sha256"] for file in kept(tmp_path, dataset, steps, layers)["files"]] != [
        file["sha256"] for file in before
    ]


@pytest.mark.parametrize("kind", [_marked(kind) for kind in IN_MEMORY])
def test_data_without_files_are_known_by_what_was_loaded(tmp_path: Path, kind: str) -> None:
    dataset, steps, layers = IN_MEMORY[kind]

    first, second = (kept(tmp_path, dataset, steps, layers) for _ in range(2))

    assert first["files"] == []
    assert DIGEST.fullmatch(first["fingerprint"])
    assert first["fingerprint"] == second["fingerprint"]


@pytest.mark.parametrize("name", ["boston_housing", "reuters"])
def test_keras_data_are_known_by_the_file_in_the_cache(tmp_path: Path, real_keras_home: Path, name: str) -> None:
    steps = {"boston_housing": "[normalise]", "reuters": "[multi_hot]"}[name]

    record = kept(tmp_path, name, steps, "[Dense: 3]")

    assert [Path(file["path"]).parent for file in record["files"]] == [real_keras_home / "datasets"] * len(
        record["files"]
    )
    assert all(DIGEST.fullmatch(file["sha256"]) for file in record["files"])
    assert record["files"]


def test_a_file_of_splits_is_known_by_its_content(tmp_path: Path) -> None:
    write_csv(tmp_path)
    np.savez(tmp_path / "splits.npz", test=np.arange(4), **{
        "i1-f1_train": np.arange(4, 16), "i1-f1_validation": np.arange(16, ROWS)
    })  # fmt: skip
    (tmp_path / "spec.yaml").write_text(
        "dataset: {source: csv, path: a.csv, target: y}\nlayers: [Dense: 3]\nevaluation: {splits: splits.npz}\n"
    )

    spec = plan(load_spec(tmp_path / "spec.yaml")).spec

    assert spec.evaluation.splits is not None
    assert spec.evaluation.splits.sha256 == fingerprint.of_file(tmp_path / "splits.npz")
