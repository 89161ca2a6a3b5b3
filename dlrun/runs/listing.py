"""The runs in a folder, listed: each record read once, and remembered while it stays as it is."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlrun.errors import RunFolderError
from dlrun.runs import fold_states, lock
from dlrun.runs.index import Entry, read_index, stamp_of, write_index
from dlrun.runs.record import NAME, read_record
from dlrun.runs.rows import RunRow, facts_of, row_of
from dlrun.runs.tags import read_tags

RUN_NAME = re.compile(r".+-(\d{8}-\d{6})-[0-9a-f]{4}")
_WORTH_AN_INDEX = 100
"""So many records take longer to read than anybody notices."""
_MAY_CHANGE = ("running", "waiting", "dead")
"""What is at work, or waits for work, is looked at each time."""


def list_runs(runs_dir: Path) -> list[RunRow]:
    """List every run in a folder, the newest first; an empty list when there is no such folder.

    Where there are many, what was read is kept in the folder (`dlrun.runs.index`), so that the next list is quick.

    Raises:
        RunFolderError: the folder cannot be read.
    """
    with uncollected():
        known = read_index(runs_dir)
        read: dict[str, Entry] = {}
        rows = [_row(folder, known, read) for folder in run_folders(runs_dir)]
        if len(read) >= _WORTH_AN_INDEX:
            there = {row.run for row in rows}
            write_index(runs_dir, {name: entry for name, entry in {**known, **read}.items() if name in there})
    return sorted(rows, key=lambda row: (row.created or "", row.run), reverse=True)


def row_at(folder: Path) -> RunRow:
    """Make the row of one run, whatever state it is in."""
    return _row(folder, {}, {})


def run_folders(runs_dir: Path) -> list[Path]:
    """List the run folders in a folder, in no order; empty where there is no such folder.

    Raises:
        RunFolderError: it cannot be read.
    """
    try:
        with os.scandir(runs_dir) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunFolderError(
            f"cannot read {runs_dir}: {error.strerror or error}", hint="--runs DIR names another"
        ) from error
    return [
        folder
        for name in names
        if not name.startswith(".") and (RUN_NAME.fullmatch(name) or is_run(runs_dir / name))
        for folder in [runs_dir / name]
    ]


def is_run(folder: Path) -> bool:
    """Tell a run folder from any other: it has a record, or a run's name and lock (and soon a record)."""
    return os.path.lexists(folder / NAME) or bool(
        RUN_NAME.fullmatch(folder.name) and os.path.lexists(folder / lock.NAME)
    )


def _row(folder: Path, known: dict[str, Entry], read: dict[str, Entry]) -> RunRow:
    """Make a row of what is known of a run, or of its record, which goes into ``read``."""
    name, stamp = folder.name, stamp_of(folder)
    if (entry := known.get(name)) is not None and entry.stamp == stamp:
        return row_of(folder, entry.status, entry.facts, tags=read_tags(folder))
    try:
        record = read_record(folder)
    except RunFolderError as error:
        return RunRow(name, "damaged", folder, note=error.message, tags=read_tags(folder))
    status, facts = str(record["status"]), facts_of(record)
    if status == "waiting":
        status = f"waiting ({fold_states.how_many(folder, record)})"
    # Stamped before it was read: had it been replaced meanwhile, the stamp would be out of date, and so no harm.
    if stamp is not None and not status.startswith(_MAY_CHANGE):
        read[name] = Entry(stamp, status, facts)
    return row_of(folder, status, facts, tags=read_tags(folder))


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python from looking for cycles among thousands of rows that stay anyway: that took a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
