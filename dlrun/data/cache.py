"""Keras's cache of data set files: where it lies, what is in it, and how files get there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dlrun import fingerprint
from dlrun.data import catalogue
from dlrun.data.catalogue import KnownSource, RemoteFile
from dlrun.data.download import CHUNK_BYTES, OnProgress, download, no_progress, write_verified
from dlrun.errors import DataError

State = Literal["present", "missing", "damaged"]


@dataclass(frozen=True)
class CachedFile:
    """A known data set and whether its files are here.

    Args:
        rows: None where a generator's option decides.
        features: as a person reads it: ``13``, ``28 × 28``, ``words``.
        origin: where it comes from.
        state: bundled and generated data are always present.
        paths: where its files lie, or would lie; empty for what needs no file.
    """

    name: str
    task: str
    rows: int | None
    features: str
    origin: Literal["download", "bundled", "generated"]
    state: State
    paths: tuple[str, ...]


def datasets_folder() -> Path:
    """Return the folder that Keras keeps data sets in.

    ``$KERAS_HOME/datasets``, else ``~/.keras/datasets``, else (a home that cannot be written) one below the temporary
    folder. The environment is read at each call.
    """
    if home := os.environ.get("KERAS_HOME"):
        return Path(home).expanduser() / "datasets"
    user = Path(os.path.expanduser("~"))
    base = user if os.access(user, os.W_OK) else Path(tempfile.gettempdir())
    return base / ".keras" / "datasets"


def path_of(file: RemoteFile) -> Path:
    """Return where a file lies in the cache, there or not."""
    return datasets_folder() / file.name


def status() -> tuple[CachedFile, ...]:
    """Look at every known data set, in the catalogue's order.

    Reads the files that are there in full, to compare their checksums.
    """
    return tuple(_status_of(source) for source in catalogue.SOURCES.values())


def require(name: str, on_progress: OnProgress = no_progress) -> tuple[Path, ...]:
    """Return the paths of a data set's files, downloading those that are missing. Checksums are the reader's to verify.

    Args:
        name: of a known data set.
        on_progress: hears of a download.

    Raises:
        DataError: a file is missing and cannot be downloaded; the message says how to get it by hand.
    """
    files = catalogue.SOURCES[name].files
    for file in files:
        if not path_of(file).exists():
            _download_missing(name, file, on_progress)
    return tuple(path_of(file) for file in files)


def is_here(name: str) -> bool:
    """Whether a data set can be loaded without a download; also true of what is no known data set, such as files."""
    source = catalogue.SOURCES.get(name)
    return source is None or all(path_of(file).exists() for file in source.files)


def fetch(name: str, on_progress: OnProgress = no_progress) -> CachedFile:
    """Download what a data set lacks; what is here and sound stays, what is damaged is replaced.

    Args:
        name: of a data set, as a person wrote it.
        on_progress: hears of each download.

    Raises:
        DataError: an unknown name, no network, a wrong checksum, a folder that cannot be written.
    """
    source = catalogue.SOURCES.get(name)
    if source is None:
        raise DataError(f"there is no data set '{name}'", hint=_suggestion(name))
    for file in source.files:
        if _state_of(file) != "present":
            _download_missing(name, file, on_progress)
    return _status_of(source)


def add(path: Path) -> CachedFile:
    """Copy a file that was got by other means into the cache. It is known by its checksum, or by its name and size.

    Args:
        path: of the file; it stays where it is.

    Returns:
        The data set that it belongs to, which may still lack other files.

    Raises:
        DataError: the file cannot be read, is not one that dlrun knows, or is damaged.
    """
    if not path.is_file():
        raise DataError(f"there is no file '{path}'" if not path.exists() else f"'{path}' is not a file")
    try:
        source, file = _recognise(path)
        # The cached file itself may be named: copying it onto itself would be pointless work.
        if not (path_of(file).exists() and path_of(file).samefile(path)):
            write_verified(_read(path), path_of(file), file.bytes, file.sha256, f"'{path}'")
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror or error}") from error
    return _status_of(source)


def _status_of(source: KnownSource) -> CachedFile:
    states = {_state_of(file) for file in source.files}
    # The worst state of any file is that of the whole.
    state: State = "damaged" if "damaged" in states else "missing" if "missing" in states else "present"
    paths = tuple(str(path_of(file)) for file in source.files)
    return CachedFile(source.name, source.task, source.rows, source.features, source.origin, state, paths)


def _state_of(file: RemoteFile) -> State:
    path = path_of(file)
    try:
        if path.stat().st_size != file.bytes:  # spares reading what is half there
            return "damaged"
        return "damaged" if file.sha256 and fingerprint.of_file(path) != file.sha256 else "present"
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "damaged"


def _download_missing(name: str, file: RemoteFile, on_progress: OnProgress) -> None:
    try:
        download(file.url, path_of(file), file.bytes, file.sha256, on_progress)
    except DataError as error:
        raise DataError(
            f"'{name}' needs the file '{path_of(file)}', and it cannot be downloaded: {error.message}",
            hint=f"get {file.url} by other means and run `dlrun data add {file.download_name}`, or put it there under"
            f" that name; {catalogue.OFFLINE_HINT}",
        ) from error


def _recognise(path: Path) -> tuple[KnownSource, RemoteFile]:
    """Find which data set a file belongs to."""
    known = [(source, file) for source in catalogue.SOURCES.values() for file in source.files]
    sha256, size = fingerprint.of_file(path), path.stat().st_size
    for source, file in known:
        if file.sha256 == sha256 or (file.sha256 is None and _named(path, file) and file.bytes == size):
            return source, file
    # A known name with other content is most likely a broken download, which deserves a clearer message.
    for source, file in known:
        if _named(path, file):
            expected = f"sha256 {file.sha256}" if file.sha256 else f"{file.bytes:,} bytes"
            raise DataError(
                f"'{path}' has the name of a file of '{source.name}', but not its content: {size:,} bytes,"
                f" sha256 {sha256}; expected {expected}",
                hint=f"it is damaged or another version; get it again from {file.url}",
            )
    names = ", ".join(dict.fromkeys(file.download_name for _, file in known))
    raise DataError(f"'{path}' is not a file that dlrun knows (by checksum or name)", hint=f"it knows {names}")


def _named(path: Path, file: RemoteFile) -> bool:
    return path.name in (file.download_name, Path(file.name).name)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _suggestion(name: str) -> str:
    from dlrun.registry.nearest import nearest

    close = nearest(name, catalogue.SOURCES)
    return f"did you mean '{close}'?" if close else "`dlrun data list` names them all"
