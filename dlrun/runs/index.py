"""``.index.json`` beside the runs: what a list needs of each record, so that thousands of them list at once.

It is nothing but a copy. An entry counts while size, time and inode of the record are what they were; a missing,
damaged or foreign index is an empty one, and one that cannot be written is done without. Delete it as you like.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlrun.runs.atomic import TEMPORARY
from dlrun.runs.record import NAME as RECORD
from dlrun.runs.rows import FACTS, Facts
from dlrun.untrusted.files import RefusedError, parse_json, read_bytes

NAME = ".index.json"
VERSION = 1
"""Of the facts, too: raised when `facts_of` takes other things from a record."""
Stamp = tuple[int, int, int]
_MOST_BYTES = 1 << 28
"""Some hundred thousand runs."""
_SPEC = "spec"
"""The largest of the facts, which is written by itself."""


@dataclass(frozen=True)
class Entry:
    """What is known of a run.

    Args:
        stamp: of the record that was read: `stamp_of`.
        status: that the record says.
        facts: `facts_of` the record.
    """

    stamp: Stamp
    status: str
    facts: Facts


def stamp_of(folder: Path) -> Stamp | None:
    """Return what changes whenever a record is written: its time, size and inode; None where there is none."""
    try:
        found = os.stat(f"{folder}/{RECORD}")
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def read_index(runs_dir: Path) -> dict[str, Entry]:
    """Read what was kept, by run; empty where nothing was, or nothing that can be read."""
    try:
        content = parse_json(read_bytes(runs_dir / NAME, _MOST_BYTES))
        if content["version"] != VERSION:
            return {}
        layouts = content["layouts"]
        used = {facts[0] for _, _, facts, _ in content["runs"].values()}
        if not all(FACTS.issuperset(layouts[number]) for number in used):
            return {}
        return {
            name: Entry(tuple(stamp), status, _unpacked(facts, layouts) | {_SPEC: _unpacked(spec, layouts)})
            for name, (stamp, status, facts, spec) in content["runs"].items()
        }
    except (RefusedError, OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return {}


def write_index(runs_dir: Path, entries: Mapping[str, Entry]) -> None:
    """Keep what was read, whole or not at all; where that is not possible, nothing is lost but time."""
    layouts: dict[tuple[str, ...], int] = {}
    runs = {
        name: [
            entry.stamp,
            entry.status,
            _packed({key: value for key, value in entry.facts.items() if key != _SPEC}, layouts),
            _packed(entry.facts.get(_SPEC, {}), layouts),
        ]
        for name, entry in entries.items()
    }
    temporary = runs_dir / f"{TEMPORARY}{os.urandom(4).hex()}{NAME}"
    with suppress(OSError, ValueError, RecursionError):
        content = {"version": VERSION, "layouts": [list(layout) for layout in layouts], "runs": runs}
        try:
            temporary.write_text(json.dumps(content, separators=(",", ":")), encoding="ascii")
            temporary.replace(runs_dir / NAME)
        finally:
            temporary.unlink(missing_ok=True)


def _packed(values: Mapping[str, Any], layouts: dict[tuple[str, ...], int]) -> list[Any]:
    """Write a mapping as the number of its keys and its values: thousands of runs have a few sets of keys."""
    return [layouts.setdefault(tuple(values), len(layouts)), *values.values()]


def _unpacked(packed: list[Any], layouts: list[list[str]]) -> dict[str, Any]:
    values = iter(packed)
    return dict(zip(layouts[next(values)], values, strict=True))
