"""The held-out predictions of a run, read back from its folder as metrics take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices
from dlrun.errors import RunFolderError
from dlrun.runs.formats import defuse, load_csv, load_npz

NAME, WIDE = "predictions.csv", "predictions.npz"


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
    columns = {name: [row[place] for row in cells] for place, name in enumerate(header)}
    try:
        rows = np.array(columns["row"], np.int64)
        places = _numbers(columns, ["iteration", "fold"], np.int64)
        if task in ("binary", "multiclass"):
            return HeldOut(rows, *_of_classes(columns, task, classes), places)
        predicted = [name for name in header if name.startswith(("prediction", "probability"))]
        wanted = [name for name in header if name.startswith("target")]
        if not predicted:  # too wide for a table, which has each row's error then
            arrays = load_npz(run / WIDE)
            return HeldOut(arrays["rows"], arrays["targets"], arrays["predictions"], places)
        targets, names = _numbers(columns, wanted), tuple(name.removeprefix("target_") for name in wanted)
        targets = targets[:, 0] if len(wanted) == 1 else targets
        return HeldOut(rows, targets, _numbers(columns, predicted, np.float32), places, names)
    except (KeyError, ValueError) as error:
        raise RunFolderError(
            f"{path} is not that of a {task} run: {error}", hint="repeat the run from its spec.yaml"
        ) from error


def _of_classes(
    columns: Mapping[str, list[str]], task: str, classes: Sequence[str]
) -> tuple[Array, npt.NDArray[np.float32]]:
    places = {defuse(str(name)): index for index, name in enumerate(classes)}
    targets = np.array([places[name] for name in columns["target"]], np.int64)
    names = ["probability"] if task == "binary" else [f"probability_{name}" for name in classes]
    return targets, _numbers(columns, names, np.float32)


def _numbers(columns: Mapping[str, list[str]], names: Sequence[str], dtype: Any = np.float64) -> npt.NDArray[Any]:
    return np.column_stack([np.array(columns[name], dtype) for name in names])
