"""The validation rows that a run got most wrong, with what stands in them: pictures as pictures, tables by column."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.data import load_dataset
from dlrun.data.cache import is_here
from dlrun.data.dataset import Array, Dataset, TextRows, TokenRows
from dlrun.data.layout import axes_of
from dlrun.errors import DlrunError
from dlrun.experiment.held_out import HeldOut
from dlrun.experiment.planning import role_columns
from dlrun.report.glyphs import number
from dlrun.report.page.values import Example
from dlrun.runs import read_record
from dlrun.spec import load_spec
from dlrun.spec.sections import ExperimentSpec

_SMALLEST = 1e-7
_MOST_FEATURES = 12
_MOST_LABELS = 8
_MOST_CHARACTERS = 400
_MOST_TOKENS = 60
_PICTURE_CHANNELS = (1, 3, 4)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Rows:
    """Predictions by row: the mean of those that several iterations made."""

    rows: Array
    targets: Array
    predictions: Floats
    times: int


def worst_rows(
    run: Path, task: str, classes: Sequence[str], held: HeldOut, count: int
) -> tuple[tuple[Example, ...], str]:
    """Choose the rows with the largest errors, and load what stands in them.

    The inputs come from the data that the run's spec names, and are shown where those are still the data of the run.

    Args:
        run: its folder.
        task: of the run.
        classes: names of classes, by index.
        held: predictions of validation rows; test rows are never among them.
        count: how many are shown.

    Returns:
        The rows, the worst first, and a note on how they were chosen or why their inputs are missing.
    """
    by_row = _by_row(held)
    names = tuple(classes) or held.names
    errors = _errors(task, names, by_row)
    worst = np.argsort(-np.nan_to_num(errors, nan=-1.0), kind="stable")[:count]
    describe, note = _describer(run)
    examples = tuple(
        describe(int(by_row.rows[place]), _facts(task, names, by_row, int(place), float(errors[place])))
        for place in worst.tolist()
    )
    repeated = f" Predictions are the mean of {by_row.times} iterations." if by_row.times > 1 else ""
    measure = _BY_SQUARES if _is_wide(task, names, by_row.predictions[0]) else _MEASURED.get(task, _BY_SIZE)
    return examples, f"{measure}{repeated}{note}"


def _is_wide(task: str, names: Sequence[str], predicted: Floats) -> bool:
    """Whether a row has too many targets to be told one by one; then they have no names either."""
    return task == "autoencoder" or (len(predicted) > 1 and not names)


_BY_SQUARES = "Ordered by the mean squared error of a row."
_BY_SIZE = "Ordered by the size of the error."
_MEASURED = {
    "binary": "Ordered by how improbable the model called the true class.",
    "multiclass": "Ordered by how improbable the model called the true class.",
    "multilabel": "Ordered by how improbable the model called the true labels.",
    "vector_regression": "Ordered by the root mean square over targets, each in its own standard deviations.",
    "forecasting": "Ordered by the root mean square over the steps ahead, each in its own standard deviations.",
}


def _by_row(held: HeldOut) -> _Rows:
    rows, first, places, counts = np.unique(held.rows, return_index=True, return_inverse=True, return_counts=True)
    summed = np.zeros((len(rows), held.predictions.shape[1]))
    np.add.at(summed, places.ravel(), held.predictions)
    return _Rows(rows, held.targets[first], summed / counts[:, np.newaxis], int(counts.max()))


def _errors(task: str, names: Sequence[str], by_row: _Rows) -> Floats:
    """Return each row's error; the unit hangs on the task."""
    said, real = np.clip(by_row.predictions, _SMALLEST, 1 - _SMALLEST), by_row.targets
    if task == "binary":
        return -np.log(np.where(real == 1, said[:, 0], 1 - said[:, 0]))
    if task == "multiclass":
        return -np.log(said[np.arange(len(real)), real])
    if task == "multilabel":
        return np.asarray(-np.log(np.where(real == 1, said, 1 - said)).mean(axis=1))
    left = real.reshape(len(real), -1) - by_row.predictions
    if _is_wide(task, names, said[0]):
        return np.asarray(np.square(left).mean(axis=1))
    spread = real.reshape(len(real), -1).std(axis=0)
    return np.asarray(np.sqrt(np.square(left / np.where(spread > 0, spread, 1)).mean(axis=1)))


def _facts(task: str, names: Sequence[str], by_row: _Rows, place: int, error: float) -> tuple[tuple[str, str], ...]:
    """Say what was to be predicted and what was."""
    real, said = by_row.targets[place], by_row.predictions[place]
    if task in ("binary", "multiclass"):
        chances = np.array([1 - said[0], said[0]]) if task == "binary" else said
        best, true = int(chances.argmax()), int(real)
        return (
            ("true", names[true]),
            ("predicted", f"{names[best]} ({chances[best]:.0%})"),
            ("chance of true", f"{number(float(chances[true]))}"),
        )
    if task == "multilabel":
        present, found = ([name for name, on in zip(names, each > 0.5, strict=True) if on] for each in (real, said))
        return ("true", _listed(present)), ("predicted", _listed(found))
    if _is_wide(task, names, said):
        return (("mean squared error", number(error)),)
    if np.ndim(real) == 0 or len(said) == 1:
        value = float(np.ravel(real)[0])
        return (
            ("true", number(value)),
            ("predicted", number(float(said[0]))),
            ("off by", number(float(said[0]) - value)),
        )
    apart = [
        f"{name} {number(float(one))} → {number(float(other))}"
        for name, one, other in zip(names, real, said, strict=True)
    ]
    return (("true → predicted", _listed(apart)),)


