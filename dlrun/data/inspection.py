"""Look at data before anything is trained on them: shapes, balance, gaps, repeated rows, columns that say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dlrun.data.chunks import parts_of
from dlrun.data.column_figures import ColumnFigures, column_figures
from dlrun.data.dataset import CLASSIFICATION, Array, Dataset, Indices, Inputs, TextRows, TokenRows
from dlrun.data.layout import axes_of
from dlrun.data.texts import count_words


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
    """How long rows are that differ in length.

    Args:
        minimum: of all rows, as are the next two.
        median: likewise.
        maximum: likewise.
        unit: what was counted: ``tokens``, or ``words`` of a text, which are what stands between white space.
        empty: rows of length 0.
    """

    minimum: int
    median: float
    maximum: int
    unit: str = "tokens"
    empty: int = 0


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
        lengths: of token rows and of texts.
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
    inputs = dataset.inputs
    features = _features(dataset, rows)
    range_, missing = _range(inputs, rows) if isinstance(inputs, np.ndarray) and not features else (None, 0)
    return DataSummary(
        rows=len(rows),
        rank=len(axes),
        axes=axes,
        shape=_shape(inputs, len(rows)),
        dtype=_dtype(inputs),
        classes=_classes(dataset, dataset.targets[rows]),
        targets=_targets(dataset, dataset.targets[rows]),
        missing={"inputs": missing} if missing else _missing(features),
        duplicates=len(rows) - len(np.unique(dataset.hashes[rows])),
        constant=tuple(feature.name for feature in features if _is_constant(feature)),
        features=features,
        range=_range_of_features(features) if features else range_,
        lengths=None if isinstance(inputs, np.ndarray) else _lengths(inputs, rows),
    )


def _shape(inputs: Inputs, rows: int) -> tuple[int | None, ...]:
    if isinstance(inputs, np.ndarray):
        return (rows, *inputs.shape[1:])
    return (rows, None) if isinstance(inputs, TokenRows) else (rows,)


def _dtype(inputs: Inputs) -> str:
    if isinstance(inputs, TextRows):
        return "text"
    return str(inputs.tokens.dtype if isinstance(inputs, TokenRows) else inputs.dtype)


def _features(dataset: Dataset, rows: Indices) -> tuple[FeatureSummary, ...]:
    names = dataset.column_names
    if not names:
        return ()
    figures = column_figures(np.asarray(dataset.inputs), rows, tuple(dataset.categories))
    return tuple(_feature(name, index, figures) for index, name in enumerate(names))


def _feature(name: str, index: int, figures: ColumnFigures) -> FeatureSummary:
    missing = int(figures.missing[index])
    if index in figures.codes:  # the mean of codes would say something about the alphabet only
        return FeatureSummary(name, "text", missing, categories=len(figures.codes[index]))
    if missing == figures.rows:
        return FeatureSummary(name, "number", missing)
    return FeatureSummary(
        name,
        "number",
        missing,
        minimum=float(figures.minimum[index]),
        maximum=float(figures.maximum[index]),
        mean=float(figures.mean[index]),
        std=float(figures.std[index]),
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
    if dataset.task in CLASSIFICATION or dataset.task == "autoencoder":
        return ()
    columns = targets.reshape(len(targets), -1).astype(np.float64)
    names = dataset.target_names or tuple(f"target {index}" for index in range(columns.shape[1]))
    return tuple(
        TargetSummary(name, float(values.min()), float(values.max()), float(values.mean()), float(np.median(values)))
        for name, values in zip(names, columns.T, strict=True)
    )


def _missing(features: tuple[FeatureSummary, ...]) -> dict[str, int]:
    return {feature.name: feature.missing for feature in features if feature.missing}


def _range_of_features(features: tuple[FeatureSummary, ...]) -> tuple[float, float] | None:
    lows = [feature.minimum for feature in features if feature.minimum is not None]
    highs = [feature.maximum for feature in features if feature.maximum is not None]
    return (min(lows), max(highs)) if lows and highs else None


def _range(inputs: Array, rows: Indices) -> tuple[tuple[float, float] | None, int]:
    """Find the smallest and the largest value of inputs without columns, and count the missing ones."""
    missing, lows, highs = 0, [], []
    for part in parts_of(inputs, rows):
        if part.dtype.kind == "f":
            there = part[~np.isnan(part)]
            missing += part.size - there.size
            part = there
        if part.size:
            lows.append(float(part.min()))
            highs.append(float(part.max()))
    return ((min(lows), max(highs)) if lows else None), missing


def _lengths(inputs: TokenRows | TextRows, rows: Indices) -> LengthSummary:
    is_text = isinstance(inputs, TextRows)
    lengths = count_words(inputs.take(rows)) if isinstance(inputs, TextRows) else inputs.lengths[rows]
    empty = int((lengths == 0).sum())
    unit = "words" if is_text else "tokens"
    return LengthSummary(int(lengths.min()), float(np.median(lengths)), int(lengths.max()), unit, empty)
