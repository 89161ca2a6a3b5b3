"""The tables of a run folder, as rows of plain values: the history, and the predictions of held-out rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from dlrun.data import DataSummary
from dlrun.data.dataset import Array, Dataset
from dlrun.evaluation import FoldOutcome, targets_of
from dlrun.events import EpochEnded, FitResumed
from dlrun.runs.history import HistoryRow

MOST_COLUMNS = 100
"""Of a forecast in one line of a table: frames of a video have more."""
COLUMNS_HEADER = ("name", "role", "kind", "missing", "minimum", "maximum", "mean")


def column_rows(summary: DataSummary) -> Iterator[Sequence[object]]:
    """Yield a line for each numeric target and each column of the inputs; test rows are in no figure."""
    for target in summary.targets:
        yield (target.name, "target", "number", 0, target.minimum, target.maximum, target.mean)
    for column in summary.features:
        figures = (column.minimum, column.maximum, column.mean)
        yield (column.name, "input", column.kind, column.missing, *figures)


def history_rows(event: EpochEnded) -> Iterator[HistoryRow]:
    """Yield (iteration, fold, epoch, metric, train, validation) for the loss and each metric of an epoch.

    ``train`` is None for a metric that Keras does not follow during training.
    """
    names = dict.fromkeys([*event.train, *event.validation])
    for name in names:
        yield (
            event.iteration,
            event.fold,
            event.epoch,
            name,
            event.train.get(name),
            event.validation.get(name),
        )


def outcome_history(outcome: FoldOutcome) -> Iterator[HistoryRow]:
    """Yield the same rows for every epoch of a fold that has ended."""
    return _rows_of(outcome)


def resumed_rows(event: FitResumed) -> Iterator[HistoryRow]:
    """Yield the same rows for every epoch before the one that a fit goes on with."""
    return _rows_of(event)


def _rows_of(source: FoldOutcome | FitResumed) -> Iterator[HistoryRow]:
    names = dict.fromkeys([*source.train, *source.validation])
    for epoch in range(len(source.train.get("loss", ()))):
        for name in names:
            values = (_at(source.train, name, epoch), _at(source.validation, name, epoch))
            yield (source.iteration, source.fold, epoch + 1, name, *values)


def _at(history: Mapping[str, Sequence[float]], name: str, epoch: int) -> float | None:
    values = history.get(name)
    return None if values is None else values[epoch]


def prediction_header(dataset: Dataset) -> tuple[str, ...]:
    """Name the columns of ``predictions.csv``; how many there are depends on the task."""
    places = ("iteration", "fold", "row", *dataset.ids)
    if is_wide(dataset):
        return (*places, "error")
    match dataset.task:
        case "binary":
            return (*places, "target", "predicted", "probability")
        case "multiclass":
            return (*places, "target", "predicted", *(f"probability_{name}" for name in class_names(dataset)))
        case "multilabel" | "vector_regression" | "forecasting" if dataset.targets.ndim == 2:
            names = dataset.class_names or dataset.target_names or tuple(map(str, range(dataset.outputs)))
            kind = "probability" if dataset.task == "multilabel" else "prediction"
            return (*places, *(f"target_{name}" for name in names), *(f"{kind}_{name}" for name in names))
        case _:
            return (*places, "target", "prediction")


def class_names(dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the classes, by index where the data set has no names."""
    count = 2 if dataset.task == "binary" else dataset.outputs  # labels, for a multilabel task
    return dataset.class_names or tuple(str(index) for index in range(count))


def is_wide(dataset: Dataset) -> bool:
    """Whether predictions are too wide for a table: then it has each row's error, and an npz the predictions."""
    return dataset.task == "autoencoder" or (dataset.task == "forecasting" and dataset.outputs > MOST_COLUMNS)


def prediction_arrays(outcome: FoldOutcome, targets: Array) -> dict[str, Array]:
    """Name the arrays that hold wide predictions: the rows, what was to be predicted, and what was."""
    real = targets_of(outcome, targets).astype(np.float32)
    return {"rows": outcome.validation_rows, "targets": real, "predictions": outcome.predictions}


def prediction_rows(dataset: Dataset, outcome: FoldOutcome) -> Iterator[Sequence[object]]:
    """Yield a line for each predicted row of a fold; of wide predictions their mean squared error.

    Args:
        dataset: knows targets and names.
        outcome: predictions are probabilities, or numbers in the targets' units, (rows, outputs).
    """
    names = class_names(dataset) if dataset.task in ("binary", "multiclass") else ()
    targets, predictions = targets_of(outcome, dataset.targets), outcome.predictions
    if is_wide(dataset):
        errors = np.square(targets.astype(np.float64) - predictions).mean(axis=1)
        targets, predictions = targets[:, :0], errors[:, np.newaxis]
    rows = outcome.validation_rows.tolist()
    for row, target, prediction in zip(rows, targets, predictions.tolist(), strict=True):
        place = (outcome.iteration, outcome.fold, row, *(str(values[row]) for values in dataset.ids.values()))
        match dataset.task:
            case "binary":
                yield (*place, names[int(target)], names[int(prediction[0] > 0.5)], prediction[0])
            case "multiclass":
                yield (*place, names[int(target)], names[int(np.argmax(prediction))], *prediction)
            case _:
                yield (*place, *np.atleast_1d(target).tolist(), *prediction)
