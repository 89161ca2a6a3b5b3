"""``tags.json`` in a run folder: words that somebody has put on the run. The record stays as it is."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dlrun.errors import RunFolderError, UsageError
from dlrun.runs import atomic, lock

NAME = "tags.json"
LOCK = ".tags.lock"
_TAG = re.compile(r"[^\W_][\w.-]{0,49}")
_LARGEST = 100_000


def check_tags(tags: Iterable[str]) -> None:
    """Raise UsageError for what is no tag."""
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise UsageError(
                f"{tag[:80]!r} is no tag",
                hint="a tag has up to 50 letters, digits, '.', '_' and '-', and begins with a letter or digit",
            )


def read_tags(folder: Path) -> tuple[str, ...]:
    """Return a run's tags in alphabetical order; none where there are none, or none that can be read."""
    try:
        # Without O_NONBLOCK, a pipe in the place of the file would be waited for.
        descriptor = os.open(f"{folder}/{NAME}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ()
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ()
        content = json.loads(os.read(descriptor, _LARGEST))
        tags = content.get("tags") if isinstance(content, dict) else None
        return tuple(sorted({tag for tag in tags or () if isinstance(tag, str) and _TAG.fullmatch(tag)}))
    except (OSError, ValueError, TypeError, RecursionError):
        return ()
    finally:
        os.close(descriptor)


def change_tags(folder: Path, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> tuple[str, ...]:
    """Put tags on a run and take others off; return those that it has then.

    Two processes that do so at once lose neither's tags. A run that goes on may be tagged.

    Raises:
        UsageError: what is to be added is no tag.
        RunFolderError: the tags cannot be written.
    """
    add = tuple(add)
    check_tags(add)
    with _locked(folder):
        before = read_tags(folder)
        after = tuple(sorted({*before, *add} - {*remove}))
        if after != before:
            text = json.dumps({"tags": after}, ensure_ascii=False) + "\n"
            atomic.write_bytes(folder / NAME, text.encode("utf-8", "backslashreplace"))
    return after


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    path = folder / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise atomic.cannot_write(folder / NAME, error) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise atomic.cannot_write(path, FileExistsError(errno.EEXIST, "it is not a file"))
        if not lock.wait(descriptor, fcntl.LOCK_EX, 10 * lock.BRIEFLY):
            raise RunFolderError(f"the tags of {folder} are being changed by another process", hint="try again")
        yield
    finally:
        os.close(descriptor)
