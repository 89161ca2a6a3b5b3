"""Cutting one part off some rows: plain or by class, whole units, whole groups, or the last ones in time's order.

scikit-learn draws what it can draw; units that are single rows come out of it as if it had drawn the rows themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Indices
from dlrun.errors import Path
from dlrun.evaluation.grouping import group_folds
from dlrun.evaluation.iterative_stratification import spread
from dlrun.evaluation.split_notes import too_rare_to_cut
from dlrun.evaluation.split_rules import Rules, refuse
from dlrun.seeds import generator

MOST_GROUP_FOLDS = 20
"""A share of the groups is a number of such folds: enough for every share in steps of 5 %."""


@dataclass(frozen=True)
class Size:
    """How much is cut off: a share or a number of rows, where the spec says so, and of what (for messages)."""

    amount: float | int
    path: Path
    kind: str


@dataclass(frozen=True)
class Cut:
    """Two parts, both in ascending order; ``reason`` says why not by class, where that was wanted ("": it was)."""

    kept: Indices
    held: Indices
    reason: str = ""


def cut(rules: Rules, rows: Indices, size: Size, seed: int) -> Cut:
    """Cut a part off.

    Shares are of units (distinct rows, where equal ones stay together); a number of rows is turned into as many units
    as hold that many on average. Groups and rows of one time are taken so that the number of rows comes near.

    Args:
        rules: what has to be kept.
        rows: what is cut, in any order.
        size: how much is held out.
        seed: names the draw.

    Raises:
        SpecError: one of the parts would be empty, or classes are required and too small.
    """
    ordered = np.sort(rows)
    if rules.times is not None:
        return _cut_latest(rules, ordered, size)
    units, unit_of = np.unique(rules.units[ordered], return_inverse=True)
    if rules.groups is not None and rules.shuffle:
        return _cut_groups(rules, ordered, unit_of, size, seed)
    if not rules.shuffle:
        return _cut_last(rules, ordered, unit_of, size)
    taken, reason = _draw(rules, units, _held_units(rules, size, len(units), len(ordered)), seed)
    chosen = taken[unit_of]
    return Cut(ordered[~chosen], ordered[chosen], reason)


def clear_of(rules: Rules, rows: Indices, held: Indices) -> Indices:
    """Return the rows that may train where other rows are scored.

    Without time that is all of them. Under time: those that are earlier by more than the gap, of other groups.

    Args:
        rules: what has to be kept.
        rows: none of them in ``held``.
        held: rows that are scored.

    Raises:
        SpecError: no row is left.
    """
    if rules.times is None:
        return rows
    times = rules.times[rows]
    past = np.unique(times[times < rules.times[held].min()])
    past = past[: max(0, len(past) - rules.gap)]
    if not len(past):
        message = f"{rules.gap:,} leaves no earlier time to train on"
        refuse(("evaluation", "gap"), message, "use a smaller gap, or hold out less")
    return without_held_groups(rules, rows[np.isin(times, past)], held)


def without_held_groups(rules: Rules, rows: Indices, held: Indices) -> Indices:
    """Leave out rows whose group is scored."""
    if rules.groups is None:
        return rows
    others = rows[~np.isin(rules.groups[rows], rules.groups[held])]
    if not len(others):
        message = "with 'time', every earlier row is of a group that stands among the later rows too: nothing is left"
        hint = "leave out 'group' if a known group may be forecast, or 'time' if its order does not matter"
        refuse(("evaluation", "group"), message, hint)
    return others


def refuse_classes(rules: Rules, reason: str) -> None:
    """Raise where classes are required and cannot be kept in proportion."""
    if reason and rules.required:
        hint = "leave it out to split without classes"
        refuse(("evaluation", "stratify"), f"true cannot be done: {reason}", hint)


def _cut_latest(rules: Rules, ordered: Indices, size: Size) -> Cut:
    """Hold out the last times."""
    assert rules.times is not None
    times = rules.times[ordered]
    chosen = times >= _latest(times, _held(size, len(ordered)), rules, size)
    held = ordered[chosen]
    return Cut(clear_of(rules, ordered[~chosen], held), held)


def _cut_last(rules: Rules, ordered: Indices, unit_of: Indices, size: Size) -> Cut:
    """Hold out the last units, in the order of their first rows."""
    if rules.groups is not None:
        first = _latest(unit_of, _held(size, len(ordered)), rules, size)
    else:
        units = int(unit_of.max()) + 1
        first = units - _held_units(rules, size, units, len(ordered))
    return Cut(ordered[unit_of < first], ordered[unit_of >= first])


def _latest(keys: Indices, held: int, rules: Rules, size: Size) -> int:
    """Find the key from which on the number of rows comes nearest to what is wanted; both parts get one key at least.

    Args:
        keys: of each row: its time, or its unit in the order of the rows.
        held: rows that are wanted.
        rules: for messages.
        size: for messages.
    """
    values, counts = np.unique(keys, return_counts=True)
    if len(values) < 2:
        what = "have the same time" if rules.times is not None else f"hang together ({rules.unit})"
        refuse(size.path, f"all {len(keys):,} {size.kind} {what}, so no part can be cut off", _remedy(rules))
    from_the_end = np.cumsum(counts[::-1])[:-1]  # rows in the last 1, 2, ... keys
    return int(values[len(values) - 1 - int(np.argmin(np.abs(from_the_end - held)))])


def _cut_groups(rules: Rules, ordered: Indices, unit_of: Indices, size: Size, seed: int) -> Cut:
    """Hold out some of as many folds of whole groups as the share needs."""
    groups, share = int(unit_of.max()) + 1, _held(size, len(ordered)) / len(ordered)
    if groups < 2:
        message = f"the {len(ordered):,} {size.kind} are all of one unit ({rules.unit}): it cannot stand on two sides"
        refuse(size.path, message, _remedy(rules) or "leave 'group' out, or use data of more groups")
    most = min(groups, max(MOST_GROUP_FOLDS, round(1 / min(share, 1 - share))))
    part = Fraction(share).limit_denominator(most)
    part = min(max(part, Fraction(1, most)), Fraction(most - 1, most))
    fold_of, reason = group_folds(rules, ordered, unit_of, part.denominator, seed)
    refuse_classes(rules, reason)
    drawn = generator(seed, "which folds").permutation(part.denominator)[: part.numerator]
    chosen = np.isin(fold_of, drawn)
    return Cut(ordered[~chosen], ordered[chosen], reason)


def _draw(rules: Rules, units: Indices, held: int, seed: int) -> tuple[npt.NDArray[np.bool_], str]:
    """Draw units: for each whether it is held out, and why not by class where that was wanted."""
    from sklearn.model_selection import train_test_split

    places, classes = np.arange(len(units)), None if rules.classes is None else rules.classes[units]
    if classes is not None and classes.ndim == 2:
        return spread(classes, np.array([len(units) - held, held]), seed) == 1, ""
    reason = "" if classes is None else too_rare_to_cut(classes, held, rules.class_names)
    refuse_classes(rules, reason)
    _, drawn = train_test_split(places, test_size=held, random_state=seed, stratify=None if reason else classes)
    return np.isin(places, drawn), reason


def _held(size: Size, rows: int) -> int:
    """Turn a share or a count into a number of rows that leaves both parts with at least one."""
    amount = size.amount
    held = amount if isinstance(amount, int) else int(amount * rows + 0.5)
    if held < 1:
        message = f"{amount:g} of {rows:,} {size.kind} is no row at all"
        refuse(size.path, message, "use a larger share, or a number of rows")
    if held >= rows:
        message = f"{amount:,} takes all of the {rows:,} {size.kind}: nothing is left to train on"
        refuse(size.path, message, "use a smaller one")
    return held


def _held_units(rules: Rules, size: Size, units: int, rows: int) -> int:
    """Turn a share or a count of rows into a number of units."""
    held = _held(size, rows)
    if units == rows:
        return held
    if units < 2:
        message = f"all {rows:,} {size.kind} are equal, and equal rows stay together"
        refuse(size.path, message, _remedy(rules))
    return min(max(int(held * units / rows + 0.5), 1), units - 1)


def _remedy(rules: Rules) -> str | None:
    """Say how equal rows get out of the way."""
    if not rules.together or rules.times is not None:
        return None
    return "write 'duplicates: drop' to keep one of each, or 'duplicates: allow' to let equal rows part"
