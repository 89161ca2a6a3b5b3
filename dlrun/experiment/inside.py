"""Looking into a trained convnet: its filters, and its response maps for one row that may be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.backend import prepare_backend
from dlrun.data.encoded import as_array
from dlrun.data.target_steps import AS_THEY_ARE
from dlrun.errors import RunFolderError, UsageError
from dlrun.experiment.again import plan_again, steps_of_model
from dlrun.experiment.folds import read_predictions
from dlrun.experiment.model_file import MODEL, check_model_file
from dlrun.experiment.planning import Experiment
from dlrun.experiment.tables import class_names
from dlrun.models.building import reason_of
from dlrun.models.responses import Responses, first_filters, has_convolution, responses
from dlrun.registry import load, registry
from dlrun.report.mosaic import draw_filters, draw_responses
from dlrun.runs import RunFolder, read_record, reopen_run


@dataclass(frozen=True)
class Inside:
    """What was drawn of a trained convnet.

    Args:
        row: the data set's row whose response maps were drawn, counted from 0.
        sample: the row in words: ``row 12, class 7, predicted 7 (0.98)``.
        filters: path of the PNG with the first convolution's kernels.
        responses: path of the PNG with the response maps.
    """

    row: int
    sample: str
    filters: Path
    responses: Path


def look_inside(run: Path, row: int | None = None) -> Inside:
    """Draw ``filters.png`` and ``responses.png`` into the folder of a finished run that has a model.

    Args:
        run: the run's folder.
        row: whose response maps are drawn, in the numbering of ``predictions.csv``; None for the first validation row.

    Raises:
        UsageError: the run has no model, or no two-dimensional convolution; there is no such row, or it is a test row
            and the run was not tested.
        DataError: the data are no longer those of the run.
        RunFolderError: the run is not finished, its model cannot be loaded, or the files cannot be written.
    """
    with reopen_run(run) as folder:
        record = read_record(run)
        _check_model(run, record)
        experiment = plan_again(run, record)
        chosen = _row(experiment, record, row)
        model = _load(run, experiment)
        if not has_convolution(model):
            raise UsageError(
                f"the model of {run.name} has no two-dimensional convolution, so there are no filters to draw",
                hint="'dlrun describe' shows its layers",
            )
        seen = responses(model, _encoded(experiment, record, chosen))
        return _drawn(folder, record, model, seen, chosen, _words(experiment, chosen, seen.prediction))


def _check_model(run: Path, record: Mapping[str, Any]) -> None:
    """Refuse a run without a model of its own."""
    if (run / MODEL).exists():
        return
    if len(record["splits"]["folds"]) > 1:
        raise UsageError(
            f"the run {run.name} has a model for each fold, and none of its own",
            hint=f"'dlrun test {run.name}' trains one; or look at a hold-out run",
        )
    raise RunFolderError(f"the run {run.name} has no {MODEL}", hint="repeat the run from its spec.yaml")


def _row(experiment: Experiment, record: Mapping[str, Any], row: int | None) -> int:
    """Choose the row, and refuse one that may not be looked at."""
    splits, dataset = experiment.splits, experiment.dataset
    if row is None:
        return int(splits.splits[0].validation[0])
    if not 0 <= row < dataset.rows:
        raise UsageError(f"there is no row {row}: {dataset.name} has {dataset.rows} rows, counted from 0")
    if "test" not in record and row in np.union1d(splits.test, dataset.test_rows):
        raise UsageError(
            f"row {row} is a test row, and this run has not been tested",
            hint="leave --row out for a validation row; 'dlrun test' looks at test rows, once",
        )
    return row


def _load(run: Path, experiment: Experiment) -> Any:
    """Load the model in safe mode: nothing in the file may be code."""
    prepare_backend()
    import keras

    kinds = {layer.kind for layer in experiment.spec.layers}
    entries = (registry("layers").find(kind) for kind in kinds)
    plugins = {entry.name: load(entry) for entry in entries if entry is not None and entry.origin != "keras"}
    try:
        check_model_file(run / MODEL, plugins)
        return keras.models.load_model(run / MODEL, custom_objects=plugins, compile=False, safe_mode=True)
    except Exception as error:  # Keras, h5py and zipfile refuse a damaged file in many ways
        raise RunFolderError(
            f"the model in {run / MODEL} cannot be loaded: {reason_of(error)}", hint="repeat the run from its spec.yaml"
        ) from error


def _encoded(experiment: Experiment, record: Mapping[str, Any], row: int) -> npt.NDArray[Any]:
    """Encode one row as the model takes it, (1, ...)."""
    return as_array(steps_of_model(experiment, record).apply(np.array([row], np.int64)))


def _words(experiment: Experiment, row: int, prediction: npt.NDArray[np.float32]) -> str:
    """Name the row, and of a classification its class and the predicted one."""
    dataset = experiment.dataset
    if dataset.task not in ("binary", "multiclass"):
        return f"row {row}"
    names = class_names(dataset)
    given = read_predictions(experiment.spec, dataset.task, AS_THEY_ARE, prediction[None])[0]
    both = np.array([1 - given[0], given[0]]) if len(given) == 1 else given
    said = int(both.argmax())
    return f"row {row}, class {names[int(dataset.targets[row])]}, predicted {names[said]} ({both[said]:.2f})"


def _drawn(folder: RunFolder, record: Mapping[str, Any], model: Any, seen: Responses, row: int, words: str) -> Inside:
    filters = first_filters(model)
    with folder.stage("filters.png") as path:
        draw_filters(filters.layer, filters.kernels, path, title=str(record["name"]))
    with folder.stage("responses.png") as path:
        layers = [(each.layer, each.maps) for each in seen.layers]
        draw_responses(seen.image, layers, path, title=f"{record['name']}: {words}")
    return Inside(row, words, folder.path / "filters.png", folder.path / "responses.png")
