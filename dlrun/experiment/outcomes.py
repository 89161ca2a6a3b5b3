"""A fold's outcome as arrays, so that one process can leave it in a run folder and another one can sum up.

Floats come back bit for bit: a run whose folds were fitted by many processes is equal to a run in one go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.evaluation import FoldOutcome, Split
from dlrun.training.contract import fit_name

Arrays = dict[str, npt.NDArray[Any]]

_SCALARS = ("iteration", "fold", "train_rows", "final_epoch", "best_epoch", "stopped_early", "failure", "hint")
_ARRAYS = ("validation_rows", "predictions", "best_predictions")
_TABLES = ("train", "validation", "baselines")


def fold_name(split: Split | FoldOutcome) -> str:
    """Name a fold as run folders do: ``i1-f3``."""
    return fit_name(split.iteration, split.fold)


def to_arrays(outcome: FoldOutcome) -> Arrays:
    """Write an outcome as named arrays; a table such as the validation history becomes ``validation.mae``, ..."""
    arrays: Arrays = {name: np.asarray(getattr(outcome, name)) for name in _ARRAYS}
    arrays |= {"notes": np.asarray(outcome.notes, dtype=np.str_)} if outcome.notes else {}
    arrays |= {} if outcome.targets is None else {"targets": outcome.targets}
    for name in _SCALARS:
        value = getattr(outcome, name)
        arrays |= {} if value is None else {name: np.asarray(value)}
    for table in _TABLES:
        for name, values in getattr(outcome, table).items():
            arrays[f"{table}.{name}"] = np.asarray(values)
    return arrays


def from_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> FoldOutcome:
    """Read an outcome back from `to_arrays`."""
    values: dict[str, Any] = {name: arrays[name].item() if name in arrays else None for name in _SCALARS}
    values |= {name: arrays[name] for name in _ARRAYS}
    for table in ("train", "validation"):
        values[table] = {name: tuple(history.tolist()) for name, history in _table(arrays, table).items()}
    notes = tuple(arrays["notes"].tolist()) if "notes" in arrays else ()
    values["targets"] = arrays.get("targets")
    return FoldOutcome(**values, baselines=_table(arrays, "baselines"), notes=notes)


def _table(arrays: Mapping[str, npt.NDArray[Any]], table: str) -> Arrays:
    """Take the arrays of one table, by their names in it."""
    return {name.partition(".")[2]: values for name, values in arrays.items() if name.partition(".")[0] == table}
