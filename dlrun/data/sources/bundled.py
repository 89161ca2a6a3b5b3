"""scikit-learn's bundled data sets: no network, no file of ours."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlrun.data.assembly import assemble
from dlrun.data.catalogue import SOURCES
from dlrun.data.dataset import CLASSIFICATION, Dataset


def load(name: str) -> Dataset:
    """Load one by its name without ``load_``: inputs (rows, features) float64, in scikit-learn's order and units."""
    import sklearn.datasets

    bunch: Any = getattr(sklearn.datasets, f"load_{name}")()
    task = SOURCES[name].task
    classes = task in CLASSIFICATION
    return assemble(
        name,
        task,
        bunch.data.astype(np.float64),
        bunch.target.astype(np.int64 if classes else np.float64),
        feature_names=tuple(str(column) for column in bunch.feature_names),
        class_names=tuple(str(label) for label in bunch.target_names) if classes else (),
        target_names=tuple(bunch.target_names) if task == "vector_regression" else (),
    )
