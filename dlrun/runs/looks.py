"""A look at test rows, and how one is written as a line of the ledger.

Hashes come as any sequence of ints in 0..2⁶⁴-1, or as an array (NumPy's ``uint64``), and need no NumPy here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, Self

from dlrun.runs.record import utc
from dlrun.untrusted.files import parse_json

VERSION = 1


@dataclass(frozen=True)
class Look:
    """One look at test rows: a score on them was computed and shown. Made by `Look.now`.

    Args:
        run: the name of the run's folder.
        name: of the experiment.
        when: UTC, ISO 8601.
        spec: the fingerprint of its spec.
        rows: how many test rows there were.
        digest: sha256 of ``records``, in hexadecimal.
        records: the hashes of the rows, sorted, as little-endian ``uint64``: ``numpy.frombuffer(records, "<u8")``; None
            where the ledger has lost them.
        shared: how many of the rows that were asked about it had looked at; 0 where nobody asked.
    """

    run: str
    name: str
    when: str
    spec: str
    rows: int
    digest: str
    records: bytes | None
    shared: int = 0

    @classmethod
    def now(cls, *, run: str, name: str, spec: str, records: Any, when: str | None = None) -> Self:
        """Make the look of a run at test rows; ``records`` are the hashes of their raw records, in any order."""
        whole = pack(as_ints(records))
        return cls(run, name, when or utc(), spec, len(whole) // 8, digest_of(whole), whole)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two lines one look. With the spec: a folder's name may be used again for another run."""
        return self.run, self.digest, self.spec


def parse_line(line: bytes) -> Look | str:
    """Read a line; a text says what is wrong with it."""
    try:
        entry = parse_json(line)
    except ValueError:
        return "is torn or damaged"
    if not isinstance(entry, dict) or type(entry.get("version")) is not int:
        return "is not a look"
    if entry["version"] > VERSION:
        return f"was written by a newer dlrun (version {entry['version']})"
    run, name, when, spec, digest = (str(entry.get(key, "")) for key in ("run", "name", "when", "spec", "digest"))
    rows, text = entry.get("rows"), entry.get("records")
    if not (run and digest and type(rows) is int):
        return "is not a look"
    records = None if text is None else _decoded(text)
    if text is not None and (records is None or len(records) != 8 * rows or digest_of(records) != digest):
        return "is damaged: its records are not those of its digest"
    return Look(run, name, when, spec, rows, digest, records)


def write_line(look: Look, *, with_records: bool) -> bytes:
    """Write a look as a line; the hashes are needed only in the first line with their digest."""
    entry: dict[str, Any] = {
        "version": VERSION,
        "run": look.run,
        "name": look.name,
        "when": look.when,
        "spec": look.spec,
        "rows": look.rows,
        "digest": look.digest,
    }
    if with_records and look.records is not None:
        entry["records"] = base64.b64encode(look.records).decode("ascii")
    return json.dumps(entry).encode("ascii") + b"\n"


def as_ints(hashes: Any) -> list[int]:
    """Take hashes as they come: a sequence of ints, or an array; TypeError for anything else."""
    if isinstance(hashes, bytes | bytearray):
        raise TypeError("hashes are ints or an array of uint64, not bytes")
    values = hashes.tolist() if hasattr(hashes, "tolist") else hashes
    return [index(value) for value in values]


def pack(hashes: Sequence[int]) -> bytes:
    """Sort hashes and write them as little-endian ``uint64``; OverflowError for what is none."""
    values = array("Q", sorted(hashes))
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def unpack(records: bytes) -> array[int]:
    """Undo `pack`."""
    values = array("Q", records)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def digest_of(records: bytes) -> str:
    """Return the sha256 of packed hashes."""
    return hashlib.sha256(records).hexdigest()


def _decoded(text: Any) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        return None
