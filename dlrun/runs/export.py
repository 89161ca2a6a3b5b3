"""Writing runs as tidy tables, Parquet or CSV: each file whole or not at all, a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from dlrun.errors import RunFolderError, UsageError
from dlrun.runs import atomic
from dlrun.runs.formats import save_csv
from dlrun.runs.record import NAME as RECORD
from dlrun.runs.rows import RunRow
from dlrun.runs.tidy import TABLES, Row, Table

Format = Literal["parquet", "csv"]
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Exported:
    """A table that was written."""

    table: str
    path: str
    rows: int


def export_runs(
    runs: Sequence[RunRow], folder: Path, kind: Format, *, force: bool = False
) -> tuple[list[Exported], list[str]]:
    """Write the tables of some runs into a folder, which is made where it is missing.

    Returns:
        The files, and notes about what could not be read.

    Raises:
        UsageError: the folder cannot be written to, is a run's, or has such files already and ``force`` does not say
            that they may be replaced.
    """
    check_export(folder, kind, force=force)
    targets = _targets(folder, kind)
    written: list[Exported] = []
    notes: list[str] = []
    write: Callable[[Path, Table, Iterator[Row]], None] = _write_parquet if kind == "parquet" else _write_csv
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            # All are staged before the first is put in its place, so that tables of two exports never lie side by side.
            for table, target in zip(TABLES, targets, strict=True):
                counted = _Counted(row for run in runs for row in table.rows(run, notes))
                write(stack.enter_context(atomic.staged(target)), table, counted)
                written.append(Exported(table.name, str(target), counted.count))
    except (RunFolderError, OSError) as error:
        words = error.message if isinstance(error, RunFolderError) else f"cannot write {folder}: {error.strerror}"
        raise UsageError(words, hint="name a folder that can be written to") from error
    return written, list(dict.fromkeys(notes))


def _targets(folder: Path, kind: Format) -> list[Path]:
    return [folder / f"{table.name}.{kind}" for table in TABLES]


def check_export(folder: Path, kind: Format, *, force: bool) -> None:
    """Refuse a folder that an export must not be written to, before anything is; raises as `export_runs` does."""
    if (folder / RECORD).exists():
        raise UsageError(f"{folder} is a run folder, which has a history.csv of its own", hint="name another folder")
    there = [target for target in _targets(folder, kind) if target.exists() or target.is_symlink()]
    if there and not force:
        raise UsageError(f"{there[0]} is there already", hint="--force replaces it, or name another folder")


class _Counted(Iterator[Row]):
    """Counts rows while they go by."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __next__(self) -> Row:
        row = next(self._rows)
        self.count += 1
        return row


def _write_csv(path: Path, table: Table, rows: Iterator[Row]) -> None:
    save_csv(path, list(table.columns), rows)


def _write_parquet(path: Path, table: Table, rows: Iterator[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"text": pa.string(), "whole": pa.int64(), "real": pa.float64(), "flag": pa.bool_()}
    schema = pa.schema([(name, types[kind]) for name, kind in table.columns.items()])
    with pq.ParquetWriter(path, schema) as writer:
        while batch := list(islice(rows, _ROWS_AT_ONCE)):
            columns = [
                pa.array(map(_encodable, column) if field.type == pa.string() else column, type=field.type)
                for field, column in zip(schema, zip(*batch, strict=True), strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _encodable(text: Any) -> Any:
    """Write bytes of a file name that are not UTF-8 as the CSV files do."""
    return text.encode("utf-8", "backslashreplace").decode() if isinstance(text, str) and not text.isascii() else text
