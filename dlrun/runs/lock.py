"""Who is at work in a run folder: ``.lock``, held for the life of the run and let go by the kernel when it dies.

The lock is ``flock``'s, so it works between the processes of a machine, and between machines where the file system
carries it (NFS on Linux does).
"""

from __future__ import annotations

import fcntl
import os
from io import TextIOWrapper
from pathlib import Path

NAME = ".lock"


def this_host() -> str:
    """Name this machine as its lock files do."""
    return os.uname().nodename


def take(folder: Path) -> TextIOWrapper:
    """Lock a fresh folder of our own; closing the file that comes back lets go.

    It waits for a lock: nobody else writes into a fresh folder, but somebody may be looking at it (see `holder`).
    """
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    stream = os.fdopen(descriptor, "w", encoding="utf-8")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.write(f"{this_host()}\n{os.getpid()}\n")
        stream.flush()
    except OSError:
        stream.close()
        raise
    return stream


def holder(folder: Path) -> str | None:
    """Return the host whose process holds a folder's lock; None when nobody does."""
    try:
        with (folder / NAME).open(encoding="utf-8", errors="replace") as stream:
            try:
                # Shared, so that two readers do not take each other for the holder.
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return stream.readline().strip() or this_host()
            return None
    except OSError:
        return None
