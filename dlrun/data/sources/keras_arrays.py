"""Keras's data sets of plain arrays: Boston and California housing, MNIST and Fashion-MNIST.

Rows and their order, and which rows are the test set, are those of ``keras.datasets``.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from dlrun.data.assembly import assemble
from dlrun.data.dataset import Array, Dataset
from dlrun.data.download import OnProgress
from dlrun.data.sources import archives
from dlrun.data.sources.verified import require_verified
from dlrun.errors import DataError

KERAS_SEED = 113
"""The seed with which Keras shuffles before it cuts the test set off."""
TRAIN_SHARE = 0.8

BOSTON_COLUMNS = ("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT")
BOSTON_NOTE = (
    "Column B is computed from the share of Black residents, on the assumption that segregation raises prices:"
    " use these data for exercise only (scikit-learn removed them for this reason)."
)
# The columns that the file really holds; the docstring of Keras's loader lists others.
CALIFORNIA_COLUMNS = (
    "longitude",
    "latitude",
    "housing_median_age",
    "total_rooms",
    "total_bedrooms",
    "population",
    "households",
    "median_income",
)
FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
FASHION_SHAPES: tuple[tuple[int, ...], ...] = ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,))
"""Of train images, train labels, test images and test labels."""


def load(name: str, on_progress: OnProgress) -> Dataset:
    """Load ``boston_housing``, ``mnist`` or ``fashion_mnist``.

    Args:
        name: which.
        on_progress: hears of a download.

    Returns:
        Boston: inputs (506, 13) float64, targets in 1,000 dollars. Pictures: (70000, 28, 28) uint8.

    Raises:
        DataError: a file is missing and cannot be had, is damaged, or holds something else.
    """
    if name == "boston_housing":
        return _housing(name, BOSTON_COLUMNS, None, (BOSTON_NOTE,), on_progress)
    return _mnist(on_progress) if name == "mnist" else _fashion_mnist(on_progress)


def load_california(version: str, on_progress: OnProgress) -> Dataset:
    """Load California housing: all rows, or the first 600 of the file (``small``).

    Returns:
        Inputs (20640, 8) or (600, 8) float32, targets in dollars.

    Raises:
        DataError: the file is missing and cannot be had, or is damaged.
    """
    rows = 600 if version == "small" else None
    return _housing("california_housing", CALIFORNIA_COLUMNS, rows, (), on_progress)


def keras_orders(*rows: int) -> list[Array]:
    """Return the orders into which Keras shuffles the parts of a data set, one after another; shape (rows,) each."""
    random = np.random.RandomState(KERAS_SEED)  # one for all parts: the second order depends on the first's length
    return [_shuffled(np.arange(count), random) for count in rows]


def _shuffled(order: Array, random: np.random.RandomState) -> Array:
    random.shuffle(order)
    return order


def _housing(
    name: str, columns: tuple[str, ...], rows: int | None, notes: tuple[str, ...], on_progress: OnProgress
) -> Dataset:
    ((path, file),) = require_verified(name, on_progress)
    arrays = archives.read_npz(path, ("x", "y"))
    inputs, targets = arrays["x"][:rows], arrays["y"][:rows]
    (order,) = keras_orders(len(inputs))
    return assemble(
        name,
        "regression",
        inputs[order],
        targets[order],
        test_from=int(len(order) * TRAIN_SHARE),
        feature_names=columns,
        target_names=("price",),
        files=(file,),
        notes=notes,
    )


def _mnist(on_progress: OnProgress) -> Dataset:
    ((path, file),) = require_verified("mnist", on_progress)
    arrays = archives.read_npz(path, ("x_train", "y_train", "x_test", "y_test"))
    return assemble(
        "mnist",
        "multiclass",
        np.concatenate([arrays["x_train"], arrays["x_test"]]),
        np.concatenate([arrays["y_train"], arrays["y_test"]]).astype(np.int64),
        test_from=len(arrays["x_train"]),
        class_names=tuple(str(digit) for digit in range(10)),
        files=(file,),
    )


def _fashion_mnist(on_progress: OnProgress) -> Dataset:
    paths, files = zip(*require_verified("fashion_mnist", on_progress), strict=True)
    train_images, train_labels, test_images, test_labels = (
        _idx(path, shape) for path, shape in zip(paths, FASHION_SHAPES, strict=True)
    )
    labels = np.concatenate([train_labels, test_labels]).astype(np.int64)
    if labels.max() >= len(FASHION_CLASSES):
        raise DataError(f"'{paths[1]}' or '{paths[3]}' holds the label {labels.max()}; expected 0..9")
    return assemble(
        "fashion_mnist",
        "multiclass",
        np.concatenate([train_images, test_images]),
        labels,
        test_from=len(train_images),
        class_names=FASHION_CLASSES,
        files=files,
    )


def _idx(path: Path, shape: tuple[int, ...]) -> Array:
    """Read a gzipped idx file: 0, 0, type (8: bytes), rank, each dimension in 4 bytes (highest first), values."""
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
    size = math.prod(shape)
    try:
        with gzip.open(path) as stream:
            if stream.read(len(header)) != header:
                raise DataError(f"'{path}' is not the idx file of shape {shape} that was expected")
            content = stream.read(size + 1)  # one more than there may be, so that a longer file is noticed
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"'{path}' is damaged: {error}", hint="delete it, and it is downloaded again") from error
    if len(content) != size:
        raise DataError(f"'{path}' has more or fewer than the {size:,} values that its header promises")
    return np.frombuffer(content, np.uint8).reshape(shape)
