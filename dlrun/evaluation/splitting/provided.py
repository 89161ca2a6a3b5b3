"""Parts that came with the data, or from elsewhere: they are not moved, so what has to hold is checked on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlrun.data.dataset import Dataset, Indices
from dlrun.errors import DataError
from dlrun.evaluation.splitting.cutting import clear_of
from dlrun.evaluation.splitting.rules import Rules, refuse
from dlrun.spec.sections import Evaluation


def provided_rows(dataset: Dataset, evaluation: Evaluation) -> Indices:
    """Return the rows of the provided parts that are used, in ascending order.

    Raises:
        DataError: a part is asked for, and the data have none.
    """
    rows = np.empty(0, np.int64)
    for key, part in (("test", dataset.test_rows), ("validation", dataset.validation_rows)):
        if getattr(evaluation, key) != "provided":
            continue
        if not len(part):
            none = ", or 'test: none'" if key == "test" else ""
            raise DataError(
                f"'{dataset.name}' has no {key} set, and the spec says 'evaluation.{key}: provided'",
                hint=f"write '{key}: 0.2' to split one off{none}",
            )
        rows = np.union1d(rows, part)
    return rows


def beside_provided(rules: Rules, rows: Indices, held: Indices, part: str) -> Indices:
    """Return the rows that may train beside a provided part: under time, without the gap and the part's groups.

    Args:
        rules: what has to be kept.
        rows: in ascending order.
        held: the provided part.
        part: ``test`` or ``validation``.

    Raises:
        SpecError: under time, the part is not later than every row, or no row is left.
    """
    if rules.times is None:
        return rows
    late = int(np.sum(rules.times[rows] >= rules.times[held].min()))
    if late:
        message = f"the {part} set that came with the data is not later than all other rows: {late:,} are as late"
        refuse(("evaluation", "time"), message, f"write '{part}: 0.2' to hold out the last rows, or leave 'time' out")
    return clear_of(rules, rows, held)


def check_apart(rules: Rules, pairs: Sequence[tuple[Indices, Indices]], test: Indices) -> None:
    """Check that no group stands on two sides and that time does not run backwards.

    Drawn parts keep that anyway; provided ones and splits made elsewhere may not.

    Args:
        rules: groups and times of the rows.
        pairs: training and validation rows of each split.
        test: test rows, may be empty.

    Raises:
        SpecError: a group stands on two sides, or a row that is scored is not later than what it is scored by.
    """
    for early, late in pairs:
        _check_pair(rules, early, late, "validation")
        if len(test):
            _check_pair(rules, np.concatenate([early, late]), test, "test")


def _check_pair(rules: Rules, early: Indices, late: Indices, part: str) -> None:
    if rules.groups is not None and (rows := late[np.isin(rules.groups[late], rules.groups[early])]).size:
        other = early[rules.groups[early] == rules.groups[rows[0]]][0]
        message = f"{rows.size:,} {part} rows are of groups that stand before them too"
        which = f"such as rows {rows[0]} and {other}, counted from 0"
        refuse(("evaluation", "group"), f"{message}, {which}", _remedy(part))
    if rules.times is not None and rules.times[early].max() >= rules.times[late].min():
        first = early[np.argmax(rules.times[early])]
        message = f"the {part} rows are not later than all rows before them: row {first} is as late (counted from 0)"
        refuse(("evaluation", "time"), message, _remedy(part))


def _remedy(part: str) -> str:
    return f"let dlrun draw the {part} rows, or leave this key out"
