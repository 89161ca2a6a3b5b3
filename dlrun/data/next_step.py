"""Self-supervised targets: of sequences (rows, steps, ...) the last step, which is forecast from those before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dlrun.data.dataset import Dataset, Forecast
from dlrun.data.identity import ArrayRecords
from dlrun.data.periods import LAST_VALUE
from dlrun.data.targets import rows_text
from dlrun.errors import DataError


def next_step(dataset: Dataset) -> Dataset:
    """Take the targets out of the inputs.

    Args:
        dataset: its inputs are (rows, steps, ...), at least two steps; it has no targets of its own.

    Returns:
        Inputs (rows, steps - 1, ...), a view; targets (rows,), or (rows, values of a step) float32 in the step's order;
        and the forecast that the step before comes again.

    Raises:
        DataError: there are fewer than two steps, or a last step is missing.
    """
    inputs = dataset.inputs
    if not isinstance(inputs, np.ndarray) or inputs.shape[1] < 2:
        shape = f"the shape {inputs.shape}" if isinstance(inputs, np.ndarray) else "texts"
        raise DataError(
            f"'{dataset.name}' has {shape}, and a next step needs (rows, steps, ...) with at least two steps",
            hint="leave `next_step` out, or put the steps on the second axis",
        )
    last = np.asarray(inputs[:, -1], np.float32)
    targets, before = (part.reshape(len(part), -1) for part in (last, np.asarray(inputs[:, -2], np.float32)))
    missing = np.asarray(np.isnan(targets).any(axis=1))
    if missing.any():
        raise DataError(f"the last step of '{dataset.name}' is missing in {rows_text(missing)} (of {len(missing):,})")
    if inputs.ndim == 2:
        targets, before = targets[:, 0], before[:, 0]
    steps = inputs.shape[1] - 1
    shape = " × ".join(map(str, last.shape[1:])) or "one number"
    return replace(
        dataset,
        task="forecasting",
        inputs=inputs[:, :-1],
        targets=targets,
        records=dataset.records or ArrayRecords(inputs, np.empty((len(inputs), 0))),
        forecasts=(Forecast(LAST_VALUE, before),),
        notes=(*dataset.notes, f"The target is the last of {steps + 1} steps ({shape}), forecast from {steps} before."),
    )
