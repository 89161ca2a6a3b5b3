"""The files of two runs side by side: whether they say the same, bit by bit, and where not, what differs in them."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.experiment.differences import Cell, Differences, leaves, of_arrays, of_cells
from dlrun.experiment.model_file import MODEL, read_weights
from dlrun.runs import history
from dlrun.runs.formats import load_csv, load_npz
from dlrun.untrusted.files import RefusedError, parse_json, read_bytes

_OF_MODEL = (MODEL, "preprocessing.json", "targets.json", "codes.csv")
"""What `dlrun test` writes anew, for the model that it trains."""
_ROOT = ("splits.npz", "columns.csv", history.NAME, "curve.csv", "predictions.csv", "predictions.npz")
_OF_FOLD = ("preprocessing.json", "targets.json", "weights.npz", "outcome.npz")
_MOST_JSON = 1 << 28
"""Bytes: what a step has learnt may be a vocabulary."""
_KEYS = {
    "columns.csv": ("name", "role"),
    history.NAME: ("iteration", "fold", "epoch", "metric"),
    "curve.csv": ("epoch", "metric"),
    "predictions.csv": ("iteration", "fold", "row"),
    "codes.csv": ("row",),
}
"""The columns that name a line of a table."""


@dataclass(frozen=True)
class FileVerdict:
    """A file of the first run beside that of the second.

    Args:
        same: whether it says the same, bit by bit; None where the two cannot be compared.
        why: why not, or what is wrong with one of them.
        found: what differs in it.
    """

    same: bool | None
    why: str = ""
    found: Differences = field(default_factory=Differences)


def compare_files(first: Path, second: Path, *, model_replaced: bool) -> dict[str, FileVerdict]:
    """Compare the files of two runs by their names.

    Args:
        first: folder of the run that was there.
        second: folder of the new one.
        model_replaced: whether `dlrun test` put another model into the first run's folder; that is left out.
    """
    names = dict.fromkeys((*_names(first), *_names(second)))
    if model_replaced:
        names = {name: None for name in names if name not in _OF_MODEL}
    return {name: _compare(name, first / name, second / name) for name in names}


def _names(run: Path) -> Iterator[str]:
    """Name the files of a run that are compared."""
    yield from (name for name in (*_ROOT, *_OF_MODEL) if (run / name).is_file())
    folds = sorted((run / "folds").glob("i*-f*"), key=_numbers)
    # A single one is what a hold-out run was killed with that was done, but for tidying up; it says nothing of its own.
    for fold in folds if len(folds) > 1 else ():
        yield from (f"folds/{fold.name}/{name}" for name in _OF_FOLD if (fold / name).is_file())


def _numbers(fold: Path) -> list[tuple[int, str]]:
    """Sort fold 10 behind fold 9."""
    return [(len(part), part) for part in fold.name.split("-")]


def _compare(name: str, first: Path, second: Path) -> FileVerdict:
    if not first.is_file():
        return FileVerdict(None, "the first run has none")
    if not second.is_file():
        return FileVerdict(False, "it was not written this time")
    try:
        if filecmp.cmp(first, second, shallow=False):
            return FileVerdict(True)
        found = _differences(first.name, first, second)
    except (RunFolderError, RefusedError) as error:
        return FileVerdict(False, error.message)
    except OSError as error:
        return FileVerdict(False, f"it cannot be read: {error.strerror or error}")
    return FileVerdict(found.same, _gone(found), found)


def _gone(found: Differences) -> str:
    """Say what only the first run has."""
    gone = found.only_before
    if not gone:
        return ""
    more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
    return f"the second has no {gone[0]}{more}"


def _differences(name: str, first: Path, second: Path) -> Differences:
    if name == MODEL:
        return of_arrays(read_weights(first), read_weights(second))
    if name.endswith(".npz"):
        return of_arrays(load_npz(first), load_npz(second))
    if name.endswith(".json"):
        return of_cells(dict(leaves(_json(first))), dict(leaves(_json(second))))
    return of_cells(_cells(first, _KEYS[name]), _cells(second, _KEYS[name]))


def _json(path: Path) -> Any:
    try:
        return parse_json(read_bytes(path, _MOST_JSON))
    except ValueError as error:
        raise RunFolderError(f"{path} is damaged: {error}") from error


def _cells(path: Path, keys: tuple[str, ...]) -> dict[str, Cell]:
    """Read the cells of a table by their places: ``fold 1, epoch 3, loss, train``."""
    header, lines = load_csv(path)
    if any(key not in header for key in keys):
        raise RunFolderError(f"{path} is damaged: it has no column '{next(key for key in keys if key not in header)}'")
    named = [header.index(key) for key in keys]
    others = [place for place in range(len(header)) if place not in named]
    one_iteration = "iteration" in keys and {line[named[0]] for line in lines} <= {"1"}
    cells: dict[str, Cell] = {}
    for line in lines:
        parts = [_part(key, line[place]) for key, place in zip(keys, named, strict=True)]
        row = ", ".join(parts[1:] if one_iteration else parts)
        cells |= {f"{row}, {header[place]}": line[place] for place in others}
    return cells


def _part(key: str, cell: str) -> str:
    """Write one part of a line's name: ``epoch 3``; a metric or a column names itself."""
    return f"{key} {cell}" if key in ("iteration", "fold", "epoch", "row") else cell
