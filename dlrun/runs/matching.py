"""Which runs a condition picks. A run that lacks the value is picked neither by a comparison nor by its ``not``.

So a condition is true, false or unknown of a run, as in Kleene's logic and in SQL: ``not mae<2.5`` does not pick a run
that has no mae, and ``dlrun runs rm --where`` removes nothing of which it does not know what was asked.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from dlrun.errors import UsageError
from dlrun.runs.names import Getter, Names, Value, Values, as_text
from dlrun.runs.query import Both, Compared, Condition, Either, Not, compared_in, parse_where, refusal
from dlrun.runs.rows import RunRow

Known = bool | None
Test = Callable[[RunRow], Known]
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LONGEST_NUMBER = 400
_DAY = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:T\d\d(?::\d\d(?::\d\dZ?)?)?)?)?)?")
"""What ``created`` is compared with, as text: a year, a month, a day, or a time of one."""
_FIXED = {
    "status": ("running", "waiting", "done", "partial", "failed", "interrupted", "dead", "damaged"),
    "tested": ("true", "false"),
    "protocol": ("holdout", "kfold", "iterated_kfold"),
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def select_runs(rows: Sequence[RunRow], where: str) -> list[RunRow]:
    """Pick the runs that a condition is true of, in their order.

    Raises:
        UsageError: the condition cannot be read, or names what no run has, or compares a number with a word.
    """
    condition = parse_where(where)
    names = Names(rows)
    getters = {each: _getter(each, names, where) for each in compared_in(condition)}
    for each, get in getters.items():
        _check_kind(each, get, rows, where)
    test = _test(condition, getters)
    return [row for row in rows if test(row) is True]


def _getter(compared: Compared, names: Names, where: str) -> Getter:
    try:
        return names.getter(compared.name)
    except UsageError as error:
        raise refusal(where, compared.at, error.message, error.hint) from None


def _check_kind(compared: Compared, get: Getter, rows: Sequence[RunRow], where: str) -> None:
    """Refuse what cannot be meant: numbers beside a word, days that are none, words that a field never has.

    Each of them would pick no run, or every run.
    """
    if compared.sign == "~":
        return
    _check_fixed(compared, where)
    if _as_number(compared.value) is not None or compared.value == "null":
        return
    values = [value for row in rows for value in get(row) or ()]
    if values and all(_is_number(value) for value in values):
        message = f"'{compared.name}' is a number, and '{compared.value}' is none"
        raise refusal(where, compared.at, message, f"it is {values[0]} of one of the runs")


def _check_fixed(compared: Compared, where: str) -> None:
    """Refuse a value that a field with an order or a list of its own never has."""
    if compared.name == "created" and not _DAY.fullmatch(compared.value):
        message = f"'created' is a date, and '{compared.value}' is none"
        raise refusal(where, compared.at, message, "write it as 2026-11-24 or 2026-11-24T17:30")
    known = _FIXED.get(compared.name)
    if known is not None and compared.value not in known:
        raise refusal(where, compared.at, f"'{compared.name}' is never '{compared.value}'", f"it is {', '.join(known)}")


def _test(condition: Condition, getters: dict[Compared, Getter]) -> Test:
    match condition:
        case Compared():
            get, matches = getters[condition], _matcher(condition)
            return lambda row: _compare(get(row), matches, none_of=condition.sign == "!=")
        case Not():
            inner = _test(condition.inner, getters)
            return lambda row: None if (found := inner(row)) is None else not found
        case Both():
            parts = [_test(part, getters) for part in condition.parts]
            return lambda row: _all(parts, row, stop=False)
        case Either():
            parts = [_test(part, getters) for part in condition.parts]
            return lambda row: _all(parts, row, stop=True)


def _all(parts: Sequence[Test], row: RunRow, *, stop: bool) -> Known:
    """Kleene's *and* (``stop`` False) and *or* (``stop`` True)."""
    unknown = False
    for part in parts:
        found = part(row)
        if found is stop:
            return stop
        unknown = unknown or found is None
    return None if unknown else not stop


def _compare(values: Values, matches: Callable[[Value], bool], *, none_of: bool) -> Known:
    if values is None:
        return None
    found = any(matches(value) for value in values)
    return not found if none_of else found


def _matcher(compared: Compared) -> Callable[[Value], bool]:
    """Compare numbers by value and texts as they are; ``~`` looks for a part, whatever its case."""
    written, number = compared.value, _as_number(compared.value)
    if compared.sign == "~":
        part = written.casefold()
        return lambda value: part in as_text(value).casefold()
    if compared.sign in ("=", "!="):
        return lambda value: value == number if _is_number(value) else as_text(value) == written
    order = _ORDER[compared.sign]
    return lambda value: (
        number is not None and order(value, number) if _is_number(value) else order(as_text(value), written)
    )


def _as_number(text: str) -> int | float | None:
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        return None
    return float(text) if set(text) & set(".eE") else int(text)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
