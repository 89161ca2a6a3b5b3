"""What is said where no part can be cut off: rows of one group or one time, or rows that are all equal."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from dlrun.data.dataset import Indices
from dlrun.evaluation.splitting.rules import Rules, Size, refuse, units_of

_PART_EQUAL_ROWS = "write 'duplicates: drop' to keep one of each, or 'duplicates: allow' to let equal rows part"
_JOINED = ", once those that hold equal rows are joined"


def refuse_one_group(rules: Rules, rows: Indices, size: Size) -> NoReturn:
    """Say that all rows are of one group."""
    joined = groups_joined(rules, rows)
    message = (
        f"all {len(rows):,} {size.kind} belong to one group{_JOINED if joined else ''}, so none of them can be held out"
    )
    equal = joined and rules.choosable
    refuse(size.path, message, _PART_EQUAL_ROWS if equal else "use data of more groups, or leave 'group' out")


def refuse_one_time(rows: Indices, size: Size) -> NoReturn:
    """Say that all rows have one time."""
    message = f"all {len(rows):,} {size.kind} have the same time, so none of them can be held out"
    refuse(size.path, message, "leave 'time' out if the order of the rows means nothing")


def refuse_equal(rules: Rules, rows: Indices, size: Size) -> NoReturn:
    """Say that all rows are equal."""
    message = f"all {len(rows):,} {size.kind} are equal, and equal rows stay together"
    refuse(size.path, message, _PART_EQUAL_ROWS if rules.choosable else None)


def refuse_few(rules: Rules, rows: Indices, k: int) -> NoReturn:
    """Say that there are more folds than groups, or rows that are not equal."""
    units = len(np.unique(units_of(rules, rows)))
    equal = rules.choosable and (units < len(rows) if rules.groups is None else groups_joined(rules, rows))
    if rules.groups is None:
        what, more = f"{units:,} {'distinct ' if units < len(rows) else ''}row{'s' * (units != 1)}", "use more data"
    else:
        joined = _JOINED if groups_joined(rules, rows) else ""
        what, more = f"{units:,} group{'s' * (units != 1)}{joined}", "use data of more groups"
    hint = f"use k: {units} or fewer" if units > 1 else more
    if equal:
        hint += ", or 'duplicates: drop' or 'duplicates: allow', so that equal rows need not stay together"
    refuse(("evaluation", "k"), f"{k} folds cannot be made of {what}", hint)


def groups_joined(rules: Rules, rows: Indices) -> bool:
    """Whether equal rows have made one group of several, among these rows."""
    return rules.groups is not None and len(np.unique(units_of(rules, rows))) < len(np.unique(rules.groups[rows]))
