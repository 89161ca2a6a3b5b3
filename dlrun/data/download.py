"""Download one file: a short wait for the connection, a verified checksum, and either the whole file or nothing."""

from __future__ import annotations

import hashlib
import http.client
import os
import queue
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from dlrun.errors import DataError

OnProgress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes that there are in all (None: not known)."""

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
CHUNK_BYTES = 1 << 18


def no_progress(done: int, total: int | None) -> None:
    """Show nothing."""


def download(url: str, target: Path, size: int, sha256: str | None, on_progress: OnProgress = no_progress) -> None:
    """Fetch ``url`` into ``target``.

    The bytes go to a temporary file beside the target, which takes the target's name once its size and checksum are
    right: two processes may do this at the same time, and a failure leaves nothing.

    Args:
        url: an http or https address.
        target: the file to make, and the folders above it.
        size: how many bytes it must have.
        sha256: its checksum; None where none is known.
        on_progress: hears of each chunk.

    Raises:
        DataError: no network, an HTTP error, a stalled or cut connection, a wrong size or checksum, a full disk.
    """
    if not urllib.parse.urlsplit(url).scheme.startswith("http"):
        raise DataError(f"'{url}' is not an http address")
    _check_connection(url)
    try:
        with urllib.request.urlopen(url, timeout=READ_SECONDS) as response:
            write_verified(_chunks(response, size, on_progress), target, size, sha256, f"the download of {url}")
    except urllib.error.HTTPError as error:  # before URLError, of which it is one
        raise DataError(f"{url} answered {error.code} {error.reason}") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise DataError(f"{url} cannot be read: {_reason(error)}") from error


def write_verified(chunks: Iterable[bytes], target: Path, size: int, sha256: str | None, what: str) -> None:
    """Write bytes to a file that appears only when it is whole and right.

    Args:
        chunks: the content, piece by piece.
        target: the file to make, and the folders above it.
        size: how many bytes there must be.
        sha256: their checksum; None where none is known.
        what: what messages call the content.

    Raises:
        DataError: size or checksum differ from what is expected, or the folder cannot be written.
    """
    digest, written = hashlib.sha256(), 0
    with _whole_or_nothing(target) as stream:
        for chunk in chunks:
            stream.write(chunk)
            digest.update(chunk)
            written += len(chunk)
        if written != size:
            raise DataError(f"{what} has {written:,} bytes, not the {size:,} expected")
        if sha256 and digest.hexdigest() != sha256:
            raise DataError(f"{what} has the sha256 {digest.hexdigest()}, not the {sha256} expected")


@contextmanager
def _whole_or_nothing(target: Path) -> Iterator[IO[bytes]]:
    # In the same folder, so that renaming stays within one file system and is atomic; hidden, and of a name of its own.
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        stream = part.open("xb")
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())  # or a power cut could leave the name with nothing behind it
        part.replace(target)
    except (TimeoutError, ConnectionError):  # OSErrors too, but of the network
        raise
    except OSError as error:
        if isinstance(error, urllib.error.URLError):  # an OSError as well; the caller words it
            raise
        raise _unwritable(target, error) from error
    finally:
        part.unlink(missing_ok=True)


def _unwritable(target: Path, error: OSError) -> DataError:
    return DataError(
        f"'{target}' cannot be written: {error.strerror or error}",
        hint="set KERAS_HOME to a folder with room that you may write",
    )


def _chunks(response: Any, size: int, on_progress: OnProgress) -> Iterator[bytes]:
    done = 0
    while chunk := response.read(CHUNK_BYTES):
        done += len(chunk)
        on_progress(done, size)
        yield chunk
        if done > size:  # the size check will refuse it; no need to fill the disk first
            return


def _check_connection(url: str) -> None:
    """Refuse soon when the host cannot be reached.

    Looking up a name has no time limit of its own and a host may have many addresses, so this runs in a thread that is
    left behind when it takes too long. With a proxy, the host itself need not be reachable.
    """
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
        return
    outcome: queue.SimpleQueue[OSError | None] = queue.SimpleQueue()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    threading.Thread(target=_connect, args=(host, port, outcome), daemon=True).start()
    try:
        error = outcome.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        raise DataError(f"{host} did not answer within {CONNECT_SECONDS:g} s") from None
    if error:
        raise DataError(f"{host} cannot be reached: {_reason(error)}") from error


def _connect(host: str, port: int, outcome: queue.SimpleQueue[OSError | None]) -> None:
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
        outcome.put(None)
    except OSError as error:
        outcome.put(error)


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return str(reason) or type(error).__name__
