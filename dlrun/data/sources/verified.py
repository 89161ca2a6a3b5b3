"""Files of the cache: their checksum is compared before anything in them is looked at."""

from __future__ import annotations

from pathlib import Path

from dlrun.data import cache, catalogue
from dlrun.data.catalogue import RemoteFile
from dlrun.data.dataset import DataFile
from dlrun.data.download import OnProgress
from dlrun.data.sources.files import examine
from dlrun.errors import DataError


def verify(path: Path, file: RemoteFile) -> DataFile:
    """Compare a cached file with what it must be.

    Raises:
        DataError: it cannot be read, or differs in size or checksum.
    """
    found = examine(str(path))
    if found.bytes != file.bytes or (file.sha256 and found.sha256 != file.sha256):
        expected = f"sha256 {file.sha256}" if file.sha256 else f"{file.bytes:,} bytes"
        raise DataError(
            f"'{path}' is damaged or another version: {found.bytes:,} bytes, sha256 {found.sha256};"
            f" expected {expected}",
            hint=f"delete it, and it is downloaded again; or get {file.url} by other means"
            f" and run `dlrun data add {file.download_name}`",
        )
    return found


def require_verified(name: str, on_progress: OnProgress) -> tuple[tuple[Path, DataFile], ...]:
    """Return each file of a known data set with what was found in it, downloading what is missing.

    Raises:
        DataError: a file is missing and cannot be had, or is damaged.
    """
    paths = cache.require(name, on_progress)
    known = catalogue.SOURCES[name].files
    return tuple((path, verify(path, file)) for path, file in zip(paths, known, strict=True))
