"""Data: sources, the cache, preprocessing that is fitted on training rows, and inspection.

The names below are loaded on first use, so that ``from dlrun.data import cache`` costs no NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.lazily import lazily

if TYPE_CHECKING:
    from dlrun.data.dataset import CLASSIFICATION, Dataset, TextRows, TokenRows
    from dlrun.data.encoded import Encoded, MultiHotRows, take
    from dlrun.data.identity import record_hashes
    from dlrun.data.inspection import DataSummary, inspect
    from dlrun.data.loading import load_dataset, resolved_source
    from dlrun.data.preprocessing.fitting import FittedSteps, fit_steps
    from dlrun.data.repeats import first_of_each, shared_rows

_HOMES = {
    "CLASSIFICATION": "dataset",
    "Dataset": "dataset",
    "TextRows": "dataset",
    "TokenRows": "dataset",
    "Encoded": "encoded",
    "MultiHotRows": "encoded",
    "take": "encoded",
    "record_hashes": "identity",
    "DataSummary": "inspection",
    "inspect": "inspection",
    "load_dataset": "loading",
    "resolved_source": "loading",
    "FittedSteps": "preprocessing.fitting",
    "fit_steps": "preprocessing.fitting",
    "first_of_each": "repeats",
    "shared_rows": "repeats",
}

__all__ = [
    "CLASSIFICATION",
    "DataSummary",
    "Dataset",
    "Encoded",
    "FittedSteps",
    "MultiHotRows",
    "TextRows",
    "TokenRows",
    "first_of_each",
    "fit_steps",
    "inspect",
    "load_dataset",
    "record_hashes",
    "resolved_source",
    "shared_rows",
    "take",
]

__getattr__ = lazily(__name__, _HOMES)
