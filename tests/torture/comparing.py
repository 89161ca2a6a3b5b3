"""Whether two run folders hold the same result: every file, bit for bit, but for clocks, names and logs."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

CLOCKS = ("run", "created", "finished", "seconds", "resumed", "shared", "environment")
"""What two runs of one spec always differ in, and what only a resumed run or a shared one has."""
LOGS = ("log.txt", ".lock", "fold.json")
"""Files that hold clocks and hosts."""


def differences(one: Path, other: Path) -> list[str]:
    """Name the files, and the keys of the record, that differ."""
    names = sorted(
        {path.relative_to(run).as_posix() for run in (one, other) for path in run.rglob("*") if is_result(path)}
    )
    differing = [name for name in names if not _same(one / name, other / name)]
    return [*differing, *(f"record.json: {key}" for key in _differing_keys(one, other))]


def is_result(path: Path) -> bool:
    """Tell a file that must be the same from one that may differ."""
    return path.is_file() and path.name not in (*LOGS, "record.json")


def _same(one: Path, other: Path) -> bool:
    if not (one.is_file() and other.is_file()):
        return False
    return _content(one) == _content(other)


def _content(path: Path) -> Any:
    """Return a file's bytes; of a model without the date that Keras writes into it."""
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        return path.read_bytes()
    import io

    import h5py

    with zipfile.ZipFile(path) as archive:
        weights: dict[str, bytes] = {}
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            file.visititems(
                lambda name, item: weights.update({name: item[()].tobytes()} if hasattr(item, "dtype") else {})
            )
        # Keras numbers shared objects by their addresses in memory.
        return re.sub(rb'"shared_object_id": \d+', b"", archive.read("config.json")), weights


def _differing_keys(one: Path, other: Path) -> list[str]:
    records = [json.loads((run / "record.json").read_bytes()) for run in (one, other)]
    keys = [key for key in dict.fromkeys([*records[0], *records[1]]) if key not in CLOCKS]
    return [key for key in keys if records[0].get(key) != records[1].get(key)]
