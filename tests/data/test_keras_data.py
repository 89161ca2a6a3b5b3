"""Keras's own data sets: the rows, labels and parts that `keras.datasets` gives, compared with it."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import cache, catalogue, load_dataset
from dlrun.data.dataset import Dataset, TokenRows
from dlrun.data.sources import keras_tokens
from dlrun.errors import DataError
from dlrun.spec.sources import ArraySource, CaliforniaSource, TokenSource


def keras_datasets() -> Any:
    """Keras's loaders, reading the cache that KERAS_HOME names now (Keras itself looks only when imported)."""
    import keras

    return keras.datasets


@pytest.fixture
def keras_reads_home(real_keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from keras.src.utils import file_utils

    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(real_keras_home))
    return real_keras_home


def parts(dataset: Dataset) -> tuple[list[list[int]], list[int], list[list[int]], list[int]]:
    """Training rows, their labels, test rows, their labels; token rows as lists."""
    assert isinstance(dataset.inputs, TokenRows)
    rows = [dataset.inputs[row].tolist() for row in range(dataset.rows)]
    cut = len(dataset.train_rows)
    labels = dataset.targets.tolist()
    return rows[:cut], labels[:cut], rows[cut:], labels[cut:]


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "options",
    [
        {"num_words": 10000},
        {"num_words": None},
        {"num_words": 500, "skip_top": 20},
        {"num_words": 3000, "maxlen": 100},
    ],
)
@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_token_rows_are_those_of_keras(keras_reads_home: Path, name: str, options: dict[str, Any]) -> None:
    (x_train, y_train), (x_test, y_test) = getattr(keras_datasets(), name).load_data(**options)

    train, train_labels, test, test_labels = parts(load_dataset(TokenSource(source=name, **options)))

    assert train == [list(row) for row in x_train]
    assert test == [list(row) for row in x_test]
    assert train_labels == np.asarray(y_train).tolist()
    assert test_labels == np.asarray(y_test).tolist()


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["mnist", "boston_housing"])
def test_arrays_are_those_of_keras(keras_reads_home: Path, name: str) -> None:
    (x_train, y_train), (x_test, y_test) = getattr(keras_datasets(), name).load_data()

    dataset = load_dataset(ArraySource(source=name))

    np.testing.assert_array_equal(dataset.inputs[dataset.train_rows], x_train)
    np.testing.assert_array_equal(dataset.inputs[dataset.test_rows], x_test)
    np.testing.assert_array_equal(dataset.targets[dataset.train_rows], y_train)
    np.testing.assert_array_equal(dataset.targets[dataset.test_rows], y_test)


@pytest.mark.tensorflow
@pytest.mark.parametrize("version", ["large", "small"])
def test_california_housing_is_that_of_keras(keras_reads_home: Path, version: str) -> None:
    (x_train, y_train), (x_test, _) = keras_datasets().california_housing.load_data(version=version)

    dataset = load_dataset(CaliforniaSource(source="california_housing", version=version))

    np.testing.assert_array_equal(dataset.inputs[dataset.train_rows], x_train)
    np.testing.assert_array_equal(dataset.targets[dataset.train_rows], y_train)
    np.testing.assert_array_equal(dataset.inputs[dataset.test_rows], x_test)


@pytest.mark.tensorflow
def test_the_catalogue_has_the_checksums_and_addresses_of_keras() -> None:
    import inspect

    for source in catalogue.SOURCES.values():
        for file in source.files:
            text = inspect.getsource(inspect.getmodule(getattr(keras_datasets(), source.name).load_data))
            assert file.sha256 is None or file.sha256 in text
            assert file.download_name in text
            assert file.url.removesuffix(file.download_name) in text


def test_reuters_topics_are_46_different_ones() -> None:
    names = keras_tokens.CLASS_NAMES["reuters"]

    assert (len(names), len(set(names)), names[3], names[45]) == (46, 46, "earn", "lead")


def test_california_has_its_real_columns(real_keras_home: Path) -> None:
    dataset = load_dataset(CaliforniaSource(source="california_housing"))

    longitude = dataset.inputs[:, dataset.feature_names.index("longitude")]
    assert -125 < longitude.min() < longitude.max() < -114
    households = dataset.inputs[:, dataset.feature_names.index("households")]
    assert (households <= dataset.inputs[:, dataset.feature_names.index("population")] * 3).mean() > 0.99


def test_boston_housing_says_what_is_wrong_with_it(real_keras_home: Path) -> None:
    dataset = load_dataset(ArraySource(source="boston_housing"))

    assert "Column B" in dataset.notes[0]


