"""The held-out predictions of a run, read back from its folder as metrics take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices
from dlrun.errors import RunFolderError
from dlrun.runs.formats import defuse, load_csv, load_npz

NAME, WIDE = "predictions.csv", "predictions.npz"
_ERROR = "error"


@dataclass(frozen=True)
class HeldOut:
    """Predictions of validation rows.

    Args:
        rows: the data set's row numbers, (rows,).
        targets: as `Dataset.targets` holds them for the task, (rows,) or (rows, columns).
        predictions: as metrics take them, (rows, outputs), float32: bit for bit what was scored.
        places: iteration and fold that predicted each row, (rows, 2).
        names: of the columns of numeric or multi-label targets.
    """

    rows: Indices
    targets: Array
    predictions: npt.NDArray[np.float32]
    places: Indices
    names: tuple[str, ...] = ()


def read_held_out(run: Path, task: str, classes: Sequence[str]) -> HeldOut:
    """Read the predictions of a run, those of all folds one below the other.

    Args:
        run: the folder.
        task: of the run.
        classes: names of the classes by index, of a binary or multi-class run.

    Raises:
        RunFolderError: the file is missing, damaged, or not that of such a run.
    """
    path = run / NAME
    header, cells = load_csv(path)
    try:
        table = np.array(cells, dtype=object).reshape(len(cells), len(header))
        places, rows = table[:, :2].astype(np.int64), table[:, 2].astype(np.int64)
        if task in ("binary", "multiclass"):
            return HeldOut(rows, *_of_classes(header, table, task, classes), places)
        if header[-1] == _ERROR:  # too wide for a table, which has each row's error then
            arrays = load_npz(run / WIDE)
            return HeldOut(arrays["rows"], arrays["targets"], arrays["predictions"], places)
        return HeldOut(rows, *_of_numbers(header, table), places, _target_names(header))
    except (KeyError, ValueError) as error:
        raise RunFolderError(
            f"{path} is not that of a {task} run: {error}", hint="repeat the run from its spec.yaml"
        ) from error


def read_errors(run: Path) -> tuple[float, ...]:
    """Read each row's error, where predictions are too wide for a table; nothing of other runs.

    Raises:
        RunFolderError: the table is missing or damaged.
    """
    header, cells = load_csv(run / NAME)
    if header[-1] != _ERROR:
        return ()
    try:
        return tuple(float(row[-1]) for row in cells)
    except ValueError as error:
        raise RunFolderError(f"{run / NAME} is damaged: {error}", hint="repeat the run from its spec.yaml") from error


# Columns are found by their places from both ends: between them stand ids, which may have any name.


def _of_classes(
    header: Sequence[str], table: Array, task: str, classes: Sequence[str]
) -> tuple[Array, npt.NDArray[np.float32]]:
    places = {defuse(str(name)): index for index, name in enumerate(classes)}
    count = 1 if task == "binary" else len(classes)
    wanted = ["probability"] if task == "binary" else [defuse(f"probability_{name}") for name in classes]
    if list(header[-count - 2 :]) != ["target", "predicted", *wanted]:
        raise ValueError(f"its last columns are {', '.join(header[-count - 2 :])}")
    targets = np.array([places[name] for name in table[:, -count - 2]], np.int64)
    return targets, table[:, -count:].astype(np.float32)


def _target_names(header: Sequence[str]) -> tuple[str, ...]:
    """Name the targets of a run whose table ends in a column for each of them and one for each prediction."""
    if list(header[-2:]) == ["target", "prediction"]:
        return ("target",)
    kind = str(header[-1]).partition("_")[0] + "_"
    count = next((place for place, name in enumerate(reversed(header)) if not name.startswith(kind)), len(header))
    names = tuple(name.removeprefix(kind) for name in header[-count:])
    if kind not in ("prediction_", "probability_") or list(header[-2 * count : -count]) != [
        f"target_{name}" for name in names
    ]:
        raise ValueError(f"its last column is {header[-1]!r}, and no target stands before it")
    return names


def _of_numbers(header: Sequence[str], table: Array) -> tuple[Array, npt.NDArray[np.float32]]:
    count = len(_target_names(header))
    targets = table[:, -2 * count : -count].astype(np.float64)
    return targets[:, 0] if count == 1 else targets, table[:, -count:].astype(np.float32)
