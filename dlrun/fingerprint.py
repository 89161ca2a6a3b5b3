"""Content hashes: of files and of arrays. Two things with one fingerprint hold the same content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

CHUNK_BYTES = 1 << 25
"""Of an array that has to be copied to be read in order."""


def of_file(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def of_arrays(arrays: dict[str, npt.NDArray[Any]]) -> str:
    """Return the sha256 digest of named arrays: names, types, shapes and values, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}\x00{array.dtype.str}\x00{array.shape}\x00".encode())
        for octets in _octets(array):
            digest.update(octets)
    return digest.hexdigest()


def _octets(array: npt.NDArray[Any]) -> Iterator[memoryview]:
    """Yield the bytes of an array in C's order; one that lies otherwise is put in order a few rows at a time."""
    import numpy as np

    if not array.size:
        return
    row_bytes = max(1, array.nbytes // len(array)) if array.ndim else array.nbytes
    rows = len(array) if array.ndim and array.flags.c_contiguous else max(1, CHUNK_BYTES // row_bytes)
    for start in range(0, len(array), rows) if array.ndim else [0]:
        part = array[start : start + rows] if array.ndim else array
        yield np.ascontiguousarray(part).reshape(-1).view(np.uint8).data
