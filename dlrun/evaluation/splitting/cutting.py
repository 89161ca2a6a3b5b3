"""Cutting one part off some rows: plain or by class, whole units, whole groups, or the last ones in time's order.

scikit-learn draws what it can draw; units that are single rows come out of it as if it had drawn the rows themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dlrun.data.dataset import Indices
from dlrun.evaluation.splitting.grouping import SEVERAL_LABELS
from dlrun.evaluation.splitting.iterative_stratification import spread
from dlrun.evaluation.splitting.notes import too_rare_to_cut
from dlrun.evaluation.splitting.refusals import refuse_equal, refuse_one_group, refuse_one_time
from dlrun.evaluation.splitting.rules import Rules, Size, refuse, units_of
from dlrun.evaluation.splitting.subsets import Chosen, nearest_subset


@dataclass(frozen=True)
class Cut:
    """Two parts, both in ascending order.

    Args:
        kept: what is left.
        held: what was cut off.
        reason: why not by class, where that was wanted; "" where it was.
        asked: how many rows were asked for; 0 where the part was not drawn.
    """

    kept: Indices
    held: Indices
    reason: str = ""
    asked: int = 0


def cut(rules: Rules, rows: Indices, size: Size, seed: int) -> Cut:
    """Cut a part off.

    Shares are of units (distinct rows, where equal ones stay together); a number of rows is turned into as many units
    as hold that many on average. Groups and rows of one time are taken so that the number of rows comes near; `Cut`
    says how many were asked for.

    Args:
        rules: what has to be kept.
        rows: what is cut, in any order.
        size: how much is held out.
        seed: names the draw.

    Raises:
        SpecError: one of the parts would be empty, or classes are required and too small.
    """
    ordered = np.sort(rows)
    asked = _held(size, len(ordered))
    if rules.times is not None:
        return _cut_latest(rules, ordered, size, asked)
    units, unit_of = np.unique(units_of(rules, ordered), return_inverse=True)
    if len(units) < 2:
        (refuse_equal if rules.groups is None else refuse_one_group)(rules, ordered, size)
    if rules.groups is not None and rules.shuffle:
        taken, reason = _draw_groups(rules, ordered, unit_of, asked, seed, spare=size.spare)
    elif rules.shuffle:
        taken, reason = _draw(rules, units, _held_units(asked, len(units), len(ordered)), seed)
    else:
        taken, reason = _last(rules, unit_of, asked), ""
    chosen = taken[unit_of]
    return Cut(ordered[~chosen], ordered[chosen], reason, asked)


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


def _cut_latest(rules: Rules, ordered: Indices, size: Size, asked: int) -> Cut:
    """Hold out the last times."""
    assert rules.times is not None
    times = rules.times[ordered]
    if len(np.unique(times)) < 2:
        refuse_one_time(ordered, size)
    chosen = times >= _latest(times, asked)
    held = ordered[chosen]
    return Cut(clear_of(rules, ordered[~chosen], held), held, asked=asked)


def _last(rules: Rules, unit_of: Indices, asked: int) -> Chosen:
    """Hold out the last units, in the order of their first rows: for each, whether it is."""
    units = int(unit_of.max()) + 1
    if rules.groups is not None:
        return np.arange(units) >= _latest(unit_of, asked)
    return np.arange(units) >= units - _held_units(asked, units, len(unit_of))


def _latest(keys: Indices, held: int) -> int:
    """Find the key from which on the number of rows comes nearest to what is wanted; both parts get one key at least.

    Args:
        keys: of each row: its time, or its unit in the order of the rows; at least two different ones.
        held: rows that are wanted.
    """
    values, counts = np.unique(keys, return_counts=True)
    from_the_end = np.cumsum(counts[::-1])[:-1]  # rows in the last 1, 2, ... keys
    return int(values[len(values) - 1 - int(np.argmin(np.abs(from_the_end - held)))])


def _draw_groups(
    rules: Rules, rows: Indices, group_of: Indices, held: int, seed: int, *, spare: bool
) -> tuple[Chosen, str]:
    """Draw whole groups: for each whether it is held out, and why not by class where that was wanted."""
    groups, classes, reason = int(group_of.max()) + 1, np.zeros(len(rows), np.int64), ""
    if rules.classes is not None and rules.classes.ndim == 2:
        reason = SEVERAL_LABELS
    elif rules.classes is not None:
        reason = too_rare_to_cut(rules.classes[rows], held, rules.class_names)
        classes = classes if reason else np.unique(rules.classes[rows], return_inverse=True)[1]
    refuse_classes(rules, reason)
    several = int(classes.max()) + 1
    counts = np.bincount(group_of * several + classes, minlength=groups * several).reshape(groups, several)
    most = groups - 1
    if spare:
        most = max(1, min(groups - 2, max(groups // 2, round(groups * held / len(rows)))))
    return nearest_subset(counts, held, most, seed), reason


def _draw(rules: Rules, units: Indices, held: int, seed: int) -> tuple[Chosen, str]:
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


def _held_units(held: int, units: int, rows: int) -> int:
    """Turn a number of rows into a number of units, which hold as many rows on average; both parts get one at least."""
    return held if units == rows else min(max(int(held * units / rows + 0.5), 1), units - 1)
