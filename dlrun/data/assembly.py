"""Put a `Dataset` together: rows of all parts in one numbering, and the fingerprint of what was loaded."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlrun import fingerprint
from dlrun.data.dataset import Array, Dataset, Inputs, Task, TextRows, TokenRows
from dlrun.errors import DataError


def assemble(
    name: str,
    task: Task,
    inputs: Inputs,
    targets: Array,
    *,
    validation_from: int | None = None,
    test_from: int | None = None,
    **known: Any,
) -> Dataset:
    """Make a data set of arrays.

    Args:
        name: what messages call it.
        task: what kind of problem it is.
        inputs: of every row, (rows, ...).
        targets: of every row, as `Dataset` wants them for the task.
        validation_from: the first row of the provided validation set, which reaches to the test set; None for none.
        test_from: the first row of the provided test set, which reaches to the end; None for no such set.
        known: further fields of `Dataset`.

    Raises:
        DataError: no rows, or inputs and targets of different length.
    """
    if len(inputs) != len(targets):
        raise DataError(f"'{name}' has {len(inputs):,} rows of inputs, but {len(targets):,} of targets")
    end = len(inputs) if test_from is None else test_from
    cut = end if validation_from is None else validation_from
    if cut == 0:
        raise DataError(f"'{name}' has no rows")
    return Dataset(
        name=name,
        task=task,
        inputs=inputs,
        targets=targets,
        train_rows=np.arange(cut),
        validation_rows=np.arange(cut, end),
        test_rows=np.arange(end, len(inputs)),
        fingerprint=fingerprint_of(inputs, targets),
        **known,
    )


def fingerprint_of(inputs: Inputs, targets: Array) -> str:
    """Return the content hash of inputs and targets: values, types and shapes, but no names."""
    if isinstance(inputs, TokenRows):
        return fingerprint.of_arrays({"tokens": inputs.tokens, "offsets": inputs.offsets, "targets": targets})
    if isinstance(inputs, TextRows):
        return fingerprint.of_arrays({"octets": inputs.octets, "offsets": inputs.offsets, "targets": targets})
    return fingerprint.of_arrays({"inputs": inputs, "targets": targets})
