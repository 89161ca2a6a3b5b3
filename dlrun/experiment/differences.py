"""Two sets of values side by side: how many are not the same bits, where that begins, and which lie farthest apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Pair:
    """What stood in one place, then and now.

    Args:
        place: in words: ``fold 1, epoch 3, loss, train``, or ``dense/kernel[2, 0]``.
        before: the value of the first run.
        after: that of the second.
    """

    place: str
    before: Cell
    after: Cell

    @property
    def difference(self) -> float | None:
        """How much the second is above the first; None where one is no finite fraction: rows and counts are names."""
        if not (isinstance(self.before, float) and isinstance(self.after, float)):
            return None
        difference = self.after - self.before
        return difference if math.isfinite(difference) else None


@dataclass(frozen=True)
class Differences:
    """What came of comparing.

    Args:
        values: how many were compared.
        differing: how many of them are not the same.
        first: where that begins; None where nothing differs.
        largest: the two that lie farthest apart, or the first that are no numbers.
        only_before: places that the second run lacks, such as rows.
    """

    values: int = 0
    differing: int = 0
    first: Pair | None = None
    largest: Pair | None = None
    only_before: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing differs, and nothing is gone."""
        return not self.differing and not self.only_before


def joined(parts: Iterable[Differences]) -> Differences:
    """Sum up the parts of a whole, in their order."""
    every = list(parts)
    found = [part for part in every if part.differing]
    return Differences(
        sum(part.values for part in every),
        sum(part.differing for part in every),
        first=found[0].first if found else None,
        largest=max((part.largest for part in found), key=_size, default=None),
        only_before=tuple(place for part in every for place in part.only_before),
    )


def of_cells(before: Mapping[str, Cell], after: Mapping[str, Cell]) -> Differences:
    """Compare values by their places. What only the second has is something new, and no difference."""
    shared = [(place, value, after[place]) for place, value in before.items() if place in after]
    # As texts: 0.0 and -0.0 are two values, and a NaN is equal to itself.
    differing = [Pair(place, _read(one), _read(other)) for place, one, other in shared if repr(one) != repr(other)]
    return Differences(
        len(shared),
        len(differing),
        first=differing[0] if differing else None,
        largest=max(differing, key=_size, default=None),
        only_before=tuple(place for place in before if place not in after),
    )


def of_arrays(before: Mapping[str, Array], after: Mapping[str, Array]) -> Differences:
    """Compare named arrays bit by bit: 0 and -0 are two values, and a NaN is equal to itself."""
    gone = Differences(only_before=tuple(name for name in before if name not in after))
    return joined([gone, *(_of_array(name, before[name], after[name]) for name in before if name in after)])


def _of_array(name: str, before: Array, after: Array) -> Differences:
    if before.dtype != after.dtype or before.shape != after.shape:
        pair = Pair(name, f"{before.dtype}{list(before.shape)}", f"{after.dtype}{list(after.shape)}")
        return Differences(max(1, before.size), max(1, before.size), pair, pair)
    places = np.flatnonzero((_bits(before) != _bits(after)).reshape(-1))
    if not len(places):
        return Differences(before.size)
    largest = int(places[0])
    if before.dtype.kind == "f":
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.abs(_doubles(before)[places] - _doubles(after)[places])
        largest = int(places[int(np.argmax(np.where(np.isfinite(apart), apart, -1.0)))])
    first, farthest = (_pair(name, before, after, place) for place in (int(places[0]), largest))
    return Differences(before.size, len(places), first, farthest)


def _bits(array: Array) -> Array:
    """See numbers as whole words, so that they are compared bit by bit."""
    if array.dtype.kind in "fiubV" and array.dtype.itemsize in (1, 2, 4, 8):
        return np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}")
    return array


def _doubles(array: Array) -> Array:
    return array.reshape(-1).astype(np.float64)


def _pair(name: str, before: Array, after: Array, place: int) -> Pair:
    index = ", ".join(str(int(each)) for each in np.unravel_index(place, before.shape))
    ours, theirs = (_cell(array.reshape(-1)[place]) for array in (before, after))
    return Pair(f"{name}[{index}]" if index else name, ours, theirs)


def _cell(value: Any) -> Cell:
    plain = value.item() if hasattr(value, "item") else value
    return plain if isinstance(plain, str | int | float) else str(plain)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Cell]]:
    """Yield every plain value inside a JSON value by its path, ``layers.0.kind``, and of each list how long it is."""
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield path, value
        return
    if isinstance(value, list):
        yield (f"{path}.count" if path else "count"), len(value)
    for key, each in inner:
        yield from leaves(each, f"{path}.{key}" if path else str(key))


def _size(pair: Pair | None) -> float:
    difference = None if pair is None else pair.difference
    return -1.0 if difference is None else abs(difference)


def _read(value: Cell) -> Cell:
    """Read a fraction in a table's cell; whole numbers stay as they are written."""
    if not isinstance(value, str) or value.lstrip("-").isdecimal():
        return value
    try:
        return float(value)
    except ValueError:
        return value
