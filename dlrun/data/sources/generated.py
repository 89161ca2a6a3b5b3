"""scikit-learn's generators, with their own arguments checked against their real signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from dlrun.data import targets
from dlrun.data.assembly import assemble
from dlrun.data.catalogue import SOURCES
from dlrun.data.dataset import Dataset, Task
from dlrun.errors import DataError, Problem, SpecError
from dlrun.spec.sources import GeneratedSource

SHAPING = frozenset({"return_X_y", "return_indicator", "return_distributions", "return_centers", "coef"})
"""Arguments that change what a generator returns rather than the data."""


def load(source: GeneratedSource) -> Dataset:
    """Generate a data set: inputs (rows, features) float64, the same for the same ``random_state``.

    Raises:
        DataError: what was generated has one class only, or one label.
        SpecError: an argument does not exist, or its value is not allowed.
    """
    import sklearn.datasets

    make: Callable[..., Any] = getattr(sklearn.datasets, source.source)
    options = dict(source.model_extra or {})
    _refuse_unknown(source.source, make, options)
    # scikit-learn checks values, and words its complaints well enough to pass on.
    try:
        inputs, values = make(**options, random_state=source.random_state)[:2]
    except (ValueError, TypeError, OverflowError) as error:
        raise SpecError([Problem(f"{source.source}: {error}", ("dataset",))]) from error
    task = _task(source.source, values)
    # A generator may leave a class out when rows are few; the classes are those that are there.
    made = targets.encode(targets.columns_of(np.asarray(values), "y"), task)
    return assemble(
        source.source,
        task,
        np.asarray(inputs, np.float64),
        made.values,
        feature_names=tuple(f"x{index}" for index in range(inputs.shape[1])),
        class_names=made.class_names,
    )


def _refuse_unknown(name: str, make: Callable[..., Any], options: dict[str, Any]) -> None:
    from dlrun.registry.nearest import nearest

    allowed = [key for key in inspect.signature(make).parameters if key not in SHAPING]
    problems = []
    for key in options:
        if key not in allowed:
            close = nearest(key, allowed)
            hint = f"did you mean '{close}'?" if close else f"it takes {', '.join(allowed)}"
            problems.append(Problem(f"{name} has no argument '{key}' here", ("dataset", key), hint))
    if problems:
        raise SpecError(problems)


def _task(name: str, values: Any) -> Task:
    usual = SOURCES[name].task
    if usual == "regression":
        return "regression" if values.ndim == 1 or values.shape[1] == 1 else "vector_regression"
    if usual == "multilabel":
        if values.ndim != 2 or values.shape[1] < 2:
            raise DataError(f"{name} made one label a row; a multilabel problem has several", hint="raise n_classes")
        return "multilabel"
    return "binary" if len(np.unique(values)) <= 2 else "multiclass"
