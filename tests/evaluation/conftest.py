"""Small data sets and predictions for the tests of evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from dlrun.data.dataset import Dataset

MakeDataset = Callable[..., Dataset]


@pytest.fixture(scope="session")
def make_dataset() -> MakeDataset:
    """Makes a data set around targets; ``test`` and ``validation`` rows are cut off the end, in that order.

    No two rows are equal, unless ``inputs`` say so: one number for each row.
    """

    def make(
        task: str,
        targets: Any,
        *,
        validation: int = 0,
        test: int = 0,
        classes: tuple[str, ...] = (),
        inputs: Any = None,
        columns: Mapping[str, Any] | None = None,
    ) -> Dataset:
        rows = np.arange(len(targets))
        free = len(targets) - validation - test
        return Dataset(
            name="small",
            task=task,  # type: ignore[arg-type]
            inputs=np.asarray(rows if inputs is None else inputs, float)[:, None],
            targets=np.asarray(targets),
            train_rows=rows[:free],
            validation_rows=rows[free : free + validation],
            test_rows=rows[free + validation :],
            class_names=classes,
            columns={name: np.asarray(values) for name, values in (columns or {}).items()},
            fingerprint="none",
        )

    return make
