"""The linear baseline: ridge or logistic regression on the encoded inputs of a fold, by scikit-learn.

What a net has to beat to be worth its layers. It is deterministic, computed in double precision, and its work is
bounded by sizes alone, never by a clock: beyond a budget it is fitted on a sample of the training rows, and says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import CLASSIFICATION, Array
from dlrun.data.encoded import Encoded, MultiHotRows, StreamedRows, take
from dlrun.evaluation.baselines import LINEAR
from dlrun.evaluation.linear_budget import Budget, budget_for, sample_rows
from dlrun.evaluation.sparse import bag_of_tokens, csr_of_bits, used_columns

Predictions = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Encode = Callable[[Any], Any]
Predict = Callable[[Any], Values]

TOLERANCE = 1e-3
"""Where a logistic fit counts as settled: ten times scikit-learn's default, and no worse on rows not seen."""
CHUNK_CELLS = 1 << 22
"""Inputs that are encoded at once for predicting: 32 MB as doubles."""


@dataclass(frozen=True)
class LinearBaseline:
    """What the linear model predicts.

    Args:
        predictions: for the validation rows, as metrics take them, (validation rows, outputs).
        note: what a person should know of the fit, one sentence; empty where there is nothing to say.
    """

    predictions: Predictions
    note: str


def linear_baseline(
    task: str, outputs: int, inputs_train: Encoded, targets_train: Array, inputs_validation: Encoded, *, seed: int
) -> LinearBaseline:
    """Fit a linear model on the training rows of a fold and predict its validation rows.

    Numeric targets: ridge regression with alpha 1; targets in 0..1 are clipped to that range. Classes and labels:
    logistic regression with an L2 penalty of C 1, for multi-label one for each label. A class that the training rows
    lack gets probability 0, and one that all of them have gets 1.

    Inputs are flattened and standardised by the training rows. Multi-hot rows stay sparse and zeros and ones; rows of
    tokens (integers) become counts of each token that the training rows hold.

    Args:
        task: what kind of problem the targets make.
        outputs: columns of the predictions.
        inputs_train: encoded training rows of one fold, (rows, ...), at least one, finite.
        targets_train: of those rows, as `Dataset.targets` holds them.
        inputs_validation: encoded validation rows, at least one.
        seed: names the draw of a sample, where one is needed.
    """
    from threadpoolctl import threadpool_limits

    rows, budget = len(inputs_train), budget_for(task, inputs_train, outputs)
    one_of_many = task in ("binary", "multiclass")
    if budget.rows < rows:
        chosen = sample_rows(rows, budget.rows, targets_train if one_of_many else None, seed=seed)
        inputs_train, targets_train = take(inputs_train, chosen), targets_train[chosen]
    elif isinstance(inputs_train, StreamedRows):
        inputs_train = inputs_train.to_array()  # which the budget keeps small
    fit = _fit_classes if one_of_many else _fit_labels if task == "multilabel" else _fit_numbers
    # One thread: the bits don't depend on the number of cores, and threads that wait for each other take ten times as
    # long on matrices of this size.
    with threadpool_limits(1), warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        matrix, encode = _matrix(inputs_train)
        predict = fit(matrix, targets_train, outputs, budget.steps)
        values = np.concatenate([predict(encode(part)) for part in _chunks(inputs_validation)])
    if task in CLASSIFICATION or task == "unit_regression":
        values = np.clip(values, 0, 1)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and has no score
        return LinearBaseline(values.astype(np.float32), _note(budget, rows, raised))


def _matrix(train: Array | MultiHotRows) -> tuple[Any, Encode]:
    """Turn training rows into doubles, (rows, columns), sparse for bits and tokens; and what does so with others."""
    if isinstance(train, MultiHotRows):
        return used_columns(csr_of_bits(train), csr_of_bits)
    if train.dtype.kind in "iu":
        count = partial(bag_of_tokens, width=int(train.max(initial=0)) + 1)
        return used_columns(count(train), count)
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler(copy=False)
    return scaler.fit_transform(_doubles(train)), lambda rows: scaler.transform(_doubles(rows))


def _doubles(rows: Array) -> Values:
    """Copy and flatten dense rows, (rows, columns): the copy is standardised in place."""
    return np.array(rows, np.float64).reshape(len(rows), -1)


def _fit_numbers(inputs: Any, targets: Array, outputs: int, steps: int) -> Predict:
    """Fit a ridge regression on every column of the targets."""
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1.0, max_iter=steps).fit(inputs, targets.astype(np.float64))
    return lambda rows: np.asarray(model.predict(rows), np.float64).reshape(-1, outputs)


def _fit_classes(inputs: Any, targets: Array, outputs: int, steps: int) -> Predict:
    """Fit one logistic regression; one column for class 1 of two, else a column a class."""
    from sklearn.linear_model import LogisticRegression

    columns = max(outputs, 2)
    present = np.unique(targets).astype(np.int64)
    if len(present) == 1:
        only = np.eye(columns)[present, -outputs:]  # (1, outputs)
        return lambda rows: np.repeat(only, rows.shape[0], axis=0)
    model = LogisticRegression(max_iter=steps, tol=TOLERANCE).fit(inputs, targets)

    def predict(rows: Any) -> Values:
        values = np.zeros((rows.shape[0], columns))
        values[:, present] = model.predict_proba(rows)
        return values[:, -outputs:]

    return predict


def _fit_labels(inputs: Any, targets: Array, outputs: int, steps: int) -> Predict:
    """Fit a logistic regression for each label."""
    each = [_fit_classes(inputs, np.asarray(targets[:, label] > 0.5, np.int64), 1, steps) for label in range(outputs)]
    return lambda rows: np.hstack([predict(rows) for predict in each])


def _chunks(rows: Encoded) -> Iterator[Array | MultiHotRows]:
    """Cut rows into parts of bounded size."""
    columns = int(np.prod(rows.shape[1:]))
    size = max(1, CHUNK_CELLS // max(1, columns))
    return (take(rows, np.arange(start, min(start + size, len(rows)))) for start in range(0, len(rows), size))


def _note(budget: Budget, rows: int, raised: list[warnings.WarningMessage]) -> str:
    """Say what is not as one would expect of the fit."""
    from sklearn.exceptions import ConvergenceWarning

    said = [f"fitted on {budget.rows:,} of {rows:,} training rows"] if budget.rows < rows else []
    if any(issubclass(each.category, ConvergenceWarning) for each in raised):
        said.append(f"stopped after {budget.steps} steps, before it had settled")
    return f"{LINEAR}: {'; '.join(said)}" if said else ""
