"""The table and array formats of a run folder: CSV that no spreadsheet runs, npz that holds no pickle."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from dlrun.errors import RunFolderError
from dlrun.untrusted.files import RefusedError, check_size, open_ordinary

MOST_TABLE = 1 << 29
"""Bytes of a table that are read back: millions of predictions. As texts they take ten times as much."""
LONGEST_LINE = 1 << 24
"""Characters: a row of half a million predictions."""
_REPEAT = "repeat the run from its spec.yaml"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def save_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a header and rows, one row a line; None is an empty cell."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        write_csv(stream, header, rows)


def write_csv(stream: TextIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a header and rows to a stream, as `save_csv` does to a file."""
    import csv

    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([defuse(cell) for cell in header])
    writer.writerows([defuse(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)


def defuse(cell: str) -> str:
    """Put a ``'`` before text that a spreadsheet would carry out as a formula; numbers such as -3 stay."""
    if not cell.startswith(_FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def save_npz(path: Path, arrays: Mapping[str, Any], *, packed: bool = True) -> None:
    """Write arrays so that ``numpy.load`` reads them with pickles forbidden.

    Entries carry a fixed date, so that equal arrays make equal files. Not ``packed``, they take a tenth of the time:
    weights hardly become smaller.
    """
    import zipfile

    import numpy as np

    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = method
            with archive.open(entry, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)


def load_npz(path: Path) -> dict[str, Any]:
    """Read the arrays of an npz, all of them at once.

    Raises:
        RunFolderError: it is not there, damaged, or would take more memory than any of ours.
    """
    from dlrun.untrusted import arrays

    with _as_run(path, "run that part again, into a new folder"):
        return arrays.read_all(path)


def load_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """Read a table back as its header and its rows, as texts.

    Raises:
        RunFolderError: it is not there, too large, or damaged: empty, no UTF-8, or with rows of another length.
    """
    import csv

    with _as_run(path, _REPEAT), os.fdopen(open_ordinary(path), encoding="utf-8", newline="") as stream:
        check_size(path, os.fstat(stream.fileno()).st_size, MOST_TABLE)
        try:
            reader = csv.reader(_lines(stream))
            header = next(reader, [])
            rows = list(_alike(reader, len(header)))
        except (csv.Error, ValueError) as error:  # ValueError: no UTF-8, or what is raised below
            raise RefusedError(f"{path} is damaged: {error}") from error
    return header, rows


def _lines(stream: TextIO) -> Iterator[str]:
    """Yield lines; one that does not end is noticed before all of it is in memory."""
    while line := stream.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise ValueError(f"a line has more than {LONGEST_LINE:,} characters")
        yield line


def _alike(rows: Iterable[list[str]], cells: int) -> Iterator[list[str]]:
    """Pass on rows that have so many cells."""
    for row in rows:
        if len(row) != cells:
            break
        yield row
    else:
        if cells:
            return
    raise ValueError(f"not every row has {cells} cells")


@contextmanager
def _as_run(path: Path, hint: str) -> Iterator[None]:
    """Raise as a RunFolderError what keeps a file from being read."""
    try:
        yield
    except RefusedError as error:
        raise RunFolderError(error.message, hint=hint) from error
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} is missing", hint="was a part of the run folder moved or deleted?") from error
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror or error}") from error
