"""Keras's own data sets: the rows, labels and parts that `keras.datasets` gives, compared with it."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import fingerprint
from dlrun.data import cache, catalogue, load_dataset
from dlrun.data.dataset import TokenRows
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


def flat(lists: Any) -> tuple[np.ndarray, np.ndarray]:
    """Put lists of tokens end to end: millions of tokens compare fast as arrays only. Also their lengths."""
    return np.fromiter(chain.from_iterable(lists), np.int32), np.array([len(row) for row in lists])


OPTIONS: list[dict[str, Any]] = [
    {"num_words": None, "skip_top": 20, "maxlen": 250},
    {"num_words": 10000},
    {"num_words": 500, "skip_top": 20},
    {"num_words": None, "maxlen": 60},
]


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "options"),
    # IMDB takes Keras some seconds for each set of options, so it gets the one in which every option is at work.
    [("imdb", OPTIONS[0]), *(("reuters", options) for options in OPTIONS)],
)
def test_token_rows_are_those_of_keras(keras_reads_home: Path, name: Any, options: dict[str, Any]) -> None:
    theirs = getattr(keras_datasets(), name).load_data(**options)

    dataset = load_dataset(TokenSource(source=name, **options))

    assert isinstance(dataset.inputs, TokenRows)
    for rows, (lists, labels) in zip((dataset.train_rows, dataset.test_rows), theirs, strict=True):
        ours, (tokens, lengths) = dataset.inputs.take(rows), flat(lists)
        np.testing.assert_array_equal(ours.tokens, tokens)
        np.testing.assert_array_equal(ours.lengths, lengths)
        np.testing.assert_array_equal(dataset.targets[rows], labels)
    assert dataset.vocabulary is not None
    assert dataset.inputs.tokens.max() < dataset.vocabulary


def test_no_token_lies_beyond_the_vocabulary_however_small(real_keras_home: Path) -> None:
    dataset = load_dataset(TokenSource(source="reuters", num_words=1))

    assert isinstance(dataset.inputs, TokenRows)
    assert (np.unique(dataset.inputs.tokens).tolist(), dataset.vocabulary) == ([2], 3)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["mnist", "boston_housing"])
def test_arrays_are_those_of_keras(keras_reads_home: Path, name: str) -> None:
    (x_train, y_train), (x_test, y_test) = getattr(keras_datasets(), name).load_data()

    dataset = load_dataset(ArraySource(source=name))

    np.testing.assert_array_equal(dataset.inputs[dataset.train_rows], x_train)
    np.testing.assert_array_equal(dataset.inputs[dataset.test_rows], x_test)
    np.testing.assert_array_equal(dataset.targets[dataset.train_rows], y_train)
    np.testing.assert_array_equal(dataset.targets[dataset.test_rows], y_test)


def test_mnist_has_its_digits_in_order(real_keras_home: Path) -> None:
    with np.load(real_keras_home / "datasets" / "mnist.npz") as archive:
        arrays = dict(archive)

    dataset = load_dataset(ArraySource(source="mnist"))

    np.testing.assert_array_equal(dataset.inputs[dataset.test_rows], arrays["x_test"])
    np.testing.assert_array_equal(dataset.targets[dataset.train_rows], arrays["y_train"])
    assert dataset.class_names == tuple("0123456789")
    assert (dataset.inputs.dtype, [file.bytes for file in dataset.files]) == (np.uint8, [11490434])


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


DAMAGES: dict[str, Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]] = {
    "offsets fall": lambda arrays: {"offsets": arrays["offsets"][::-1]},
    "offsets end early": lambda arrays: {"offsets": np.append(arrays["offsets"][:-1], arrays["offsets"][-1] - 1)},
    "a row is empty": lambda arrays: {"offsets": np.r_[0, 0, arrays["offsets"][2:]]},
    "a label is missing": lambda arrays: {"labels": arrays["labels"][:-1]},
    "a label is too high": lambda arrays: {"labels": arrays["labels"] + 1},
    "a label is negative": lambda arrays: {"labels": arrays["labels"] - 1},
    "a token is 0": lambda arrays: {"tokens": np.r_[np.int32(0), arrays["tokens"][1:]]},
    "tokens are fractions": lambda arrays: {"tokens": arrays["tokens"].astype(float)},
    "the cut lies beyond the end": lambda arrays: {"train": np.int64(len(arrays["labels"]))},
    "the cut is a list": lambda arrays: {"train": np.array([-1])},
    "nothing is there": lambda arrays: {"offsets": np.array([0]), "labels": np.empty(0, np.int64)},
}


@pytest.fixture
def small_reuters(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Keras home with a file of Reuters's form: 92 short rows, every topic twice."""
    path = keras_home / "datasets" / "reuters.npz"
    words = np.array([[1 + row, 2, 3 + row % 5][: 1 + row % 3] for row in range(92)], object)
    np.savez(path, x=words, y=np.arange(92) % 46)
    source = catalogue.SOURCES["reuters"]
    file = replace(source.files[0], bytes=path.stat().st_size, sha256=fingerprint.of_file(path))
    monkeypatch.setitem(catalogue.SOURCES, "reuters", replace(source, files=(file,)))
    return keras_home


@pytest.mark.parametrize("damage", ["truncated", *DAMAGES])
def test_a_damaged_copy_is_replaced(small_reuters: Path, damage: str) -> None:
    source = TokenSource(source="reuters")
    first = load_dataset(source)
    copy = copies(small_reuters)[0]
    if damage == "truncated":
        copy.write_bytes(copy.read_bytes()[:-100])
    else:
        with np.load(copy) as archive:
            arrays = dict(archive)
        arrays |= DAMAGES[damage](arrays)
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
