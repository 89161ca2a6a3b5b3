"""Look at data before anything is trained on them: shapes, balance, gaps, repeated rows, columns that say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dlrun.data.dataset import CLASSIFICATION, Array, Dataset, Indices, TokenRows, take_rows
from dlrun.data.layout import axes_of

_SQUARES_END = 1e150  # squares of larger numbers leave float64, so they are taken in a unit of their own


@dataclass(frozen=True)
class FeatureSummary:
    """One column of 2-D inputs, in the column's own unit.

    Args:
        name: as in the source.
        kind: ``number`` or ``text``.
        missing: how many rows have no value.
        minimum: of the values that are there, as are the next three; None for texts, and where every value is missing.
        maximum: likewise.
        mean: likewise.
        std: likewise, divided by n.
        categories: how many different texts; None for numbers.
    """

    name: str
    kind: str
    missing: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    categories: int | None = None


@dataclass(frozen=True)
class TargetSummary:
    """One numeric target, in its own unit."""

    name: str
    minimum: float
    maximum: float
    mean: float
    median: float


@dataclass(frozen=True)
class LengthSummary:
    """Tokens in a row."""

    minimum: int
    median: float
    maximum: int


@dataclass(frozen=True)
class DataSummary:
    """What `inspect` saw.

    Args:
        axes: what each axis of the inputs stands for.
        shape: of the inputs; None stands for lengths that differ.
        classes: rows of each class, by name (multilabel: rows with each label); empty otherwise.
        targets: of numeric targets; empty otherwise.
        missing: number of missing values by column, those above 0; pictures and the like have one entry "inputs".
        duplicates: rows whose inputs and targets an earlier row has already.
        constant: columns with one value only.
        features: of 2-D inputs, one for each column.
        range: smallest and largest number in the inputs, codes of texts and tokens left out; None where there is none.
        lengths: of token rows.
    """

    rows: int
    rank: int
    axes: tuple[str, ...]
    shape: tuple[int | None, ...]
    dtype: str
    classes: Mapping[str, int]
    targets: tuple[TargetSummary, ...]
    missing: Mapping[str, int]
    duplicates: int
    constant: tuple[str, ...]
    features: tuple[FeatureSummary, ...]
    range: tuple[float, float] | None
    lengths: LengthSummary | None = None


def inspect(dataset: Dataset, rows: Indices) -> DataSummary:
    """Summarise some rows of a data set.

    Args:
        dataset: is not changed.
        rows: row numbers, shape (rows,), at least one.

    Returns:
        What these rows hold, and nothing of other rows; plain values that can be written as JSON.
    """
    axes = axes_of(dataset.inputs)
    taken = take_rows(dataset.inputs, rows)
    features = _features(dataset, taken)
    return DataSummary(
        rows=len(rows),
        rank=len(axes),
        axes=axes,
        shape=(len(rows), None) if isinstance(taken, TokenRows) else tuple(taken.shape),
        dtype=str(taken.tokens.dtype if isinstance(taken, TokenRows) else taken.dtype),
        classes=_classes(dataset, dataset.targets[rows]),
        targets=_targets(dataset, dataset.targets[rows]),
        missing=_missing(taken, features),
        duplicates=len(rows) - len(np.unique(dataset.hashes[rows])),
        constant=tuple(feature.name for feature in features if _is_constant(feature)),
        features=features,
        range=_range(taken, features),
        lengths=_lengths(taken) if isinstance(taken, TokenRows) else None,
    )


def _features(dataset: Dataset, inputs: Array | TokenRows) -> tuple[FeatureSummary, ...]:
    if isinstance(inputs, TokenRows):
        return ()
    names = dataset.column_names
    return tuple(_feature(name, inputs[:, index], dataset.categories.get(index)) for index, name in enumerate(names))


def _feature(name: str, values: Array, categories: tuple[str, ...] | None) -> FeatureSummary:
    there = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    missing = len(values) - len(there)
    if categories is not None:  # the mean of codes would say something about the alphabet only
        return FeatureSummary(name, "text", missing, categories=len(np.unique(there)))
    if len(there) == 0:
        return FeatureSummary(name, "number", missing)
    numbers = there.astype(np.float64)  # sums of bytes and of float32 lose digits
    largest = float(np.abs(numbers).max())
    unit = largest if largest > _SQUARES_END else 1.0
    return FeatureSummary(
        name,
        "number",
        missing,
        minimum=float(numbers.min()),
        maximum=float(numbers.max()),
        mean=float((numbers / unit).mean()) * unit,
        std=float((numbers / unit).std()) * unit,
    )


def _is_constant(feature: FeatureSummary) -> bool:
    if feature.kind == "text":
        return (feature.categories or 0) <= 1
    return feature.minimum == feature.maximum


def _classes(dataset: Dataset, targets: Array) -> dict[str, int]:
    if dataset.task not in CLASSIFICATION:
        return {}
    if dataset.task == "multilabel":
        counts = targets.sum(axis=0, dtype=np.int64)
    else:
        # A class without any row here counts 0 rather than being left out.
        counts = np.bincount(targets, minlength=max(len(dataset.class_names), dataset.outputs))
    names = dataset.class_names or tuple(str(index) for index in range(len(counts)))
    return {name: int(count) for name, count in zip(names, counts, strict=True)}


def _targets(dataset: Dataset, targets: Array) -> tuple[TargetSummary, ...]:
    if dataset.task in CLASSIFICATION:
        return ()
    columns = targets.reshape(len(targets), -1).astype(np.float64)
    names = dataset.target_names or tuple(f"target {index}" for index in range(columns.shape[1]))
    return tuple(
        TargetSummary(name, float(values.min()), float(values.max()), float(values.mean()), float(np.median(values)))
        for name, values in zip(names, columns.T, strict=True)
    )


def _missing(inputs: Array | TokenRows, features: tuple[FeatureSummary, ...]) -> dict[str, int]:
    if features:
        return {feature.name: feature.missing for feature in features if feature.missing}
    if isinstance(inputs, TokenRows) or inputs.dtype.kind != "f":
        return {}
    count = int(np.isnan(inputs).sum())
    return {"inputs": count} if count else {}


def _range(inputs: Array | TokenRows, features: tuple[FeatureSummary, ...]) -> tuple[float, float] | None:
    if isinstance(inputs, TokenRows):
        return None
    if features:
        lows = [feature.minimum for feature in features if feature.minimum is not None]
        highs = [feature.maximum for feature in features if feature.maximum is not None]
        return (min(lows), max(highs)) if lows and highs else None
    if inputs.dtype.kind == "f":
        inputs = inputs[~np.isnan(inputs)]
    return (float(inputs.min()), float(inputs.max())) if inputs.size else None


def _lengths(rows: TokenRows) -> LengthSummary:
    lengths = rows.lengths
    return LengthSummary(int(lengths.min()), float(np.median(lengths)), int(lengths.max()))
