"""Arrays in npy and npz files: the header is checked against the file's size before anything is allocated.

Object arrays are refused. Only the readers of Keras's own, verified files ask for the pickle of a member, unopened.
"""

from __future__ import annotations

import math
import tokenize
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from dlrun.data.dataset import Array
from dlrun.data.sources.files import unreadable
from dlrun.errors import DataError

MAX_BYTES = 8 << 30
"""The largest array that is read, unpacked. What is larger does not belong in memory, and can be mapped from a file."""
MAX_RATIO = 100
"""A packed array above `SMALL_BYTES` may not grow more than this: honest data sets stay far below, zip bombs do not."""
SMALL_BYTES = 1 << 28

# What a damaged archive or array file makes zipfile, zlib and NumPy raise.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError, RuntimeError),
    *(SyntaxError, TypeError, tokenize.TokenError),  # of a header, which is an expression of Python that NumPy parses
)


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_npz(path: Path, names: tuple[str, ...]) -> dict[str, Array]:
    """Read arrays of an npz archive by name.

    Args:
        path: of an ordinary file.
        names: of the arrays, without ``.npy``; no other member is looked at.

    Returns:
        The arrays in this machine's byte order; read-only where they were so already.

    Raises:
        DataError: a name is missing (the message lists what is there), or the archive is damaged, holds objects or is a
            zip bomb.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _read_member(archive, path, name) for name in names}
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def names_in(path: Path) -> tuple[str, ...]:
    """List the arrays of an npz archive. Raises DataError when it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _names(archive)
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def read_object_pickle(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the pickle of an object array's member, unopened. For verified files only; raises what zipfile raises."""
    with archive.open(f"{name}.npy") as stream:
        _read_header(stream)
        return stream.read()


def read_npy(path: Path) -> Array:
    """Read an npy file: one array, in this machine's byte order.

    Raises:
        DataError: it is damaged, holds objects or is too large.
    """
    try:
        with path.open("rb") as stream:
            return _read_array(stream, path.stat().st_size, f"'{path}'")
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def map_npy(path: Path) -> Array:
    """Map an npy file's array into memory: only what is looked at is read, and the file may be larger than memory.

    Returns:
        The array, read-only. One in another byte order than this machine's is read as a whole.

    Raises:
        DataError: the file is damaged or holds objects.
    """
    try:
        with path.open("rb") as stream:
            header = _read_header(stream)
            offset = stream.tell()
        _check_header(header, path.stat().st_size - offset, f"'{path}'")
        if not header.bytes or not header.dtype.isnative:
            return read_npy(path)
        dtype: np.dtype[Any] = header.dtype
        mapped = np.memmap(path, dtype, "r", offset, header.shape, "F" if header.fortran else "C")
        return np.asarray(mapped)
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def _read_member(archive: zipfile.ZipFile, path: Path, name: str) -> Array:
    if f"{name}.npy" not in archive.namelist():
        there = ", ".join(_names(archive)) or "nothing"
        raise DataError(f"'{path}' holds no array '{name}'; there is {there}", hint=_closest(name, archive))
    member = archive.getinfo(f"{name}.npy")
    _refuse_bomb(member, path)
    with archive.open(member) as stream:
        array = _read_array(stream, member.file_size, f"'{name}' in '{path}'")
        # To the end, where zipfile compares the checksum: a member may be longer than the array in it.
        stream.read()
    return array


def _refuse_bomb(member: zipfile.ZipInfo, path: Path) -> None:
    # Deflate packs at most 1 to 1032, so a bomb of a few megabytes can hold gigabytes.
    # The archive says how long its members are packed, and no member is longer than the archive is.
    packed = min(member.compress_size, path.stat().st_size)
    ratio = member.file_size / max(packed, 1)
    if member.file_size > MAX_BYTES or (member.file_size > SMALL_BYTES and ratio > MAX_RATIO):
        raise DataError(
            f"'{member.filename}' in '{path}' would unpack from {packed:,} to {member.file_size:,} bytes",
            hint=f"at most {MAX_BYTES:,} bytes are read, and at most {MAX_RATIO} times the packed size; if the data are"
            " meant, save them with `numpy.savez`, which does not pack",
        )


def _read_array(stream: IO[bytes], size: int, what: str) -> Array:
    header = _read_header(stream)
    # NumPy's own reader would allocate what the header promises before it looks at the content.
    _check_header(header, size, what)
    if header.bytes > MAX_BYTES:
        raise DataError(f"{what} would take {header.bytes:,} bytes; at most {MAX_BYTES:,} are read")
    content = stream.read(header.bytes)
    if len(content) < header.bytes:
        raise DataError(f"{what} is cut short: {len(content):,} of {header.bytes:,} bytes are there")
    if not content:
        return np.empty(header.shape, header.dtype)
    array = np.frombuffer(content, header.dtype).reshape(header.shape, order="F" if header.fortran else "C")
    return array if header.dtype.isnative else array.astype(header.dtype.newbyteorder("="))


def _check_header(header: _Header, size: int, what: str) -> None:
    """Refuse objects, and a header that promises more than ``size`` bytes hold."""
    if header.dtype.hasobject:
        raise DataError(
            f"{what} is an array of Python objects, and reading those can run code",
            hint="save plain numbers; rows of different length can be padded, texts encoded",
        )
    if not header.dtype.itemsize:
        # Such values take nothing in a file, so its size says nothing of their number; NumPy gives them room in memory.
        raise DataError(f"{what} is an array of {header.dtype}: values without content")
    if header.bytes > size:
        raise DataError(f"{what} is cut short: shape {header.shape} of {header.dtype} does not fit into {size:,} bytes")


def _read_header(stream: IO[bytes]) -> _Header:
    version = np.lib.format.read_magic(stream)
    # Versions 2 and 3 differ in the encoding of field names only, and structured arrays are refused later.
    reader = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what NumPy thinks of an old or odd name of a type helps nobody here
        shape, fortran, dtype = reader(stream)
    return _Header(shape, fortran, dtype)


def _names(archive: zipfile.ZipFile) -> tuple[str, ...]:
    return tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))


def _closest(name: str, archive: zipfile.ZipFile) -> str:
    from dlrun.registry.nearest import nearest

    close = nearest(name, _names(archive))
    return f"did you mean '{close}'?" if close else "name them with `inputs` and `targets`"


def _damaged(path: Path, error: Exception) -> DataError:
    if isinstance(error, OSError) and error.strerror:
        return unreadable(path, error)
    return DataError(f"'{path}' is damaged, or not what its name says: {error or type(error).__name__}")
