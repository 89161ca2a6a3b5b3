"""Columns that evaluation names, to tell groups, times or folds apart: looked for in every kind of data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dlrun.data.dataset import Array, Dataset
from dlrun.data.texts import decode_texts
from dlrun.errors import DataError

NAMED = "named under evaluation"
"""What messages call such a column: which of evaluation's keys names it is not known here."""
_MOST_LISTED = 30


def with_columns(dataset: Dataset, wanted: Sequence[str]) -> Dataset:
    """Return the data set with every wanted column in ``columns``.

    Args:
        dataset: has some of them already where its source reads them, as tables and archives do.
        wanted: names; one that is not there yet is a feature or an id.

    Raises:
        DataError: there is no such column, or it has not one value for each row.
    """
    found = {name: _column(dataset, name) for name in wanted}
    for name, values in found.items():
        check_length(values, dataset.rows, f"column '{name}' ({NAMED}) of '{dataset.name}'")
    return replace(dataset, columns={**dataset.columns, **found}) if found else dataset


def check_length(values: Array, rows: int, where: str) -> None:
    """Raise DataError when a column has not one value for each row; ``where`` says which column of what."""
    if values.shape != (rows,):
        raise DataError(f"{where} has the shape {values.shape}; expected ({rows},): one value for each row")


def unknown_column(name: str, known: Sequence[str], where: str) -> DataError:
    """Make the error that says that there is no such column, and which there are; for the caller to raise."""
    from dlrun.registry.nearest import nearest

    close = nearest(name, known)
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    listed = f"there are: {', '.join(known[:_MOST_LISTED])}{more}" if known else "these data have no columns with names"
    return DataError(
        f"{where} has no column '{name}' ({NAMED})", hint=(f"did you mean '{close}'? " if close else "") + listed
    )


def _column(dataset: Dataset, name: str) -> Array:
    if name in dataset.columns:
        return dataset.columns[name]
    names = dataset.column_names
    if name in names and isinstance(dataset.inputs, np.ndarray):
        index = names.index(name)
        codes = np.array(dataset.inputs[:, index])  # a copy: what is kept must not lead back to all columns
        return decode_texts(codes, dataset.categories[index]) if index in dataset.categories else codes
    if name in dataset.ids:
        return dataset.ids[name]
    raise unknown_column(name, [*dataset.columns, *names, *dataset.ids], f"'{dataset.name}'")
