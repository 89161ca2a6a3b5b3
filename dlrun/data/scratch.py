"""Large arrays outside of memory: mapped from a file without a name in the cache folder, and gone with the process."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.dataset import Array
from dlrun.errors import DataError

IN_MEMORY = 1 << 30
"""Bytes up to which an array stays in memory."""
SPARE = 1 << 28
"""Bytes of the disk that are left to others."""


def cache_folder() -> Path:
    """Return dlrun's cache folder, there or not: ``$DLRUN_CACHE``, ``$XDG_CACHE_HOME/dlrun`` or ``~/.cache/dlrun``.

    Never the folder for temporary files, which may lie in memory.
    """
    if own := os.environ.get("DLRUN_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "dlrun"


def array_for(shape: tuple[int, ...], dtype: np.dtype[Any], what: str) -> Array:
    """Make an array to be filled: in memory where it is small, else mapped from a scratch file.

    Args:
        shape: of the array.
        dtype: of its values.
        what: is to be put there, for messages.

    Raises:
        DataError: the disk has no room for it, or the cache folder cannot be used.
    """
    size = math.prod(shape) * dtype.itemsize
    if size <= IN_MEMORY:
        return np.empty(shape, dtype)
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < size + SPARE:
            raise _no_room(folder, what, size, free)
        with tempfile.TemporaryFile(dir=folder, prefix="dlrun-") as file:
            # Room that is only promised would be found missing while an epoch runs, and end the process.
            os.posix_fallocate(file.fileno(), 0, size)
            return np.asarray(np.memmap(file, dtype, "r+", shape=shape))
    except OSError as error:
        raise DataError(
            f"'{folder}' cannot hold {what}, {size:,} bytes when unpacked: {error.strerror or error}",
            hint="DLRUN_CACHE names another folder for such files",
        ) from error


def _no_room(folder: Path, what: str, size: int, free: int) -> DataError:
    return DataError(
        f"{what} take {size:,} bytes when unpacked, and the disk of '{folder}' has {max(0, free - SPARE):,} to spare",
        hint="make room there, or let DLRUN_CACHE name a folder on another disk",
    )
