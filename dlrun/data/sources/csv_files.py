"""Read a CSV file into columns, refusing what a lenient reader would quietly repair."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlrun.data.sources.files import unreadable
from dlrun.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

OTHER_SEPARATORS = (";", "\t", "|", ",")


@dataclass(frozen=True)
class CsvForm:
    """How a CSV file is written.

    Args:
        header: whether the first row names the columns.
        separator: the one character between two fields.
        missing: what stands for a missing value, in any column.
    """

    header: bool = True
    separator: str = ","
    missing: tuple[str, ...] = ("",)


def read(path: str, form: CsvForm) -> pd.DataFrame:
    """Read a CSV file; columns without a name are called by their number, counted from 0.

    The file is read twice: once by Python's csv module, to check every row, and once by pandas, which is fast.

    Args:
        path: of a UTF-8 file, with or without a byte order mark.
        form: how it is written.

    Returns:
        One column for each field, with the types that pandas finds; spaces before a field are dropped, blank lines too.

    Raises:
        DataError: not UTF-8 text, rows of different length, columns of one name, no rows, a wrong separator.
    """
    import pandas as pd

    try:
        names = _survey(path, form)
        return pd.read_csv(
            path,
            sep=form.separator,
            header=0 if form.header else None,  # skipped by pandas, which knows where a quoted line break ends
            names=names,
            index_col=False,  # or the first column becomes an index where rows end in a separator
            na_values=list(form.missing),
            keep_default_na=False,  # the spec's markers alone: a person may be called "None"
            skipinitialspace=True,
            encoding="utf-8-sig",  # spreadsheets put a byte order mark in front
            low_memory=False,  # in pieces, a column's type may differ from piece to piece
        )
    except UnicodeDecodeError as error:
        raise DataError(
            f"'{path}' is not UTF-8 text: byte 0x{error.object[error.start]:02x} at position {error.start}",
            hint="save it as UTF-8, for example with `iconv -f latin1 -t utf-8`",
        ) from error
    except (pd.errors.ParserError, OSError, ValueError) as error:
        raise unreadable(path, error) from error


def _survey(path: str, form: CsvForm) -> list[str]:
    """Go through all rows once, and return the names of the columns.

    Raises:
        DataError: no rows, two columns of one name, one column only that holds another separator, or a row that is
            longer or shorter than the first.
    """
    rows = _rows(path, form)
    try:
        line, first = next(rows)
    except StopIteration:
        raise DataError(f"'{path}' has no rows") from None
    names = [name.strip() or str(index) for index, name in enumerate(first)] if form.header else []
    names = names or [str(index) for index in range(len(first))]
    if repeated := [name for name, times in Counter(names).items() if times > 1]:
        raise DataError(
            f"'{path}' has more than one column '{repeated[0]}'",
            hint="rename one of them" if form.header else None,
        )
    if len(names) == 1:  # a table needs two columns, so another separator is the likely cause
        _refuse_other_separator(path, first[0], form)
    count = 0 if form.header else 1
    # pandas fills short rows with missing values and, when all rows are long, takes the first column for an index.
    before = line
    for line, row in rows:
        count += 1
        if len(row) != len(names):
            hint = "a text that holds the separator must stand in double quotes"
            if any("\n" in field for field in row):
                hint = f"the row begins in line {before + 1}: a double quote that is never closed, perhaps"
            raise DataError(
                f"'{path}' line {line} has {len(row)} fields, not the {len(names)} of the first row", hint=hint
            )
        before = line
    if count == 0:
        raise DataError(f"'{path}' has a header and no rows")
    return names


def _rows(path: str, form: CsvForm) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each row that is not blank."""
    with Path(path).open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=form.separator, skipinitialspace=True)
        try:
            for row in reader:
                if any("\0" in field for field in row):
                    raise DataError(f"'{path}' line {reader.line_num} holds a NUL byte: that is no text file")
                if row:
                    yield reader.line_num, row
        except csv.Error as error:
            raise DataError(
                f"'{path}' line {reader.line_num}: {error}", hint="a double quote that is never closed, perhaps"
            ) from error


def _refuse_other_separator(path: str, field: str, form: CsvForm) -> None:
    for other in OTHER_SEPARATORS:
        if other != form.separator and other in field:
            raise DataError(
                f"'{path}' has one column only, and it holds {other!r}",
                hint=f"say `separator: {other!r}` if that is what stands between the fields",
            )
