"""The output of one layer for every row: an autoencoder's code is the data in fewer dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from dlrun.data.encoded import as_array, take
from dlrun.experiment.folds import FoldInputs
from dlrun.experiment.planning import Experiment
from dlrun.runs import RunFiles

NAME = "codes.csv"
CHUNK_ROWS = 1024
"""Rows that go through the net together."""


def write_codes(folder: RunFiles, experiment: Experiment, model: Any, fold: FoldInputs, scored: str) -> None:
    """Write ``codes.csv``: row, ids, which part the row was in, and the numbers that the spec's ``codes`` layer gives.

    Nothing is written where the spec names no such layer.

    Args:
        folder: of a run with one model.
        experiment: knows the layer and the ids.
        model: fitted; takes the fold's inputs.
        fold: encoded rows.
        scored: what the rows that were not trained on are called: ``validation``, or ``test``.
    """
    if experiment.spec.codes is None:
        return
    parts = ["train"] * len(fold.train) + ["monitor"] * len(fold.monitor)
    parts += [scored] * (len(fold.inputs) - len(parts))
    rows = _rows(experiment, model, fold, parts)
    first = next(rows)
    width = len(first) - 2 - len(experiment.dataset.ids)
    header = ("row", *experiment.dataset.ids, "part", *(f"code_{place + 1}" for place in range(width)))
    folder.write_rows(NAME, header, chain([first], rows))


def _rows(experiment: Experiment, model: Any, fold: FoldInputs, parts: Sequence[str]) -> Iterator[Sequence[object]]:
    import keras

    coder = keras.Model(model.input, model.get_layer(experiment.spec.codes).output)
    ids, numbers = experiment.dataset.ids, fold.rows
    for start in range(0, len(fold.inputs), CHUNK_ROWS):
        positions = np.arange(start, min(start + CHUNK_ROWS, len(fold.inputs)))
        inputs = as_array(take(fold.inputs, positions))
        codes = np.asarray(coder(inputs, training=False)).reshape(len(positions), -1)
        for position, code in zip(positions.tolist(), codes.tolist(), strict=True):
            row = int(numbers[position])
            yield (row, *(str(values[row]) for values in ids.values()), parts[position], *code)
