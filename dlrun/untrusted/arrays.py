"""Arrays in npy and npz files: the header is checked against the file's size before anything is allocated.

Object arrays are refused, unopened.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from dlrun.untrusted import zips
from dlrun.untrusted.files import RefusedError

Array = npt.NDArray[Any]

_LONGEST_HEADER = 10_000
"""Bytes. NumPy parses none that is longer either, but would read it first."""


@dataclass(frozen=True)
class Header:
    """What an npy file says of its array."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """How much memory the array takes."""
        return math.prod(self.shape) * self.dtype.itemsize


def names_of(archive: zipfile.ZipFile) -> tuple[str, ...]:
    """List the arrays of an npz archive."""
    return tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))


def read_all(path: Path) -> dict[str, Array]:
    """Read all arrays of an npz archive, in this machine's byte order.

    Raises:
        RefusedError: it is damaged, holds objects, is too large, or a zip bomb.
        OSError: it cannot be opened.
    """
    with zips.open_zip(path) as archive:
        zips.check_members(archive, path)
        return {name: read_member(archive, path, name) for name in names_of(archive)}


def read_member(archive: zipfile.ZipFile, path: Path, name: str) -> Array:
    """Read an array that is there; raises RefusedError, and what `zips.damage_refused` catches."""
    member = archive.getinfo(f"{name}.npy")
    zips.check_member(member, path)
    with archive.open(member) as stream:
        array = read_array(stream, member.file_size, f"'{name}' in '{path}'")
        # To the end, where zipfile compares the checksum: a member may be longer than the array in it.
        while stream.read(1 << 20):
            pass
    return array


def read_array(stream: IO[bytes], size: int, what: str) -> Array:
    """Read an array from a stream of so many bytes, in this machine's byte order; raises as `read_member`."""
    header = read_header(stream)
    # NumPy's own reader would allocate what the header promises before it looks at the content.
    check_header(header, size, what)
    if header.bytes > zips.MAX_BYTES:
        raise RefusedError(f"{what} would take {header.bytes:,} bytes; at most {zips.MAX_BYTES:,} are read")
    if not header.bytes:
        return np.empty(header.shape, header.dtype)
    content = np.empty(header.bytes, np.uint8)
    there = _read_into(stream, content.data)
    if there < header.bytes:
        raise RefusedError(f"{what} is cut short: {there:,} of {header.bytes:,} bytes are there")
    array = content.view(header.dtype).reshape(header.shape, order="F" if header.fortran else "C")
    return array if header.dtype.isnative else array.astype(header.dtype.newbyteorder("="))


def check_header(header: Header, size: int, what: str) -> None:
    """Refuse objects, and a header that promises more than ``size`` bytes hold."""
    if header.dtype.hasobject:
        raise RefusedError(
            f"{what} is an array of Python objects, and reading those can run code",
            hint="save plain numbers; rows of different length can be padded, texts encoded",
        )
    if not header.dtype.itemsize:
        # Such values take nothing in a file, so its size says nothing of their number; NumPy gives them room in memory.
        raise RefusedError(f"{what} is an array of {header.dtype}: values without content")
    if header.bytes > size:
        raise RefusedError(
            f"{what} is cut short: shape {header.shape} of {header.dtype} does not fit into {size:,} bytes"
        )


def read_header(stream: IO[bytes]) -> Header:
    """Read what stands before an array. Raises ValueError for what is no header."""
    version = np.lib.format.read_magic(stream)
    # Versions 2 and 3 differ in the encoding of field names only, and structured arrays are refused later.
    form, reader = (
        ("<H", np.lib.format.read_array_header_1_0) if version[0] == 1 else ("<I", np.lib.format.read_array_header_2_0)
    )
    length = stream.read(struct.calcsize(form))
    if len(length) < struct.calcsize(form) or struct.unpack(form, length)[0] > _LONGEST_HEADER:
        raise ValueError(f"the header is cut short, or longer than {_LONGEST_HEADER:,} bytes")
    text = stream.read(struct.unpack(form, length)[0])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what NumPy thinks of an old or odd name of a type helps nobody here
            shape, fortran, dtype = reader(io.BytesIO(length + text))
    except Exception as error:  # it is an expression of Python, and may make Python's parser raise whatever that can
        raise ValueError(f"its header makes no sense: {error or type(error).__name__}") from error
    if min(shape, default=0) < 0:
        raise ValueError(f"its header names the shape {shape}")
    return Header(shape, fortran, dtype)


def _read_into(stream: IO[bytes], content: memoryview) -> int:
    """Fill a buffer as far as the stream goes; returns how many bytes came."""
    filled = 0
    while filled < len(content):
        part = stream.read(min(1 << 20, len(content) - filled))
        if not part:
            break
        content[filled : filled + len(part)] = part
        filled += len(part)
    return filled
