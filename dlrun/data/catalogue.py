"""The data sets that dlrun knows by name: what they are, and the files, addresses and checksums of those it downloads.

File names, addresses and checksums are those of Keras 3's loaders (``keras.datasets``), so both share one cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dlrun.data.dataset import Task

KERAS_BASE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
CIFAR_BASE = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class RemoteFile:
    """A file to download.

    Args:
        name: its path below the cache's ``datasets`` folder, as Keras names it.
        url: where it comes from.
        bytes: its exact size.
        sha256: its checksum; None where Keras has none (Fashion-MNIST: no pickle in it, size and content are checked).
    """

    name: str
    url: str
    bytes: int
    sha256: str | None = None

    @property
    def download_name(self) -> str:
        """What the file is called where it comes from."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class KnownSource:
    """A data set with a name of its own. ``rows`` is None where a generator's option decides."""

    name: str
    task: Task
    rows: int | None
    features: str
    origin: Literal["download", "bundled", "generated"]
    files: tuple[RemoteFile, ...] = ()


def _keras_file(name: str, size: int, sha256: str | None, folder: str = "") -> RemoteFile:
    return RemoteFile(folder + name, KERAS_BASE + name, size, sha256)


def _fashion_file(name: str, size: int) -> RemoteFile:
    return _keras_file(name, size, None, folder="fashion-mnist/")


def _downloads() -> tuple[KnownSource, ...]:
    imdb = _keras_file("imdb.npz", 17464789, "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f")
    reuters = _keras_file("reuters.npz", 2110848, "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916")
    boston = _keras_file(
        "boston_housing.npz", 57026, "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"
    )
    california = _keras_file(
        "california_housing.npz", 743530, "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
    )
    mnist = _keras_file("mnist.npz", 11490434, "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1")
    fashion = (
        _fashion_file("train-images-idx3-ubyte.gz", 26421880),
        _fashion_file("train-labels-idx1-ubyte.gz", 29515),
        _fashion_file("t10k-images-idx3-ubyte.gz", 4422102),
        _fashion_file("t10k-labels-idx1-ubyte.gz", 5148),
    )
    cifar10 = RemoteFile(
        "cifar-10-batches-py-target_archive",
        CIFAR_BASE + "cifar-10-python.tar.gz",
        170498071,
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    )
    cifar100 = RemoteFile(
        "cifar-100-python-target_archive",
        CIFAR_BASE + "cifar-100-python.tar.gz",
        169001437,
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    )
    return (
        KnownSource("imdb", "binary", 50000, "words", "download", (imdb,)),
        KnownSource("reuters", "multiclass", 11228, "words", "download", (reuters,)),
        KnownSource("boston_housing", "regression", 506, "13", "download", (boston,)),
        KnownSource("california_housing", "regression", 20640, "8", "download", (california,)),
        KnownSource("mnist", "multiclass", 70000, "28 × 28", "download", (mnist,)),
        KnownSource("fashion_mnist", "multiclass", 70000, "28 × 28", "download", fashion),
        KnownSource("cifar10", "multiclass", 60000, "32 × 32 × 3", "download", (cifar10,)),
        KnownSource("cifar100", "multiclass", 60000, "32 × 32 × 3", "download", (cifar100,)),
    )


_BUNDLED = (
    KnownSource("breast_cancer", "binary", 569, "30", "bundled"),
    KnownSource("wine", "multiclass", 178, "13", "bundled"),
    KnownSource("iris", "multiclass", 150, "4", "bundled"),
    KnownSource("digits", "multiclass", 1797, "64", "bundled"),
    KnownSource("diabetes", "regression", 442, "10", "bundled"),
    KnownSource("linnerud", "vector_regression", 20, "3", "bundled"),
)

_GENERATED = (
    KnownSource("make_blobs", "multiclass", None, "n_features", "generated"),
    KnownSource("make_circles", "binary", None, "2", "generated"),
    KnownSource("make_classification", "binary", None, "n_features", "generated"),
    KnownSource("make_friedman1", "regression", None, "n_features", "generated"),
    KnownSource("make_gaussian_quantiles", "multiclass", None, "n_features", "generated"),
    KnownSource("make_moons", "binary", None, "2", "generated"),
    KnownSource("make_multilabel_classification", "multilabel", None, "n_features", "generated"),
    KnownSource("make_regression", "regression", None, "n_features", "generated"),
    KnownSource("make_reviews", "binary", None, "texts", "generated"),
    KnownSource("make_series", "forecasting", None, "lookback × 1", "generated"),
    KnownSource("make_bouncing_ball", "forecasting", None, "frames × 16 × 16 × 1", "generated"),
    KnownSource("make_dose_response", "unit_regression", None, "4", "generated"),
)

SOURCES: dict[str, KnownSource] = {source.name: source for source in (*_downloads(), *_BUNDLED, *_GENERATED)}
"""Every data set that dlrun knows by name, in the order that `dlrun data list` shows."""

OFFLINE_HINT = (
    "without network: breast_cancer, wine, iris, digits, diabetes, linnerud, make_reviews"
    " and generators (make_moons, make_series, ...)"
)
