"""Files of strangers: ordinary ones alone, and no more of them than was meant to be read."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dlrun.errors import DlrunError, ExitCode

DEEPEST = 60
"""How deep JSON may be nested: ours is never nested half as deep, and what walks through it may call itself."""


class RefusedError(DlrunError):
    """A file is not read. Who knows whose file it is raises it again as a DataError or a RunFolderError."""

    exit_code = ExitCode.DATA


def open_ordinary(path: Path) -> int:
    """Open a file for reading and return its descriptor.

    Raises:
        RefusedError: it is a pipe, a device or a folder, any of which could be waited for without end.
        OSError: it cannot be opened.
    """
    # Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RefusedError(f"{path} is not a file")
    return descriptor


def read_bytes(path: Path, most: int) -> bytes:
    """Read a file of at most so many bytes; raises as `open_ordinary`, and RefusedError when there are more."""
    with os.fdopen(open_ordinary(path), "rb") as stream:
        check_size(path, os.fstat(stream.fileno()).st_size, most)
        content = stream.read(most + 1)  # it may have grown
    check_size(path, len(content), most)
    return content


def check_size(path: Path, size: int, most: int) -> None:
    """Raise RefusedError when a file has more bytes than are read."""
    if size > most:
        raise RefusedError(f"{path} has {size:,} bytes; at most {most:,} are read")


def parse_json(data: bytes) -> Any:
    """Read JSON; NaN and infinities are None, as where we write it.

    Raises:
        ValueError: it is none, or is nested too deeply.
    """
    try:
        value = json.loads(data, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        if not level:
            return value
    raise ValueError(f"it is nested more than {DEEPEST} deep")


def _finite(text: str) -> float | None:
    """Read a number. Python's reader takes NaN and 1e999 too, and its writer, if strict, then refuses them."""
    number = float(text)
    return number if math.isfinite(number) else None


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
