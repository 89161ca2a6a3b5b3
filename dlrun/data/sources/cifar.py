"""CIFAR-10 and CIFAR-100, read from the archive as downloaded: nothing is unpacked to disk."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.assembly import assemble
from dlrun.data.dataset import Array, Dataset
from dlrun.data.download import OnProgress
from dlrun.data.sources import unpickling
from dlrun.data.sources.verified import require_verified
from dlrun.errors import DataError

FOLDERS = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}
TRAIN_FILES = {"cifar10": tuple(f"data_batch_{batch}" for batch in range(1, 6)), "cifar100": ("train",)}
TEST_FILES = {"cifar10": "test_batch", "cifar100": "test"}
META_FILES = {"cifar10": "batches.meta", "cifar100": "meta"}

MAX_MEMBER_BYTES = 200 << 20
"""The largest member, CIFAR-100's training images, has 155 MB."""
IMAGE = (3, 32, 32)


def load(name: str, label_mode: str, on_progress: OnProgress) -> Dataset:
    """Load ``cifar10`` or ``cifar100``; inputs (60000, 32, 32, 3) uint8.

    Args:
        name: which.
        label_mode: ``fine`` or ``coarse``; CIFAR-10 has only one kind of label.
        on_progress: hears of a download.

    Raises:
        DataError: the archive is missing and cannot be had, is damaged, or holds something else.
    """
    ((path, file),) = require_verified(name, on_progress)
    key = "labels" if name == "cifar10" else f"{label_mode}_labels"
    names_key = "label_names" if name == "cifar10" else f"{label_mode}_label_names"
    wanted = (*TRAIN_FILES[name], TEST_FILES[name], META_FILES[name])
    batches = _read_members(path, FOLDERS[name], wanted)
    images, labels = zip(*(_images(batches[part], key, path) for part in wanted[:-1]), strict=True)
    class_names = tuple(_field(batches[wanted[-1]], names_key, path))
    return assemble(
        name,
        "multiclass",
        np.concatenate(images),
        _checked_labels(np.concatenate(labels), len(class_names), path),
        test_from=sum(len(part) for part in images[:-1]),
        class_names=tuple(text.decode("utf-8", "replace") for text in class_names),
        files=(file,),
    )


def _read_members(path: Path, folder: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Read pickled members, in one pass over the packed archive."""
    found: dict[str, Any] = {}
    try:
        # As a stream: going back in a packed archive would unpack it again from the start.
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                parent, _, name = member.name.rpartition("/")
                if parent != folder or name not in names or not member.isfile():
                    continue  # links and folders too: nothing outside the wanted members is looked at
                if member.size > MAX_MEMBER_BYTES:
                    raise DataError(f"'{member.name}' in '{path}' has {member.size:,} bytes; that is no CIFAR batch")
                stream = archive.extractfile(member)
                found[name] = unpickling.load(stream.read() if stream else b"", f"'{member.name}' in '{path}'")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"'{path}' is damaged: {error}") from error
    if missing := [name for name in names if name not in found]:
        raise DataError(f"'{path}' lacks '{folder}/{missing[0]}'")
    return found


def _images(batch: Any, key: str, path: Path) -> tuple[Array, Array]:
    """Take images (rows, 32, 32, 3) and labels (rows,) out of a batch."""
    data, labels = np.asarray(_field(batch, "data", path)), np.asarray(_field(batch, key, path))
    if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != np.prod(IMAGE) or labels.shape != (len(data),):
        found = f"{data.dtype} {data.shape} and labels {labels.shape}"
        raise DataError(f"'{path}' holds arrays of {found}; expected bytes (rows, 3072) and a label for each")
    return data.reshape(-1, *IMAGE).transpose(0, 2, 3, 1), labels.astype(np.int64)


def _checked_labels(labels: Array, classes: int, path: Path) -> Array:
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(f"'{path}' holds labels from {labels.min()} to {labels.max()}; expected 0..{classes - 1}")
    return labels


def _field(batch: Any, key: str, path: Path) -> Any:
    try:
        return batch[key.encode()]
    except (KeyError, TypeError) as error:
        raise DataError(f"'{path}' holds a batch without '{key}'") from error
