"""Zip archives of strangers: what their directory says is checked before any member is unpacked."""

from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path, PurePosixPath

from dlrun.untrusted.files import RefusedError, open_ordinary

MAX_BYTES = 8 << 30
"""The most that is unpacked: of one member, or of all where all are read."""
MAX_RATIO = 100
"""A packed member above `SMALL_BYTES` may not grow more than this: honest data stay far below, zip bombs do not."""
SMALL_BYTES = 1 << 28
MAX_DIRECTORY = 1 << 24
"""Bytes of the list of members: 200,000 of them, each of which takes ten times as much in memory."""

# What a damaged archive, or a damaged array in it, makes zipfile, zlib and NumPy raise.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError, RuntimeError),
    *(KeyError, SyntaxError, TypeError, AttributeError, OverflowError, tokenize.TokenError),
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What NumPy and Keras write. Of the others, LZMA lets the file choose how much memory is allocated."""
_ENCRYPTED = 1


class _Stream(BufferedReader):
    """A file whose directory is being read, until `opening` is taken back."""

    opening = True

    def read(self, size: int | None = -1, /) -> bytes:
        if self.opening and size is not None and size > MAX_DIRECTORY:
            raise zipfile.BadZipFile(
                f"the list of its members takes {size:,} bytes; at most {MAX_DIRECTORY:,} are read"
            )
        return super().read(size)


@contextmanager
def damage_refused(path: Path) -> Iterator[None]:
    """Turn what a damaged file makes its readers raise into RefusedError; errors of the system stay what they are."""
    try:
        yield
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.strerror:
            raise
        raise RefusedError(
            f"'{path}' is damaged, or not what its name says: {error or type(error).__name__}"
        ) from error


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose members have plain names, each of them once.

    Raises:
        RefusedError: it has others, is damaged, or no ordinary file; also what the block finds damaged.
        OSError: it cannot be opened.
    """
    with damage_refused(path), _Stream(FileIO(open_ordinary(path))) as stream, zipfile.ZipFile(stream) as archive:
        stream.opening = False
        names = [member.orig_filename for member in archive.infolist()]
        for name, times in Counter(names).items():
            if not is_plain(name):
                raise RefusedError(f"'{path}' has a member {name[:80]!r}, which is no plain name")
            if times > 1:
                raise RefusedError(f"'{path}' has more than one member {name[:80]!r}")
        yield archive


def is_plain(name: str) -> bool:
    """Tell whether a member's name stays below the folder that it would be unpacked into, and is fit to show."""
    path = PurePosixPath(name.replace("\\", "/"))
    return bool(name) and name.isprintable() and not path.is_absolute() and ".." not in path.parts


def check_member(member: zipfile.ZipInfo, path: Path, what: str | None = None) -> None:
    """Raise RefusedError for a member that is packed in an odd way, encrypted, or a zip bomb.

    Args:
        member: of the archive.
        path: of the archive.
        what: the member, in the words of a message.
    """
    what = what or f"'{member.filename}' in '{path}'"
    if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
        raise RefusedError(f"{what} is encrypted, or packed in another way than npz and Keras files are")
    # Deflate packs at most 1 to 1032, so a bomb of a few megabytes can hold gigabytes.
    # The archive says how long its members are packed, and no member is longer than the archive is.
    packed = min(member.compress_size, os.stat(path).st_size)
    if member.file_size > MAX_BYTES or (member.file_size > SMALL_BYTES and member.file_size > MAX_RATIO * packed):
        raise RefusedError(
            f"{what} would unpack from {packed:,} to {member.file_size:,} bytes",
            hint=f"at most {MAX_BYTES:,} bytes are read, and at most {MAX_RATIO} times the packed size; if the data are"
            " meant, save them with `numpy.savez`, which does not pack",
        )


def check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise RefusedError when not all members can be read, or all together are a zip bomb."""
    members, size = archive.infolist(), os.stat(path).st_size
    for member in members:
        check_member(member, path)
    # Members may lie over each other, so that many share the bytes of one.
    total = sum(member.file_size for member in members)
    if total > MAX_BYTES or (total > SMALL_BYTES and total > MAX_RATIO * size):
        raise RefusedError(f"'{path}' would unpack from {size:,} to {total:,} bytes")
