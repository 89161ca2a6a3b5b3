"""The curves of a finished run, read from its ``history.csv`` and ``curve.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dlrun.errors import RunFolderError

Part = Literal["train", "validation"]
PARTS: tuple[Part, ...] = ("train", "validation")


@dataclass(frozen=True)
class Point:
    """One value of a learning curve. Iteration, fold and epoch count from 1."""

    iteration: int
    fold: int
    epoch: int
    part: Part
    metric: str
    value: float


def history_points(run: Path) -> list[Point]:
    """Read every value of a run's history, in the order of the file; those that do not exist are left out.

    Raises:
        RunFolderError: the file cannot be read.
    """
    with _rows(run / "history.csv") as rows:
        return [
            Point(int(row["iteration"]), int(row["fold"]), int(row["epoch"]), part, row["metric"], float(row[part]))
            for row in rows
            for part in PARTS
            if row[part]
        ]


def curve_points(run: Path) -> list[tuple[Part, str, float, int]]:
    """Read the mean curve of several folds: part, metric, mean and epoch. Raises RunFolderError."""
    with _rows(run / "curve.csv") as rows:
        return [
            (part, row["metric"], float(row[f"{part}_mean"]), int(row["epoch"]))
            for row in rows
            for part in PARTS
            if row[f"{part}_mean"]
        ]


@contextmanager
def _rows(path: Path) -> Iterator[Iterable[dict[str, str]]]:
    """Give the rows of a table; what turns out to be missing or no number while they are read is told as ours."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            yield csv.DictReader(stream, strict=True)
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise RunFolderError(f"{path} cannot be read: {error}") from error
