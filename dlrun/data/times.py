"""Times that can be compared: numbers as they are, texts only where they are dates beyond doubt (ISO 8601)."""

from __future__ import annotations

import re

import numpy as np

from dlrun.data.dataset import Array, Indices
from dlrun.data.targets import rows_text
from dlrun.errors import DataError

_WITH_ZONE = re.compile(r"\d[Tt ].*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$")
_STARTS_WITH_YEAR = re.compile(r"\d{4}")


def comparable_times(times: Array, rows: Indices, column: str) -> Array:
    """Return numbers or datetime64 that stand in the order of time, without any that is missing.

    Args:
        times: of some rows, (chosen,): numbers, datetime64, or texts that are ISO dates.
        rows: which rows these are, (chosen,), for messages.
        column: for messages.

    Raises:
        DataError: a row has no time, or one that is neither a number nor an ISO date.
    """
    if times.dtype.kind in "iu":
        return times
    if times.dtype.kind == "f":
        _refuse_missing(np.isnan(times), rows, column)
        return times
    if times.dtype.kind == "M":
        _refuse_missing(np.isnat(times), rows, column)
        return times
    if times.dtype.kind not in "OUT":
        raise DataError(f"the time column '{column}' is of type {times.dtype}", hint="expected are numbers or dates")
    texts = times.astype(object)
    _refuse_missing(np.array([text is None or text != text or text == "" for text in texts], bool), rows, column)
    return _dates(texts, rows, column)


def _dates(texts: Array, rows: Indices, column: str) -> Array:
    """Parse ISO dates; times with a zone are compared as moments."""
    import pandas as pd

    odd = np.array([not (isinstance(text, str) and _STARTS_WITH_YEAR.match(text)) for text in texts], bool)
    dates = pd.to_datetime(pd.Series(texts).where(~odd), format="ISO8601", errors="coerce", utc=True)
    odd |= dates.isna().to_numpy()
    if odd.any():
        first = texts[np.flatnonzero(odd)[0]]
        raise DataError(
            f"the time column '{column}' holds {str(first)[:60]!r}, which is neither a number nor an ISO date, "
            f"in {rows_text(rows[odd])}",
            hint="write dates as year-month-day: 2024-01-31, or 2024-01-31T18:30:00",
        )
    zoned = np.array([bool(_WITH_ZONE.search(text)) for text in texts], bool)
    if zoned.any() and not zoned.all():
        raise DataError(
            f"in the time column '{column}' some times name a zone and others don't ({rows_text(rows[~zoned])}), so "
            "their order is not known",
            hint="give every time a zone, or none",
        )
    return np.asarray(dates.dt.tz_localize(None).to_numpy())


def _refuse_missing(missing: Array, rows: Indices, column: str) -> None:
    if missing.any():
        raise DataError(
            f"the time column '{column}' is empty in {rows_text(rows[missing])}",
            hint="a row without a time can stand neither before nor after others: fill it in, or take the row out",
        )
