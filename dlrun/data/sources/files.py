"""Files that a spec names: there, readable, ordinary, and the ones that the spec's checksums speak of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dlrun import fingerprint
from dlrun.data.dataset import DataFile
from dlrun.errors import DataError


def examine(path: str, sha256: str | None = None) -> DataFile:
    """Check that a file can be read and note its size and content.

    Args:
        path: where it lies.
        sha256: what its content must be; None for anything.

    Raises:
        DataError: it is missing, not an ordinary file, empty, not readable, or has changed.
    """
    place = Path(path)
    try:
        # Opening a named pipe would wait for ever, so ask what it is first.
        if place.is_symlink() and not place.exists():
            raise DataError(f"'{path}' is a link that leads nowhere", hint="remove it, or bring the file back")
        if not place.exists():
            raise DataError(f"there is no file '{path}'", hint=_siblings(place))
        if not place.is_file():
            raise DataError(f"'{path}' is {'a folder' if place.is_dir() else 'not an ordinary file'}")
        size = place.stat().st_size
        if size == 0:
            raise DataError(f"'{path}' is empty")
        found = fingerprint.of_file(place)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise unreadable(path, error) from error
    if sha256 is not None and found != sha256:
        raise DataError(
            f"'{path}' has changed: its sha256 is {found}, the spec says {sha256}",
            hint="bring the old file back, or take `sha256` out of the spec if the new one is meant",
        )
    return DataFile(str(place), size, found)


def examine_all(paths: Sequence[str], sha256: Sequence[str] | None) -> tuple[DataFile, ...]:
    """Check several files; see `examine`.

    Args:
        paths: where they lie.
        sha256: what the content of each must be, in the same order; None for anything.

    Raises:
        DataError: what `examine` raises, or there are more or fewer checksums than files.
    """
    if sha256 is not None and len(sha256) != len(paths):
        raise DataError(f"the spec names {len(paths)} files, but {len(sha256)} checksums under `sha256`")
    return tuple(examine(path, sha256[index] if sha256 else None) for index, path in enumerate(paths))


def unreadable(path: str | Path, error: Exception) -> DataError:
    """Make the error that says that a file cannot be read, and why; for the caller to raise."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return DataError(f"'{path}' cannot be read: {reason}")


ELSEWHERE = "a path starts at the spec's own folder; `--data-root DIR` looks for it elsewhere"
"""What to do about a file or folder that is not where a spec says."""


def _siblings(path: Path) -> str:
    """Suggest a file of the same kind beside one that is not there, or where else to look."""
    from dlrun.registry.nearest import nearest

    try:
        names = os.listdir(path.parent)
    except OSError:
        return f"there is no folder '{path.parent}' either; {ELSEWHERE}"
    close = nearest(path.name, [name for name in names if Path(name).suffix == path.suffix])
    return f"did you mean '{close}'?" if close else ELSEWHERE
