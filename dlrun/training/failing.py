"""Which errors are the failure of a fit and not the end of a run, and what to say of them."""

from __future__ import annotations

import tensorflow as tf

from dlrun.data.encoded import bytes_of
from dlrun.errors import DataError, SpecError, TrainingError
from dlrun.models.building import reason_of
from dlrun.training.contract import FoldData

FIT_ERRORS = (MemoryError, tf.errors.OpError, DataError, SpecError, TrainingError)
"""What may go wrong in one fit while the others go on."""


def words_of(error: Exception, batch_size: int, data: FoldData | None = None) -> tuple[str, str | None]:
    """Return what went wrong, and what to do about it, of one of `FIT_ERRORS`; ``data``: of the fit, if it had any."""
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
        if data is None:
            return "memory ran out while the data of a fold were prepared", "fewer rows, or a smaller input, need less"
        failure = f"memory ran out while training with batches of {batch_size} on {_size_of(data)}"
        return failure, "a smaller training.batch_size or a smaller model needs less"
    if isinstance(error, tf.errors.OpError):
        failure = f"TensorFlow could not carry out a step: {_reason(error)}"
        return failure, "the layers and the data do not fit together in every row; log.txt and --debug say more"
    assert isinstance(error, DataError | SpecError | TrainingError)
    return error.message, error.hint


def _size_of(data: FoldData) -> str:
    """Say how large the inputs are: ``404 rows of 13 numbers (21 KB)``."""
    rows, *shape = data.inputs.shape
    width = " × ".join(map(str, shape)) or "1"
    return f"{rows} rows of {width} numbers ({_bytes(bytes_of(data.inputs))})"


def _bytes(count: int) -> str:
    """Write a size in the largest unit of which there is a whole one."""
    power = next((power for power in (3, 2, 1) if count >= 1000**power), 0)
    return f"{count / 1000**power:.3g} {('bytes', 'KB', 'MB', 'GB')[power]}"


def first_line(error: Exception) -> str:
    """Reduce an error of TensorFlow's or Keras's to one line of at most 200 characters."""
    text = _reason(error) if isinstance(error, tf.errors.OpError) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


def _reason(error: tf.errors.OpError) -> str:
    """Return the line that says what was wrong, out of a report on the graph, or out of Keras's on a layer's call."""
    if "Arguments received by" in str(error.message):
        return reason_of(error)
    lines = [line.strip() for line in str(error.message).splitlines()]
    told = [line for line in lines if line and not line.startswith(("[[", "File ", "Detected at", "Graph execution"))]
    return told[-1] if told else type(error).__name__
