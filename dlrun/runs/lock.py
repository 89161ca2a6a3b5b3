"""Who is at work in a folder: ``.lock``, held for as long as the work goes on and let go by the kernel when it dies.

The lock is ``flock``'s, so it works between the processes of a machine, and between machines where the file system
carries it (NFS on Linux does). The file stays when the lock is let go: only a file that is never removed can be locked
without a race.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from io import TextIOWrapper
from pathlib import Path

NAME = ".lock"
BRIEFLY = 1.0
"""Seconds to wait for a lock that nobody should hold: readers hold it for an instant (see `holder`)."""
PATIENTLY = 300.0
"""Seconds to wait for a lock that others hold in turn, each for as long as it takes to write or complete a run."""
_SHORTEST, _LONGEST = 0.01, 0.5


def this_host() -> str:
    """Name this machine as its lock files do."""
    return os.uname().nodename


def take(folder: Path, patience: float = PATIENTLY) -> TextIOWrapper | None:
    """Lock a folder and write into the lock who holds it; closing the file that comes back lets go.

    Args:
        folder: is there.
        patience: seconds to wait for another holder.

    Returns:
        None when another process still holds the lock after that; `holder_words` says which.

    Raises:
        OSError: the lock file cannot be opened or written.
    """
    until = time.monotonic() + patience
    while True:
        stream = _open(folder / NAME)
        try:
            if _locked(stream.fileno(), until) and is_in_place(stream.fileno(), folder / NAME):
                stream.truncate(0)
                stream.write(f"{this_host()}\n{os.getpid()}\n")
                stream.flush()
                return stream
        except BaseException:
            stream.close()
            raise
        stream.close()
        if time.monotonic() >= until:
            return None


def wait(descriptor: int, operation: int, patience: float = PATIENTLY) -> bool:
    """Lock an open file, shared or exclusively (``fcntl.LOCK_SH``, ``LOCK_EX``); False when it stays taken too long."""
    return _locked(descriptor, time.monotonic() + patience, operation)


def is_in_place(descriptor: int, path: Path) -> bool:
    """Tell whether a lock that was got is on the file that others will find: somebody may have removed it meanwhile."""
    mine = os.fstat(descriptor)
    try:
        theirs = os.stat(path)
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino)


def holder(folder: Path) -> str | None:
    """Return the host whose process holds a folder's lock; None when nobody does."""
    lines = _held_by(folder)
    return None if lines is None else (lines[0] if lines else this_host())


def holder_words(folder: Path) -> str:
    """Name who holds a folder's lock: ``node17 pid 4242``."""
    lines = _held_by(folder)
    return f"{lines[0]} pid {lines[1]}" if lines and len(lines) > 1 else "another process"


def _held_by(folder: Path) -> list[str] | None:
    """Return what the lock's holder wrote into it (host, process); None when nobody holds it."""
    try:
        # Without O_NONBLOCK, a pipe in the place of the lock would be waited for.
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        # Shared, so that two readers do not take each other for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(descriptor, 1000).decode("utf-8", "replace").split()
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def _open(path: Path) -> TextIOWrapper:
    # Not through a link: the lock is written into, and a link may lead to anybody's file.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileExistsError(errno.EEXIST, "it is not a file")
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _locked(descriptor: int, until: float, operation: int = fcntl.LOCK_EX) -> bool:
    pause = _SHORTEST
    while True:
        try:
            fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST)
        else:
            return True
