"""Parquet files: as a pandas frame, or, where their numbers are many, column by column out of groups of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.data.chunks import rows_in_part
from dlrun.data.dataset import Array
from dlrun.data.sources.files import unreadable
from dlrun.errors import DataError
from dlrun.untrusted import zips

if TYPE_CHECKING:
    import pandas as pd


_VALUE_BYTES = 8
"""Of a number in a frame, or of what points to a text."""


@dataclass(frozen=True)
class Head:
    """What a file says of itself.

    Args:
        names: of its columns, as texts.
        rows: how many there are.
        numbers: which columns hold numbers or booleans.
    """

    names: tuple[str, ...]
    rows: int
    numbers: frozenset[str]


def read_head(path: str) -> Head:
    """Read names and kinds of columns, and no values. Raises DataError when that cannot be."""
    import pyarrow.parquet
    import pyarrow.types as kinds

    with _readable(path):
        schema, metadata = pyarrow.parquet.read_schema(path), pyarrow.parquet.read_metadata(path)
        # Names, and the JSON in which pandas says what its index was, are decoded here, and may be damaged.
        index = (schema.pandas_metadata or {}).get("index_columns", [])
        fields = [field for field in schema if field.name not in [name for name in index if isinstance(name, str)]]
    numbers = [
        field.name
        for field in fields
        if kinds.is_integer(field.type) or kinds.is_floating(field.type) or kinds.is_boolean(field.type)
    ]
    return Head(tuple(field.name for field in fields), metadata.num_rows, frozenset(numbers))


def read(path: str, without: Collection[str] = ()) -> pd.DataFrame:
    """Read a file as a frame, its columns named by texts.

    Args:
        path: where it lies.
        without: columns that are left in the file.

    Raises:
        DataError: it cannot be read, has no rows, has two columns of one name, or is a bomb.
    """
    import pandas as pd

    with _readable(path):
        head = read_head(path)
        wanted = [name for name in head.names if name not in without] if without else None
        if wanted == []:
            return pd.DataFrame(index=pd.RangeIndex(head.rows))
        _refuse_bomb(path, head.rows, len(head.names if wanted is None else wanted))
        frame = pd.read_parquet(path, engine="pyarrow", columns=wanted)
        _check_texts(frame)
    # Parquet files may name columns by numbers; a spec's names are texts.
    frame.columns = pd.Index([str(name) for name in frame.columns])
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f"'{path}' has more than one column '{twice}'", hint="rename one of them")
    if len(frame) == 0:
        raise DataError(f"'{path}' has no rows")
    return frame


def _refuse_bomb(path: str, rows: int, columns: int) -> None:
    """Refuse a small file whose columns would fill the memory: a run of equal values takes a few bytes of a file.

    There is no limit for a large file that is honest, only one for what it grows to. What a file says of its single
    columns is not asked for: Arrow ends the process where that is damaged.
    """
    packed, unpacked = Path(path).stat().st_size, _VALUE_BYTES * rows * columns
    if unpacked > zips.SMALL_BYTES and unpacked > zips.MAX_RATIO * packed:
        raise DataError(
            f"'{path}' would unpack from {packed:,} to {unpacked:,} bytes or more",
            hint=f"at most {zips.MAX_RATIO} times the size of the file is read; if the data are meant, write them"
            " without compression and dictionaries: `frame.to_parquet(path, compression=None, use_dictionary=False)`",
        )


def _check_texts(frame: pd.DataFrame) -> None:
    """Decode every text once: Arrow takes bytes of any kind for texts, and would fail whenever one is looked at."""
    import pandas as pd
    import pyarrow

    for _, column in frame.items():
        if isinstance(column.dtype, pd.StringDtype):
            pyarrow.array(column.array).validate(full=True)


def number_parts(path: str, names: Sequence[str]) -> Iterator[Array]:
    """Yield columns of numbers side by side, a part of the rows at a time: (rows, names) float64, NaN for missing ones.

    Raises:
        DataError: a group of rows cannot be read.
    """
    import pyarrow
    import pyarrow.parquet

    # Read ahead, the file's bytes would stay in memory until its end.
    with _readable(path), pyarrow.parquet.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(rows_in_part((len(names),)), columns=list(names)):
            values = [batch.column(name).cast(pyarrow.float64(), safe=False) for name in names]
            yield np.column_stack([column.to_numpy(zero_copy_only=False) for column in values])


@contextmanager
def _readable(path: str) -> Iterator[Any]:
    """Turn what a damaged file raises into our words."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:  # Arrow's own, and whatever pandas raises about notes of its own that make no sense
        raise unreadable(path, error) from error
