"""Arrays in npy and npz files of a user's, read as those of a stranger (`dlrun.untrusted`).

Object arrays are refused. Only the readers of Keras's own, verified files ask for the pickle of a member, unopened.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.dataset import Array
from dlrun.data.sources.files import unreadable
from dlrun.errors import DataError
from dlrun.untrusted import arrays, zips
from dlrun.untrusted.files import RefusedError


def read_npz(path: Path, names: tuple[str, ...]) -> dict[str, Array]:
    """Read arrays of an npz archive by name.

    Args:
        path: of an ordinary file.
        names: of the arrays, without ``.npy``; no other member is read.

    Returns:
        The arrays in this machine's byte order.

    Raises:
        DataError: a name is missing (the message lists what is there), or the archive is damaged, holds objects or is a
            zip bomb.
    """
    with _as_data(path), zips.open_zip(path) as archive:
        return {name: _read_member(archive, path, name) for name in names}


def members_in(path: Path) -> tuple[str, ...]:
    """List all members of an archive, each of which has a plain name of its own. Raises DataError when damaged."""
    with _as_data(path), zips.open_zip(path) as archive:
        return tuple(archive.namelist())


def names_in(path: Path) -> tuple[str, ...]:
    """List the arrays of an npz archive. Raises DataError when it is damaged."""
    with _as_data(path), zips.open_zip(path) as archive:
        return arrays.names_of(archive)


def read_object_pickle(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the pickle of an object array's member, unopened. For verified files only; raises what zipfile raises."""
    with archive.open(f"{name}.npy") as stream:
        arrays.read_header(stream)
        return stream.read()


def read_npy(path: Path) -> Array:
    """Read an npy file: one array, in this machine's byte order.

    Raises:
        DataError: it is damaged, holds objects or is too large.
    """
    with _as_data(path), path.open("rb") as stream:
        return arrays.read_array(stream, path.stat().st_size, f"'{path}'")


def map_npy(path: Path) -> Array:
    """Map an npy file's array into memory: only what is looked at is read, and the file may be larger than memory.

    Returns:
        The array, read-only. One in another byte order than this machine's is read as a whole.

    Raises:
        DataError: the file is damaged or holds objects.
    """
    with _as_data(path):
        with path.open("rb") as stream:
            header = arrays.read_header(stream)
            offset = stream.tell()
        arrays.check_header(header, path.stat().st_size - offset, f"'{path}'")
        if not header.bytes or not header.dtype.isnative:
            return read_npy(path)
        dtype: np.dtype[Any] = header.dtype
        mapped = np.memmap(path, dtype, "r", offset, header.shape, "F" if header.fortran else "C")
        return np.asarray(mapped)


def _read_member(archive: zipfile.ZipFile, path: Path, name: str) -> Array:
    there = arrays.names_of(archive)
    if name not in there:
        listed = ", ".join(there) or "nothing"
        raise DataError(f"'{path}' holds no array '{name}'; there is {listed}", hint=_closest(name, there))
    return arrays.read_member(archive, path, name)


def _closest(name: str, there: tuple[str, ...]) -> str:
    from dlrun.registry.nearest import nearest

    close = nearest(name, there)
    return f"did you mean '{close}'?" if close else "name them with `inputs` and `targets`"


@contextmanager
def _as_data(path: Path) -> Iterator[None]:
    """Raise as a DataError what keeps a file from being read."""
    try:
        with zips.damage_refused(path):
            yield
    except RefusedError as error:
        raise DataError(error.message, hint=error.hint) from error
    except OSError as error:
        raise unreadable(path, error) from error