def test_imdb_needs_neither_tensorflow_nor_pandas(real_keras_home: Path) -> None:
    program = (
        "import sys; from dlrun.data import load_dataset; from dlrun.spec.sources import TokenSource\n"
        "load_dataset(TokenSource(source='imdb'))\n"
        "print([name for name in ('tensorflow', 'keras', 'pandas', 'sklearn', 'matplotlib') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def copies(home: Path) -> list[Path]:
    return sorted((home / "datasets").glob("*.tokens.npz"))


def test_the_second_load_uses_a_copy_without_pickle_and_gives_the_same(
    real_keras_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = TokenSource(source="reuters")
    first = load_dataset(source)
    monkeypatch.setattr(keras_tokens.unpickling, "load", lambda *_: pytest.fail("the pickle was opened again"))

    second = load_dataset(source)

    assert [path.name for path in copies(real_keras_home)] == ["reuters.d6586e694ee56d7a.tokens.npz"]
    assert np.load(copies(real_keras_home)[0], allow_pickle=False)["tokens"].dtype == np.int32
    assert second.fingerprint == first.fingerprint


@pytest.mark.parametrize("damage", ["truncated", "offsets", "labels", "types"])
def test_a_damaged_copy_is_replaced(real_keras_home: Path, damage: str) -> None:
    source = TokenSource(source="reuters")
    first = load_dataset(source)
    copy = copies(real_keras_home)[0]
    if damage == "truncated":
        copy.write_bytes(copy.read_bytes()[:1000])
    else:
        arrays = dict(np.load(copy))
        arrays["offsets"] = arrays["offsets"][::-1] if damage == "offsets" else arrays["offsets"]
        arrays["labels"] = arrays["labels"] + 1 if damage == "labels" else arrays["labels"]
        arrays["tokens"] = arrays["tokens"].astype(float) if damage == "types" else arrays["tokens"]
        np.savez(copy, **arrays)
    bad = copy.read_bytes()

    second = load_dataset(source)

    assert second.fingerprint == first.fingerprint
    assert copy.read_bytes() != bad


def test_no_copy_is_left_where_it_cannot_be_written(real_keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)

    dataset = load_dataset(TokenSource(source="reuters"))

    assert dataset.rows == 11228
    assert copies(real_keras_home) == []


def test_a_wrong_checksum_is_found_before_the_pickle_is_opened(
    keras_home: Path, real_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(real_data("reuters/reuters.npz").read_bytes())
    content[1_000_000] ^= 1
    (keras_home / "datasets" / "reuters.npz").write_bytes(content)
    monkeypatch.setattr(keras_tokens.unpickling, "load", lambda *_: pytest.fail("the pickle was opened"))

    with pytest.raises(DataError, match=r"damaged or another version.*sha256.*expected sha256 d6586e69"):
        load_dataset(TokenSource(source="reuters"))


def test_maxlen_that_leaves_nothing_is_refused(real_keras_home: Path) -> None:
    with pytest.raises(DataError, match="no rows shorter than maxlen 2"):
        load_dataset(TokenSource(source="reuters", maxlen=2))


def write_idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), 1))


@pytest.fixture
def fashion(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four files of Fashion-MNIST's form with made-up pictures, known to the catalogue by their size."""
    folder = keras_home / "datasets" / "fashion-mnist"
    folder.mkdir()
    source = catalogue.SOURCES["fashion_mnist"]
    for file, rows in zip(source.files, (60000, 60000, 10000, 10000), strict=True):
        labels = np.arange(rows, dtype=np.uint8) % 10
        images = np.broadcast_to(labels[:, None, None] * np.uint8(25), (rows, 28, 28))
        write_idx(folder / file.download_name, labels if "labels" in file.name else images)
    know_sizes(source, monkeypatch)
    return folder


def know_sizes(source: catalogue.KnownSource, monkeypatch: pytest.MonkeyPatch) -> None:
    files = tuple(replace(file, bytes=cache.path_of(file).stat().st_size) for file in source.files)
    monkeypatch.setitem(catalogue.SOURCES, source.name, replace(source, files=files))


@pytest.mark.tensorflow
def test_fashion_mnist_is_read_as_keras_reads_it(fashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras.src.utils import file_utils

    monkeypatch.setattr(file_utils.config, "keras_home", lambda: os.environ["KERAS_HOME"])
    (x_train, y_train), (x_test, y_test) = keras_datasets().fashion_mnist.load_data()

    dataset = load_dataset(ArraySource(source="fashion_mnist"))

    np.testing.assert_array_equal(dataset.inputs, np.concatenate([x_train, x_test]))
    np.testing.assert_array_equal(dataset.targets, np.concatenate([y_train, y_test]))
    assert len(dataset.test_rows) == 10000


@pytest.mark.parametrize("damage", ["truncated", "shape", "longer", "labels"])
def test_damaged_fashion_mnist_is_refused(fashion: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    path = fashion / "train-labels-idx1-ubyte.gz"
    labels = np.zeros(60000, np.uint8)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "longer":
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b"0"))
    else:
        write_idx(path, labels[:-1] if damage == "shape" else labels + 10)
    know_sizes(catalogue.SOURCES["fashion_mnist"], monkeypatch)

    with pytest.raises(DataError, match=r"damaged|expected|promises"):
        load_dataset(ArraySource(source="fashion_mnist"))


def test_a_data_set_that_knows_its_task_refuses_another(real_keras_home: Path) -> None:
    with pytest.raises(DataError, match="'boston_housing' is a regression problem"):
        load_dataset(ArraySource(source="boston_housing"), task="multiclass")
