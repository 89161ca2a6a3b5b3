"""What differs between two specs, given as values by path: layers that are the same layer stand beside each other.

A layer that was put in between moves all layers behind it; compared path by path, all of those would differ. So the
entries of a list are first put beside each other, as few as possible left over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlrun.runs.rows import Scalar

Values = Mapping[str, Scalar]
Pair = tuple[int | None, int | None]
_LEFT_OVER = 1.0
"""What it costs to leave an entry without a counterpart; two of a kind cost less, however they differ."""


@dataclass(frozen=True)
class Differing:
    """A value that two specs do not have in common.

    Args:
        a_path: where it stands in the first; None where it is not there.
        b_path: in the second.
        a: the value; for a whole layer, its arguments by name.
        b: that of the second.
    """

    a_path: str | None
    b_path: str | None
    a: Any = None
    b: Any = None


@dataclass(frozen=True)
class _Item:
    """An entry of a list: what kind it is, and its values by the rest of their paths."""

    kind: str
    values: dict[str, Scalar] = field(default_factory=dict)


def diff_specs(a: Values, b: Values) -> list[Differing]:
    """List what differs, in the order of the specs; equal specs give an empty list."""
    found: list[Differing] = []
    for section in dict.fromkeys(path.partition(".")[0] for path in (*a, *b)):
        ours, theirs = _below(a, section), _below(b, section)
        if _is_list(ours) and _is_list(theirs):
            found += _diff_lists(section, ours, theirs)
        else:
            found += _diff_values(ours, theirs)
    return found


def _diff_values(a: Values, b: Values) -> Iterator[Differing]:
    for path in dict.fromkeys((*a, *b)):
        if path not in a or path not in b:
            yield Differing(path if path in a else None, path if path in b else None, a.get(path), b.get(path))
        elif _differ(a[path], b[path]):
            yield Differing(path, path, a[path], b[path])


def _diff_lists(section: str, a: Values, b: Values) -> Iterator[Differing]:
    ours, theirs = _items(a), _items(b)
    for i, j in align(ours, theirs):
        if i is None or j is None:
            item = ours[i] if i is not None else theirs[j]  # type: ignore[index]
            path, value = _whole(section, i if i is not None else j, item)
            yield Differing(path, None, value) if j is None else Differing(None, path, None, value)
            continue
        one, other = ours[i].values, theirs[j].values
        for name in dict.fromkeys((*one, *other)):
            here, there = f"{section}.{i}.{name}", f"{section}.{j}.{name}"
            if name not in one or name not in other or _differ(one[name], other[name]):
                yield Differing(
                    here if name in one else None, there if name in other else None, one.get(name), other.get(name)
                )


def align(a: Sequence[_Item], b: Sequence[_Item]) -> list[Pair]:
    """Put the entries of two lists beside each other, in order: those of a kind, as few as possible left over.

    Edit distance (Wagner and Fischer 1974), in which two entries of a kind cost the share of their values that differs.
    """
    start = next((at for at, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))
    before: list[Pair] = [(at, at) for at in range(start)]
    return before + [
        (None if i is None else start + i, None if j is None else start + j) for i, j in _aligned(a[start:], b[start:])
    ]


def _aligned(a: Sequence[_Item], b: Sequence[_Item]) -> list[Pair]:
    # cost[i][j]: of the best way to put the entries from i and from j on beside each other.
    cost = [[_LEFT_OVER * (len(a) - i + len(b) - j) for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            alone = _LEFT_OVER + min(cost[i + 1][j], cost[i][j + 1])
            cost[i][j] = min(alone, _cost(a[i], b[j]) + cost[i + 1][j + 1])
    pairs: list[Pair] = []
    i = j = 0
    while i < len(a) or j < len(b):
        if i < len(a) and j < len(b) and cost[i][j] == _cost(a[i], b[j]) + cost[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif j == len(b) or (i < len(a) and cost[i][j] == _LEFT_OVER + cost[i + 1][j]):
            pairs.append((i, None))
            i += 1
        else:
            pairs.append((None, j))
            j += 1
    return pairs


def _cost(one: _Item, other: _Item) -> float:
    if one.kind != other.kind:
        return 3 * _LEFT_OVER
    names = {*one.values, *other.values}
    differing = sum(name not in one.values or one.values[name] != other.values.get(name) for name in names)
    return _LEFT_OVER * differing / (len(names) + 1)


def _items(values: Values) -> list[_Item]:
    """Read the entries of a list from their paths: ``layers.1`` is ``Flatten``, ``layers.0.Dense.units`` is 64."""
    found: dict[int, _Item] = {}
    for path, value in values.items():
        _, index, *rest = path.split(".", 2)
        at = int(index)
        if not rest:
            found[at] = _Item(str(value))
            continue
        kind = str(value) if rest[0] == "name" else rest[0].partition(".")[0]
        known = found.get(at)
        item = known if known is not None and rest[0] != "name" else _Item(kind, known.values if known else {})
        item.values[rest[0]] = value
        found[at] = item
    return [found[at] for at in sorted(found)]


def _whole(section: str, index: int | None, item: _Item) -> tuple[str, Any]:
    """Tell an entry as one value: its kind, or its arguments by name."""
    if not item.values:
        return f"{section}.{index}", item.kind
    start = f"{item.kind}."
    if all(name.startswith(start) for name in item.values):
        return f"{section}.{index}.{item.kind}", {name[len(start) :]: value for name, value in item.values.items()}
    return f"{section}.{index}", item.values


def _below(values: Values, section: str) -> dict[str, Scalar]:
    return {path: value for path, value in values.items() if path.partition(".")[0] == section}


def _is_list(values: Values) -> bool:
    parts = [path.split(".") for path in values]
    return all(len(each) > 1 and each[1].isdecimal() for each in parts)


def _differ(one: Scalar, other: Scalar) -> bool:
    return one != other or isinstance(one, bool) != isinstance(other, bool)
