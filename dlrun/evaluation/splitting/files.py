"""Splits made elsewhere, in a file: an npz as a run writes it, or JSON. Nothing in it is believed before it is checked.

The two forms and their rules are in `docs/splits.md`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.dataset import Array, Indices
from dlrun.data.sources.archives import members_in, read_npz
from dlrun.data.sources.files import examine, unreadable
from dlrun.errors import DataError
from dlrun.evaluation.splitting.plan import Split
from dlrun.spec.sections import SplitsFile

MAX_JSON_BYTES = 1 << 29
_NAME = re.compile(r"i([1-9]\d{0,5})-f([1-9]\d{0,5})_(train|validation|monitor|fitted)")
_OF_A_RUN = ("_monitor", "_fitted")
"""What a run says besides: which training rows early stopping watched. The next run decides that for itself."""
_FORM = 'expected {"test": [rows], "splits": [{"train": [rows], "validation": [rows]}]}'
_KEYS = {"iteration", "fold", "train", "validation"}
_Parts = dict[tuple[int, int], dict[str, Array]]


@dataclass(frozen=True)
class GivenSplits:
    """What a file says: splits in the order of iteration and fold, test rows (maybe none), and the file's sha256."""

    splits: tuple[Split, ...]
    test: Indices
    sha256: str


def read_splits(file: SplitsFile, rows: int) -> GivenSplits:
    """Read and check a file of splits.

    Args:
        file: where it lies, and what its content must be.
        rows: of the data set; row numbers lie below it.

    Raises:
        DataError: the file cannot be read, has changed, is of another form, or names rows that are not there, twice or
            in two parts; a part is empty; iterations or folds are not counted from 1.
    """
    found = examine(file.path, file.sha256)
    place = Path(file.path)
    with place.open("rb") as stream:
        start = stream.read(4)
    parts, test = _read_archive(place) if start.startswith(b"PK") else _read_json(place, found.bytes)
    _check_numbers(file.path, parts)
    tested = _row_numbers(test, rows, f"'test' in '{file.path}'")
    splits = tuple(_split(file.path, key, parts[key], rows, tested) for key in sorted(parts))
    return GivenSplits(splits, tested, found.sha256)


def _read_archive(place: Path) -> tuple[_Parts, Array]:
    """Read arrays named as a run names them."""
    names = [member.removesuffix(".npy") for member in members_in(place)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    odd = twice or [name for name in names if name != "test" and not _NAME.fullmatch(name)]
    if odd:
        raise DataError(
            f"'{place}' holds {'two arrays' if twice else 'an array'} named {odd[0][:60]!r}",
            hint="arrays are named as in a run's splits.npz: test, i1-f1_train, i1-f1_validation, i1-f2_train, ...",
        )
    arrays = read_npz(place, tuple(name for name in names if not name.endswith(_OF_A_RUN)))
    parts: _Parts = {}
    for name, array in arrays.items():
        if match := _NAME.fullmatch(name):
            parts.setdefault((int(match[1]), int(match[2])), {})[match[3]] = array
    return parts, arrays.get("test", np.empty(0, np.int64))


def _read_json(place: Path, size: int) -> tuple[_Parts, Array]:
    """Read JSON; keys that nobody knows are refused, because a silently ignored one is a wrong split."""
    if size > MAX_JSON_BYTES:
        raise DataError(f"'{place}' has {size:,} bytes; at most {MAX_JSON_BYTES:,} are read as JSON", hint="use an npz")
    try:
        content = json.loads(place.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_twins)
    except OSError as error:
        raise unreadable(place, error) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"'{place}' is neither an npz nor JSON: {str(error)[:200]}", hint=_FORM) from error
    if not isinstance(content, dict) or set(content) - {"test", "splits"} or not content.get("splits"):
        raise DataError(f"'{place}' does not hold splits", hint=_FORM)
    if not isinstance(content["splits"], list):
        raise DataError(f"'splits' in '{place}' is no list", hint=_FORM)
    parts: _Parts = {}
    for at, entry in enumerate(content["splits"], start=1):
        key, arrays = _entry(place, entry, at)
        if key in parts:
            raise DataError(f"'{place}' has two splits of iteration {key[0]}, fold {key[1]}")
        parts[key] = arrays
    return parts, _list_of_rows(content.get("test", []), f"'test' in '{place}'")


