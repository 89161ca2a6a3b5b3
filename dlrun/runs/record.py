"""``record.json``: what a run says of itself, as strict JSON, and how it is read back."""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.runs import lock

NAME = "record.json"
SCHEMA_VERSION = 1
STATUSES = ("running", "done", "failed", "interrupted")


def plain(value: Any) -> Any:
    """Turn a value into what strict JSON can say.

    Arrays and NumPy's numbers become lists and Python's numbers; NaN and infinities, which JSON has no word for, become
    null; paths and other values become text.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def encode(value: Any) -> bytes:
    """Write a value as indented UTF-8 JSON that ends with a newline."""
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    # A file name may hold bytes that are not UTF-8; backslashreplace writes them as JSON's own escapes.
    return (text + "\n").encode("utf-8", "backslashreplace")


def read_record(folder: Path) -> dict[str, Any]:
    """Read a run's record; ``run`` is the folder as given, wherever it has been moved to.

    A run whose process died still says that it is running: it comes back as ``dead``, and the file is left as it is. A
    run that another machine is at work on comes back as ``running on HOST``.

    Raises:
        RunFolderError: there is no record, or it is damaged, or a newer dlrun wrote it.
    """
    record = _parse(folder, _read(folder))
    if record["status"] == "running":
        record["status"] = _liveness(folder)
    return {**record, "run": str(folder)}


def _liveness(folder: Path) -> str:
    host = lock.holder(folder)
    if host is None:
        return "dead"
    return "running" if host == lock.this_host() else f"running on {host}"


def _read(folder: Path) -> bytes:
    path = folder / NAME
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise RunFolderError(f"{path} is not a file", hint="name a folder that dlrun made; 'dlrun runs' lists them")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise RunFolderError(
            f"{folder} is not a run folder: it has no {NAME}", hint="'dlrun runs' lists the runs there are"
        ) from error
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror or error}") from error


def _parse(folder: Path, data: bytes) -> dict[str, Any]:
    path = folder / NAME
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{path} is damaged: {error}", hint="repeat the run from its spec.yaml") from error
    version = record.get("schema_version") if isinstance(record, dict) else None
    if type(version) is not int or version < 1:  # true is an int, and no version
        raise RunFolderError(f"{path} is damaged: it has no schema_version", hint="repeat the run from its spec.yaml")
    if version > SCHEMA_VERSION:
        raise RunFolderError(
            f"{path} was written by a newer dlrun (schema_version {version}; this one reads up to {SCHEMA_VERSION})",
            hint="update dlrun: pip install --upgrade dlrun",
        )
    if record.get("status") not in STATUSES:
        raise RunFolderError(
            f"{path} is damaged: status is {record.get('status')!r}, expected one of {', '.join(STATUSES)}",
            hint="repeat the run from its spec.yaml",
        )
    return dict(record)
