"""The curves of a finished run, read from its ``history.csv`` and ``curve.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dlrun.errors import RunFolderError
from dlrun.runs.formats import load_csv
from dlrun.runs.history import read_history

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
        RunFolderError: the file is missing or damaged.
    """
    return [
        Point(iteration, fold, epoch, part, metric, value)
        for iteration, fold, epoch, metric, *values in read_history(run)
        for part, value in zip(PARTS, values, strict=True)
        if value is not None
    ]


def curve_points(run: Path) -> list[tuple[Part, str, float, int]]:
    """Read the mean curve of several folds: part, metric, mean and epoch. Raises as `history_points` does."""
    path = run / "curve.csv"
    header, lines = load_csv(path)
    try:
        return [
            (part, row["metric"], float(row[f"{part}_mean"]), int(row["epoch"]))
            for row in (dict(zip(header, line, strict=True)) for line in lines)
            for part in PARTS
            if row[f"{part}_mean"]
        ]
    except (ValueError, KeyError) as error:
        raise RunFolderError(f"{path} is damaged: {error}", hint="repeat the run from its spec.yaml") from error
