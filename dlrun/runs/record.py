"""``record.json``: what a run says of itself, as strict JSON, and how it is read back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.runs import fold_states, lock
from dlrun.untrusted.files import RefusedError, parse_json, read_bytes

NAME = "record.json"
SCHEMA_VERSION = 1
MOST_BYTES = 1 << 26
"""Of a record: ours have some thousands, unless test rows by the hundred thousand stand among the others."""
STATUSES = ("running", "waiting", "done", "partial", "failed", "interrupted")
"""What a record file may say of its run. ``waiting`` is the word for a shared run that is not complete yet."""


def utc(moment: datetime | None = None) -> str:
    """Write a moment (default: now) as UTC in ISO 8601, to the second."""
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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
    run that another machine is at work on comes back as ``running on HOST``. A shared run that waits for folds comes
    back as ``running`` while one of them is being run.

    Raises:
        RunFolderError: there is no record, or it is damaged, or a newer dlrun wrote it.
    """
    record = stored_record(folder)
    if record["status"] == "running":
        record["status"] = _at_work([folder]) or "dead"
    elif record["status"] == "waiting":
        record["status"] = _at_work([folder, *fold_states.folders(folder)]) or "waiting"
    return {**record, "run": str(folder)}


def stored_record(folder: Path) -> dict[str, Any]:
    """Read a record as it stands in the file, whoever is at work; raises as `read_record` does."""
    return _parse(folder, _read(folder))


def _at_work(places: Iterable[Path]) -> str | None:
    """Say ``running`` where a process holds a lock, here or on which other host; None where nobody does."""
    hosts = {host for place in places if (host := lock.holder(place)) is not None}
    if lock.this_host() in hosts:
        return "running"
    return f"running on {min(hosts)}" if hosts else None


def _read(folder: Path) -> bytes:
    path = folder / NAME
    try:
        return read_bytes(path, MOST_BYTES)
    except RefusedError as error:
        raise RunFolderError(error.message, hint="name a folder that dlrun made; 'dlrun runs' lists them") from error
    except FileNotFoundError as error:
        raise RunFolderError(
            f"{folder} is not a run folder: it has no {NAME}", hint="'dlrun runs' lists the runs there are"
        ) from error
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror or error}") from error


def _parse(folder: Path, data: bytes) -> dict[str, Any]:
    path = folder / NAME
    try:
        record = parse_json(data)
    except ValueError as error:
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
