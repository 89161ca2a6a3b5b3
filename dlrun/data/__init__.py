"""Data: sources, the cache, preprocessing that is fitted on training rows, and inspection.

The names below are loaded on first use, so that ``from dlrun.data import cache`` costs no NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.lazily import lazily

if TYPE_CHECKING:
    from dlrun.data.dataset import CLASSIFICATION, Dataset, TokenRows
    from dlrun.data.encoded import Encoded, MultiHotRows, take
    from dlrun.data.inspection import DataSummary, inspect, overlap
    from dlrun.data.loading import load_dataset, resolved_source
    from dlrun.data.preprocessing.fitting import FittedSteps, fit_steps

_HOMES = {
    "CLASSIFICATION": "dataset",
    "Dataset": "dataset",
    "TokenRows": "dataset",
    "Encoded": "encoded",
    "MultiHotRows": "encoded",
    "take": "encoded",
    "DataSummary": "inspection",
    "inspect": "inspection",
    "overlap": "inspection",
    "load_dataset": "loading",
    "resolved_source": "loading",
    "FittedSteps": "preprocessing.fitting",
    "fit_steps": "preprocessing.fitting",
}

__all__ = [
    "CLASSIFICATION",
    "DataSummary",
    "Dataset",
    "Encoded",
    "FittedSteps",
    "MultiHotRows",
    "TokenRows",
    "fit_steps",
    "inspect",
    "load_dataset",
    "overlap",
    "resolved_source",
    "take",
]

__getattr__ = lazily(__name__, _HOMES)
