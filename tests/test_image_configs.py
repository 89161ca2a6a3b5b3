"""The specs of images in configs/: on archives of the real form where the data need a download, and on real data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.data import catalogue
from dlrun.data.sources import keras_arrays
from dlrun.experiment import describe
from tests.data.test_cifar import archive, batch, install, python2_dict
from tests.data.test_keras_data import know_sizes, write_idx

pytestmark = pytest.mark.tensorflow

CONFIGS = Path(__file__).parents[1] / "configs"
FEW = ("evaluation.validation=20",)


def outputs(described: dict[str, Any]) -> dict[str, list[int | None]]:
    return {layer["kind"]: list(layer["output_shape"]) for layer in described["layers"]}


def test_fashion_mnist_fits_files_of_its_form(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: tuple[tuple[int, ...], ...] = ((200, 28, 28), (200,), (50, 28, 28), (50,))
    monkeypatch.setattr(keras_arrays, "FASHION_SHAPES", shapes)
    source = catalogue.SOURCES["fashion_mnist"]
    (keras_home / "datasets" / "fashion-mnist").mkdir()
    for file, shape in zip(source.files, shapes, strict=True):
        labels = np.arange(shape[0], dtype=np.uint8) % 10
        images = np.broadcast_to(labels[:, None, None], (shape[0], 28, 28))
        array = images if len(shape) == 3 else labels
        write_idx(keras_home / "datasets" / "fashion-mnist" / file.download_name, array)
    know_sizes(source, monkeypatch)

    described = describe(load_spec(CONFIGS / "fashion_mnist.yaml", FEW))

    assert described["parts"] == {"train": 180, "validation": 20, "test": 50}
    assert outputs(described)["Reshape"][1:] == [28, 28, 1]


def test_cifar10_fits_an_archive_of_its_form(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {f"cifar-10-batches-py/data_batch_{number}": batch(30, 7 * number) for number in range(1, 6)}
    members["cifar-10-batches-py/test_batch"] = batch(10, 99)
    members["cifar-10-batches-py/batches.meta"] = python2_dict({b"label_names": [b"airplane", b"frog"]})
    install("cifar10", archive(members), monkeypatch)

    described = describe(load_spec(CONFIGS / "cifar10.yaml", FEW))

    parts = described["parts"]
    assert (parts["train"] + parts["validation"], parts["test"]) == (150, 10)
    assert [layer["kind"] for layer in described["layers"]][:2] == ["RandomFlip", "RandomTranslation"]
    assert outputs(described)["Flatten"][1:] == [8 * 8 * 64]


@pytest.mark.parametrize("name", ["cats_vs_dogs", "cats_vs_dogs_augmented"])
def test_cats_and_dogs_fit_the_real_folder(name: str, tmp_path: Path, real_data: Callable[[str], Path]) -> None:
    root = real_data("cats_vs_dogs")
    for part in ("train", "validation", "test"):
        for animal in ("cats", "dogs"):
            home = tmp_path / "cats_vs_dogs" / part / animal
            home.mkdir(parents=True)
            for path in sorted((root / part / animal).iterdir())[:4]:
                (home / path.name).symlink_to(path)

    described = describe(load_spec(CONFIGS / f"{name}.yaml", data_root=tmp_path))

    assert described["parts"] == {"train": 8, "validation": 8, "test": 8}
    assert outputs(described)["Flatten"][1:] == [4 * 4 * 128]


@pytest.mark.slow
def test_a_convnet_reads_digits_after_one_epoch(tmp_path: Path, real_keras_home: Path) -> None:
    loaded = load_spec(CONFIGS / "mnist_convnet.yaml", ["training.epochs=1"])

    record = json.loads((run(loaded, runs_dir=tmp_path).folder / "record.json").read_text())

    # The dense net of mnist.yaml is there after six epochs.
    assert record["scores"]["validation"]["accuracy"]["mean"] > 0.97
