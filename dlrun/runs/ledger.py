"""``ledger.jsonl`` beside the runs: which test rows were looked at, when, and by which spec.

One JSON object a line, appended under ``flock`` and synced. Test rows are known by the hashes of their raw records, so
that another name or a dropped column does not reset the count. The hashes stand in the first line with a digest; later
lines with the same digest leave them out.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.runs import atomic, lock
from dlrun.runs.looks import Look, as_ints, digest_of, pack, parse_line, unpack, write_line

NAME = "ledger.jsonl"
MOST_BYTES = 1 << 30
"""Room for the hashes of a hundred million test rows."""


@dataclass(frozen=True)
class Looks:
    """The looks at some test rows so far.

    Args:
        looks: one for each run, the oldest first.
        shared: how many of the rows have been looked at by any of them.
        notes: sentences about lines that could not be read: a look may be missing from the count.
    """

    looks: tuple[Look, ...]
    shared: int
    notes: tuple[str, ...]


def append_look(runs_dir: Path, look: Look) -> bool:
    """Write a look into the ledger, to last through a power cut; call it before the score is shown.

    Returns:
        False when the ledger had it already (the same run, rows and spec): nothing was written.

    Raises:
        RunFolderError: it cannot be written; the ledger is what it was before.
    """
    path = runs_dir / NAME
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        is_new = not os.path.lexists(path)
        with _locked(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, fcntl.LOCK_EX) as descriptor:
            content = _content(descriptor)
            ledger = _read(content.split(b"\n"))
            if look.key in {known.key for _, known in ledger.lines}:
                return False
            line = write_line(look, with_records=look.digest not in ledger.records)
            # A line that another process left unfinished must not swallow this one.
            _append(descriptor, len(content), line if content.endswith(b"\n") or not content else b"\n" + line)
        if is_new:
            atomic.sync_folder(runs_dir)
    except OSError as error:
        raise atomic.cannot_write(path, error) from error
    return True


def check_ledger(runs_dir: Path) -> None:
    """Find out before anything is trained for it whether a look could be written.

    Raises:
        RunFolderError: it could not: the ledger or its folder is read-only, or no ledger.
    """
    path = runs_dir / NAME
    try:
        with _locked(path, os.O_RDWR | os.O_APPEND, fcntl.LOCK_SH):
            return
    except FileNotFoundError:
        if os.access(runs_dir, os.W_OK):  # not made here: a test that is not finished is no look
            return
        error = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        raise atomic.cannot_write(path, error) from error
    except OSError as error:
        raise atomic.cannot_write(path, error) from error


def has_ledger(runs_dir: Path) -> bool:
    """Tell whether anything stands where the ledger would: where nothing does, no rows need be hashed."""
    return os.path.lexists(runs_dir / NAME)


def read_looks(runs_dir: Path, hashes: Any) -> Looks:
    """Find the looks at any of these test rows. A run that looked at the same rows twice counts once.

    Args:
        runs_dir: where the ledger is; no ledger means no looks.
        hashes: of the raw records of the test rows.

    Raises:
        RunFolderError: the ledger cannot be read.
    """
    path = runs_dir / NAME
    try:
        with _locked(path, os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
            ledger = _read(_content(descriptor).split(b"\n"))
    except FileNotFoundError:
        return Looks((), 0, ())
    except OSError as error:
        raise RunFolderError(
            f"cannot read {path}: {error.strerror or error}",
            hint="it says how often test rows were looked at; make it readable, or move what stands in its place",
        ) from error
    return _overlapping(ledger, as_ints(hashes))


@dataclass(frozen=True)
class _Ledger:
    """What could be read: looks with the numbers of their lines (from 1), hashes by digest, and what was wrong."""

    lines: list[tuple[int, Look]]
    records: dict[str, bytes]
    notes: list[str]


def _read(lines: Iterable[bytes]) -> _Ledger:
    ledger = _Ledger([], {}, [])
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        look = parse_line(line)
        if isinstance(look, str):
            ledger.notes.append(f"line {number} of {NAME} {look}; a look may be missing from the count")
            continue
        if look.records is not None:
            ledger.records[look.digest] = look.records
        ledger.lines.append((number, look))
    return ledger


def _overlapping(ledger: _Ledger, asked: Sequence[int]) -> Looks:
    wanted, digest, notes = set(asked), digest_of(pack(asked)), list(ledger.notes)
    seen = {known: wanted & set(unpack(records)) for known, records in ledger.records.items()}
    # Of the very rows that were asked about, no hashes are needed to know that they were looked at.
    seen.setdefault(digest, wanted)
    looks: dict[tuple[str, str, str], Look] = {}
    for number, look in ledger.lines:
        if look.digest not in seen:
            notes.append(f"line {number} of {NAME} names test rows whose first line is gone; it is not counted")
        elif seen[look.digest]:
            shared = sum(row in seen[look.digest] for row in asked)
            looks.setdefault(look.key, replace(look, records=ledger.records.get(look.digest), shared=shared))
    found = set().union(*(seen[look.digest] for look in looks.values()))
    ordered = sorted(looks.values(), key=lambda look: look.when)
    return Looks(tuple(ordered), sum(row in found for row in asked), tuple(notes))


@contextmanager
def _locked(path: Path, flags: int, operation: int) -> Iterator[int]:
    while True:
        # Without O_NONBLOCK, a pipe in the place of the ledger would be waited for.
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileExistsError(errno.EEXIST, "it is not a file")
            if not lock.wait(descriptor, operation):
                raise RunFolderError(f"{path} is busy: another process keeps it locked", hint="end that process")
            # An editor that saved the ledger meanwhile has put another file in its place.
            if lock.is_in_place(descriptor, path):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _content(descriptor: int) -> bytes:
    if (size := os.fstat(descriptor).st_size) > MOST_BYTES:
        raise RunFolderError(
            f"{NAME} has {size:,} bytes; at most {MOST_BYTES:,} are read", hint="move it away if it is not dlrun's"
        )
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        return stream.read()


def _append(descriptor: int, size: int, data: bytes) -> None:
    """Write at the end, all or nothing: what a full disk cut off is taken back."""
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise
