"""Rows that are encoded inside the pipeline: what goes wrong there is the failure of the fit, in its own words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlrun.data.encoded import StreamedRows
from dlrun.errors import DataError
from dlrun.training.contract import FitResult, FoldData
from tests.training.by_hand import dense, fold_of, plan_of, tasks_of
from tests.training.conftest import make_engine

pytestmark = pytest.mark.tensorflow


def fold(broken: int | None = None, error: type[Exception] = DataError) -> FoldData:
    """A fold of 30 rows, 20 of them for training; encoding the ``broken`` row fails."""
    random = np.random.default_rng(0)
    values = random.normal(size=(30, 4)).astype(np.float32)

    def encode(rows: Any) -> Any:
        if broken in rows:
            raise error("row 3 cannot be read")
        return values[rows]

    streamed = StreamedRows(np.arange(30), encode, (4,), np.dtype(np.float32))
    return FoldData(**{**vars(fold_of(values, values.sum(axis=1, keepdims=True), 20)), "inputs": streamed})


def fit(*folds: FoldData) -> list[FitResult]:
    engine = make_engine("keras")
    return list(engine.fit(tasks_of(len(folds)), lambda task: folds[task.number], plan_of(dense()), lambda event: None))


@pytest.mark.parametrize("row", [3, 25], ids=["while training", "while predicting"])
def test_a_row_that_cannot_be_encoded_fails_the_fit_in_its_own_words(row: int) -> None:
    broken, sound = fit(fold(row), fold())

    assert broken.failure == "row 3 cannot be read"
    assert sound.failure is None


def test_a_bug_in_encoding_is_not_taken_for_a_failure() -> None:
    with pytest.raises(ZeroDivisionError, match="row 3"):
        fit(fold(3, ZeroDivisionError))