def _listed(texts: Sequence[str]) -> str:
    rest = len(texts) - _MOST_LABELS
    return (", ".join(texts[:_MOST_LABELS]) + (f" and {rest} more" if rest > 0 else "")) or "none"


def _describer(run: Path) -> tuple[Callable[[int, tuple[tuple[str, str], ...]], Example], str]:
    """Load the data of a run; where that cannot be done, rows go without their inputs, and the note says why."""
    try:
        spec = load_spec(run / "spec.yaml").spec
        if not is_here(spec.dataset.source):
            return Example, (
                f" Their inputs are not shown: {spec.dataset.source} is not on this machine; 'dlrun data fetch"
                f" {spec.dataset.source}' gets it."
            )
        dataset = load_dataset(spec.dataset, task=spec.task, columns=role_columns(spec.evaluation))
    except DlrunError as error:
        return Example, f" Their inputs are not shown: {error.message}."
    except OSError as error:
        return Example, f" Their inputs are not shown: {error.strerror or error}."
    if dataset.fingerprint != _fingerprint(run):
        return Example, " Their inputs are not shown: the data have changed since the run."

    def describe(row: int, facts: tuple[tuple[str, str], ...]) -> Example:
        image = _image(spec, dataset, row)
        if image is not None:
            return Example(row, facts, image=image)
        return Example(row, facts, text=_text(dataset, row), features=_features(dataset, row))

    return describe, ""


def _fingerprint(run: Path) -> Any:
    data = read_record(run).get("data")
    return data.get("fingerprint") if isinstance(data, Mapping) else None


def _image(spec: ExperimentSpec, dataset: Dataset, row: int) -> Any:
    """Return a row as a picture, (height, width) or (height, width, channels); None where it is none."""
    inputs = dataset.inputs
    if not isinstance(inputs, np.ndarray):
        return None
    axes = axes_of(inputs)[1:]
    if axes[:1] == ("frames",):
        return _pictured(inputs[row, -1])
    if axes[:2] == ("height", "width"):
        return _pictured(inputs[row])
    shape = _reshaped(spec) or _named_pixels(dataset.feature_names)
    if len(axes) == 1 and shape and math.prod(shape) == inputs.shape[1]:
        return _pictured(np.asarray(inputs[row]).reshape(shape))
    return None


def _pictured(array: Array) -> Array | None:
    return array if array.ndim == 2 or array.shape[-1] in _PICTURE_CHANNELS else None


def _reshaped(spec: ExperimentSpec) -> tuple[int, ...]:
    """Return the shape of a picture that the net makes of flat rows first of all; empty where it makes none."""
    first = spec.layers[0] if spec.layers else None
    shape = tuple(first.arguments.get("target_shape") or ()) if first is not None and first.kind == "Reshape" else ()
    picture = len(shape) in (2, 3) and all(isinstance(size, int) and size > 1 for size in shape[:2])
    return shape if picture else ()


def _named_pixels(names: Sequence[str]) -> tuple[int, ...]:
    """Return the shape of a picture whose columns are called ``pixel_ROW_COLUMN``, in order; empty for other names."""
    places = [match.groups() for name in names if (match := re.fullmatch(r"pixel_(\d+)_(\d+)", name))]
    if not places or len(places) != len(names):
        return ()
    height, width = (max(int(place[axis]) for place in places) + 1 for axis in (0, 1))
    in_order = [(str(row), str(column)) for row in range(height) for column in range(width)]
    return (height, width) if places == in_order else ()


def _text(dataset: Dataset, row: int) -> str:
    if isinstance(dataset.inputs, TextRows):
        text = " ".join(dataset.inputs[row].split())
        return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
    if isinstance(dataset.inputs, TokenRows):
        tokens = dataset.inputs[row]
        rest = len(tokens) - _MOST_TOKENS
        return f"tokens {' '.join(map(str, tokens[:_MOST_TOKENS]))}" + (f" and {rest} more" if rest > 0 else "")
    return ""


def _features(dataset: Dataset, row: int) -> tuple[tuple[str, str], ...]:
    """Name the values of a table's row; nothing for other inputs."""
    inputs, names = dataset.inputs, dataset.feature_names
    if not isinstance(inputs, np.ndarray) or inputs.ndim != 2 or not names:
        return ()
    shown = [
        (name, _value(dataset, place, float(value)))
        for place, (name, value) in enumerate(zip(names, inputs[row].tolist(), strict=True))
    ]
    rest = len(shown) - _MOST_FEATURES
    return (*shown[:_MOST_FEATURES], *((("", f"and {rest} more"),) if rest > 0 else ()))


def _value(dataset: Dataset, column: int, value: float) -> str:
    if math.isnan(value):
        return "missing"
    if column in dataset.categories:
        return str(dataset.categories[column][int(value)])
    return f"{value:.6g}"
