"""Single columns of a table: from pandas to plain arrays, and which of them a model can take."""

from __future__ import annotations

import datetime
import re
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


def plain(series: pd.Series[Any], where: str) -> Array:
    """Turn a column into booleans, numbers (NaN: missing) or texts (object, None: missing). Shape (rows,).

    Args:
        series: as pandas read it.
        where: what messages call it.

    Raises:
        DataError: it holds dates, or things that are neither numbers nor texts.
    """
    import pandas as pd

    kinds = pd.api.types
    if kinds.is_datetime64_any_dtype(series.dtype) or kinds.is_timedelta64_dtype(series.dtype):
        raise _dates(where)
    if kinds.is_numeric_dtype(series.dtype) and not kinds.is_complex_dtype(series.dtype):
        if not series.isna().any():  # pandas has integers and booleans with gaps, NumPy has not
            return series.to_numpy(bool if kinds.is_bool_dtype(series.dtype) else None)
        return series.to_numpy(np.float64, na_value=np.nan)
    values = series.astype(object).where(series.notna(), None).to_numpy()
    return _objects(values, where)


def _objects(values: Array, where: str) -> Array:
    """Find out what a column of Python objects holds."""
    found = {type(value) for value in values if value is not None}
    # Booleans or integers with gaps, which pandas keeps as objects, and the decimals of Parquet.
    if found <= {bool, int, float, Decimal} and found:
        return np.array([np.nan if value is None else float(value) for value in values])
    if any(issubclass(kind, datetime.date | datetime.time | datetime.timedelta) for kind in found):
        raise _dates(where)
    if not found <= {str}:
        names = ", ".join(sorted(kind.__name__ for kind in found - {str}))
        raise DataError(f"{where} holds values of type {names}; expected numbers or texts")
    if found and all(_DATE.fullmatch(text) for text in {value for value in values if value is not None}):
        raise _dates(where)
    return values


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


def _dates(where: str) -> DataError:
    return DataError(
        f"{where} holds dates or times, which a model cannot take",
        hint="make numbers of it (year, month, days since ...) or leave it out with `features`",
    )
