"""The table and array formats of a run folder: CSV that no spreadsheet runs, npz that holds no pickle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from dlrun.errors import RunFolderError

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


def save_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays so that ``numpy.load`` reads them with pickles forbidden.

    Entries carry a fixed date, so that equal arrays make equal files.
    """
    import zipfile

    import numpy as np

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)


def load_npz(path: Path) -> dict[str, Any]:
    """Read the arrays of an npz, all of them at once.

    Raises:
        RunFolderError: it is not there, or damaged.
    """
    import zipfile
    import zlib

    import numpy as np

    try:
        # Opened here: NumPy leaves a file open that turns out to be no archive.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} is missing", hint="was a part of the run folder moved or deleted?") from error
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, AttributeError) as error:
        raise RunFolderError(f"{path} is damaged: {error}", hint="run that part again, into a new folder") from error


def load_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """Read a table back as its header and its rows, as texts.

    Raises:
        RunFolderError: it is not there, or damaged: empty, no UTF-8, or with rows of another length.
    """
    import csv

    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = list(csv.reader(stream)) or [[]]
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} is missing", hint="was a part of the run folder moved or deleted?") from error
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror or error}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise RunFolderError(f"{path} is damaged: {error}", hint="repeat the run from its spec.yaml") from error
    if not header or any(len(row) != len(header) for row in rows):
        message = f"{path} is damaged: not every row has {len(header)} cells"
        raise RunFolderError(message, hint="repeat the run from its spec.yaml")
    return header, rows