def _entry(place: Path, entry: Any, at: int) -> tuple[tuple[int, int], dict[str, Array]]:
    """Read one split of JSON; without numbers it is the next fold of the first iteration."""
    where = f"split {at} in '{place}'"
    if not isinstance(entry, dict):
        raise DataError(f"{where} is no mapping", hint=_FORM)
    if unknown := sorted(set(entry) - _KEYS):
        raise DataError(
            f"{where} has the unknown key {unknown[0][:60]!r}", hint=f"known are {', '.join(sorted(_KEYS))}"
        )
    numbers = entry.get("iteration", 1), entry.get("fold", at)
    if not all(type(number) is int and 1 <= number < 10**6 for number in numbers):
        raise DataError(f"{where}: iteration and fold are whole numbers from 1")
    names = [name for name in ("train", "validation") if name in entry]
    return numbers, {name: _list_of_rows(entry[name], f"'{name}' of {where}") for name in names}


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: JSON would keep the last one, silently."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError("a key stands twice in one mapping")
    return mapping


def _list_of_rows(values: Any, what: str) -> Array:
    """Turn a list of JSON into an array, if its elements are whole numbers."""
    # bool is an int to Python, and numbers beyond 64 bits would become objects.
    if not isinstance(values, list) or not all(type(value) is int and abs(value) < 2**62 for value in values):
        raise DataError(f"{what} is no list of row numbers", hint="rows are whole numbers, counted from 0")
    return np.array(values, np.int64)


def _check_numbers(path: str, parts: _Parts) -> None:
    """Refuse iterations or folds that are not counted from 1 without gaps, or iterations of different lengths."""
    if not parts:
        raise DataError(f"'{path}' holds no splits")
    iterations = max(iteration for iteration, _ in parts)
    folds = max(fold for _, fold in parts)
    if len(parts) != iterations * folds:
        raise DataError(
            f"'{path}' holds {len(parts):,} splits, numbered up to iteration {iterations:,} and fold {folds:,}",
            hint="iterations and folds count from 1, and every iteration has as many folds",
        )


def _split(path: str, key: tuple[int, int], parts: Mapping[str, Array], rows: int, test: Indices) -> Split:
    """Check one split."""
    iteration, fold = key
    where = f"iteration {iteration}, fold {fold} in '{path}'"
    read = {name: _row_numbers(values, rows, f"'{name}' of {where}") for name, values in parts.items()}
    for name in ("train", "validation"):
        if name not in read or not len(read[name]):
            raise DataError(f"{where} has no {name} rows")
    named = [*read.items(), ("test", test)]
    for at, (one, first) in enumerate(named):
        for other, second in named[at + 1 :]:
            if (shared := np.intersect1d(first, second)).size:
                raise DataError(f"{where}: row {shared[0]} is in '{one}' and in '{other}' ({shared.size:,} such rows)")
    return Split(iteration, fold, read["train"], read["validation"])


def _row_numbers(values: Array, rows: int, what: str) -> Indices:
    """Check that an array holds row numbers, each once; returns them in ascending order."""
    if values.ndim != 1 or (values.dtype.kind not in "iu" and values.size):
        raise DataError(
            f"{what} has type {values.dtype} and shape {values.shape}", hint="expected whole numbers, (rows,)"
        )
    if values.size and (int(values.min()) < 0 or int(values.max()) >= rows):
        odd = values.min() if values.min() < 0 else values.max()
        raise DataError(f"{what} names row {odd}; the data have {rows:,} rows, counted from 0")
    ordered = np.sort(values.astype(np.int64))
    if (twice := ordered[1:][np.diff(ordered) == 0]).size:
        raise DataError(f"{what} names row {twice[0]} twice ({twice.size:,} such cases)")
    return ordered
