"""``history.csv``: what it holds, and how it is read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dlrun.errors import RunFolderError
from dlrun.runs.formats import load_csv

NAME = "history.csv"
HEADER = ("iteration", "fold", "epoch", "metric", "train", "validation")
HistoryRow = tuple[int, int, int, str, float | None, float | None]
"""Iteration, fold and epoch, from 1; the metric; its training and its validation value, None where there is none."""
_BEYOND_USE = 10**18
"""No count of ours is as large, and tables of other programs hold none that is."""


def read_history(run: Path) -> list[HistoryRow]:
    """Read the history of a run, in the order of the file.

    Raises:
        RunFolderError: it is not there, or damaged.
    """
    path = run / NAME
    header, lines = load_csv(path)
    try:
        places = [header.index(name) for name in HEADER]
        return [_row([line[place] for place in places]) for line in lines]
    except ValueError as error:
        raise RunFolderError(f"{path} is damaged: {error}", hint="repeat the run from its spec.yaml") from error


def _row(cells: Sequence[str]) -> HistoryRow:
    iteration, fold, epoch = map(_count, cells[:3])
    train, validation = (float(cell) if cell else None for cell in cells[4:])
    return iteration, fold, epoch, cells[3], train, validation


def _count(cell: str) -> int:
    count = int(cell)
    if abs(count) >= _BEYOND_USE:
        raise ValueError(f"{cell} counts nothing")
    return count
