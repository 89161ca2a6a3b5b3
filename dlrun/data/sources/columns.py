"""Single columns of a table: from pandas to plain arrays, and which of them a model can take."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.data.dataset import Array
from dlrun.data.texts import is_number
from dlrun.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# Year first with month (and day), day or month first with the year last, or with slashes and a short year; then perhaps
# a time of day.
_DATE = re.compile(
    r"\s*(\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}/\d{1,2}/\d{2}"
    r"|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4}|[A-Za-z]{3,9} \d{1,2}, ?\d{4})"
    r"([ T]\d{1,2}:\d{2}.*)?\s*"
)
# What pandas calls columns of dates and times.
_TIMES = {"datetime64", "datetime", "date", "timedelta64", "timedelta", "time"}


def plain(series: pd.Series[Any], where: str) -> Array:
    """Turn a column into booleans, numbers (NaN: missing) or texts (object, None: missing). Shape (rows,).

    Args:
        series: as pandas read it.
        where: what messages call it.

    Raises:
        DataError: it holds dates, or things that are neither numbers nor texts.
    """
    import pandas as pd

    if pd.api.types.infer_dtype(series, skipna=True) in _TIMES:
        raise _dates(where)
    values = raw(series, where)
    texts = {value for value in values if value is not None} if is_text(values) else set()
    if texts and all(_DATE.fullmatch(text) for text in texts):
        raise _dates(where)
    return values


def raw(series: pd.Series[Any], where: str | None = None) -> Array:
    """Turn a column into booleans, numbers or texts like `plain`, but take dates and times too, as ISO texts.

    Times with a zone are given in UTC, so that texts in order are times in order; spans of time are seconds.

    Args:
        series: as pandas read it.
        where: what messages call it; None to take anything, by what Python writes for it.

    Raises:
        DataError: it holds things that are neither numbers nor texts nor dates.
    """
    import pandas as pd

    kinds = pd.api.types
    if kinds.is_timedelta64_dtype(series.dtype):
        seconds: Array = series.dt.total_seconds().to_numpy(np.float64)
        return seconds
    if kinds.is_numeric_dtype(series.dtype) and not kinds.is_complex_dtype(series.dtype):
        if not series.isna().any():  # pandas has integers and booleans with gaps, NumPy has not
            return series.to_numpy(bool if kinds.is_bool_dtype(series.dtype) else None)
        return series.to_numpy(np.float64, na_value=np.nan)
    return _objects(series.astype(object).where(series.notna(), None).to_numpy(), where)


def join(parts: Sequence[Array], name: str, paths: Sequence[str]) -> Array:
    """Put the second file's values of a column, if there is one, below those of the first.

    Args:
        parts: plain columns, one for each file.
        name: of the column, for messages.
        paths: of the files, for messages.

    Raises:
        DataError: one file holds texts there and the other numbers.
    """
    if len(parts) == 1:
        return parts[0]
    # Either file may lack every value of a column, and then its type says nothing.
    pair = [_as_missing_texts(one, other) for one, other in ((parts[0], parts[1]), (parts[1], parts[0]))]
    if is_text(pair[0]) != is_text(pair[1]):
        kinds = ["texts" if is_text(values) else "numbers" for values in pair]
        raise DataError(f"column '{name}' holds {kinds[0]} in '{paths[0]}', but {kinds[1]} in '{paths[1]}'")
    return np.concatenate(pair)


def is_text(values: Array) -> bool:
    """Whether a plain column holds texts."""
    return values.dtype == object


def is_all_missing(values: Array) -> bool:
    """Whether no row has a value."""
    if is_text(values):
        return all(value is None for value in values)
    return values.dtype.kind == "f" and bool(np.isnan(values).all())


def encode_texts(values: Array) -> tuple[Array, tuple[str, ...]]:
    """Turn texts into the numbers of their place in sorted order (by code point).

    Args:
        values: objects, shape (rows,): texts, or None where one is missing.

    Returns:
        Codes, shape (rows,) float64 with NaN for missing ones, and the different texts: code 0 is the first.
    """
    missing = np.array([value is None for value in values], bool)
    # As objects: an array of fixed width would give every row the room of the longest text.
    texts, codes = np.unique(values[~missing], return_inverse=True)
    encoded = np.full(len(values), np.nan)
    encoded[~missing] = codes
    return encoded, tuple(str(text) for text in texts)


def almost_numbers(texts: tuple[str, ...]) -> str | None:
    """Return a text that keeps a column from being numbers, where most of its different texts are numbers."""
    wrong = [text for text in texts if not is_number(text)]
    return wrong[0] if wrong and len(wrong) * 2 < len(texts) else None


def _as_missing_texts(values: Array, other: Array) -> Array:
    """Take a column without any value for missing texts where the other file has texts."""
    if is_text(other) and is_all_missing(values):
        return np.full(len(values), None, object)
    return values


def _objects(values: Array, where: str | None) -> Array:
    """Make numbers or texts of Python objects (None: missing), by what they are."""
    found = {type(value) for value in values if value is not None}
    # Booleans or integers with gaps, which pandas keeps as objects, and the decimals of Parquet.
    if found <= {bool, int, float, Decimal} and found:
        return np.array([np.nan if value is None else _float(value) for value in values])
    strange = {kind for kind in found if not issubclass(kind, str | datetime.date | datetime.time)}
    if strange and where is not None:
        names = ", ".join(sorted(kind.__name__ for kind in strange))
        raise DataError(f"{where} holds values of type {names}; expected numbers or texts")
    if found <= {str}:
        return values
    return np.array([None if value is None else _text(value) for value in values], object)


def _float(value: float | Decimal) -> float:
    """Return a number as float64: infinite, as a decimal would be, where it is a whole number that leaves its range."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _text(value: Any) -> str:
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value.tolist() if isinstance(value, np.ndarray) else value)  # NumPy abbreviates what is long


def _dates(where: str) -> DataError:
    return DataError(
        f"{where} holds dates or times, which a model cannot take",
        hint="make numbers of it (year, month, days since ...), leave it out with `features`, or name it under "
        "`evaluation: {time: ...}` where it is the time of the rows",
    )
