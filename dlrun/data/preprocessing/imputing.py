"""The step that puts a value where one is missing: `impute`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array
from dlrun.data.preprocessing.block import MISSING, Block, Chunks, Column, Floats, listed, misfit, select
from dlrun.data.preprocessing.statistics import Statistics, flat_features, refuse_empty, survey
from dlrun.spec.steps import Impute

Parts = Callable[[], Iterator[Floats]]


@dataclass(frozen=True)
class _Gaps:
    """Where values are missing.

    Args:
        places: of the columns that are looked at; None for all features of inputs that have no columns.
        marker: a number that stands for a missing value, besides NaN.
        numeric: which features hold numbers, (features,): in codes of texts the marker means nothing.
    """

    places: tuple[int, ...] | None
    marker: float | None
    numeric: npt.NDArray[np.bool_]

    def taken(self, values: Array) -> Array:
        """Take the features that are looked at, (..., features)."""
        return values if self.places is None else values[:, self.places]

    def find(self, taken: Array) -> npt.NDArray[np.bool_]:
        """Mark the missing ones among what `taken` gave."""
        missing: npt.NDArray[np.bool_] = np.isnan(taken)
        return missing if self.marker is None else missing | ((taken == self.marker) & self.numeric)


@dataclass(frozen=True)
class Filled:
    """Missing values replaced, and columns that say where they were.

    Args:
        strategy: how the values were found.
        gaps: where values are missing.
        names: of the columns; empty for inputs that have none.
        fills: what to put there, (features,).
        shown: the same for people: texts in the place of their codes.
        flagged: which of the columns get one of zeros and ones beside them.
    """

    strategy: str
    gaps: _Gaps
    names: tuple[str, ...]
    fills: Floats
    shown: tuple[float | str, ...]
    flagged: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def apply(self, block: Block) -> Block:
        """Fill the gaps; a copy in float64, with the columns that flag them at the end."""
        values = np.array(block.values, np.float64)
        taken = self.gaps.taken(values)
        missing = self.gaps.find(taken)
        filled = np.where(missing, self.fills, taken)
        if self.gaps.places is None:
            return Block(filled)
        values[:, self.gaps.places] = filled
        flags = missing[:, self.flagged].astype(np.float64)
        made = tuple(Column(f"{self.names[at]}={MISSING}", "made") for at in self.flagged)
        return Block(np.concatenate([values, flags], axis=1), (*block.columns, *made))

    def state(self) -> dict[str, Any]:
        """Return the strategy, what stands for missing, the value of each column, and the flagged ones."""
        state: dict[str, Any] = {
            "step": "impute",
            "with": self.strategy,
            "columns": list(self.names) if self.gaps.places is not None else None,
            "values": list(self.shown),
            "indicator": [self.names[at] for at in self.flagged],
        }
        return state if self.gaps.marker is None else {**state, "missing": self.gaps.marker}


def fit_impute(step: Impute, chunks: Chunks, axes: tuple[str, ...], index: int) -> Filled:
    """Find what to put where a value is missing.

    Args:
        step: which columns; None for all that hold numbers, and with ``most_frequent`` texts too.
        chunks: the training rows.
        axes: of the inputs, as `dlrun.data.layout` names them; they say what a feature is.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: a column that does not exist, texts that have no mean, or inputs that are not numbers.
        DataError: a column without any value.
    """
    first = next(chunks())
    if not isinstance(first.values, np.ndarray):
        raise misfit(index, "impute works on numbers, not on token rows", "leave the step out")
    columns, gaps = _chosen(step, first, axes, index)
    names = tuple(column.name for column in columns)

    def parts() -> Iterator[Floats]:
        for block in chunks():
            taken = gaps.taken(np.array(block.values, np.float64))
            taken[gaps.find(taken)] = np.nan
            yield flat_features(taken, axes)

    statistics = survey(parts())
    refuse_empty(step.step, names, statistics)
    fills = _fills(step.strategy, statistics, parts)
    rows = sum(len(part) for part in parts())
    gappy = np.flatnonzero(statistics.counts < rows)
    kinds = columns or tuple(Column("") for _ in fills)
    return Filled(
        strategy=step.strategy,
        gaps=gaps,
        names=names,
        fills=fills,
        shown=tuple(_shown(column, fill) for column, fill in zip(kinds, fills.tolist(), strict=True)),
        flagged=tuple(gappy.tolist()) if step.indicator else (),
        notes=_zero_notes(names, statistics, gappy) if step.strategy == "zero" else (),
    )


def _chosen(step: Impute, first: Block, axes: tuple[str, ...], index: int) -> tuple[tuple[Column, ...], _Gaps]:
    """Find the columns to fill (none for inputs that have no columns), and say what is missing in them."""
    if not first.columns:
        if step.columns is not None:
            raise misfit(index, "impute cannot pick columns: these inputs have none", "leave `columns` out")
        if step.indicator:
            raise misfit(index, "impute cannot add a column: these inputs have none", "leave `indicator` out")
        features = flat_features(np.asarray(first.values), axes).shape[1]
        return (), _Gaps(None, step.missing, np.ones(features, bool))
    places = select(first.columns, step.columns, "number", index)
    if step.columns is None and step.strategy == "most_frequent":
        places = tuple(sorted([*places, *select(first.columns, None, "text", index)]))
    columns = tuple(first.columns[place] for place in places)
    if not columns:
        raise misfit(index, "impute would do nothing: no column holds numbers", "use `impute: most_frequent` for texts")
    numeric = np.array([column.kind != "text" for column in columns])
    if step.strategy != "most_frequent" and not numeric.all():
        text = columns[int(np.argmin(numeric))].name
        hint = "use `with: most_frequent`, or `one_hot`, which gives missing cells a column"
        raise misfit(index, f"impute with {step.strategy} works on numbers; '{text}' is text", hint)
    if step.missing is not None and not numeric.any():
        hint = "name the texts that stand for missing values under `missing` of the dataset"
        raise misfit(index, "`missing` is a number, and these columns hold texts", hint)
    return columns, _Gaps(places, step.missing, numeric)


def _fills(strategy: str, statistics: Statistics, parts: Parts) -> Floats:
    """Find the value of each feature, (features,). Medians and modes need all values at once, so those are gathered."""
    if strategy == "zero":
        return np.zeros_like(statistics.mean)
    if strategy == "mean":
        return statistics.mean
    gathered = np.concatenate(list(parts()))
    if strategy == "median":
        return np.asarray(np.nanmedian(gathered, axis=0))
    return np.array([_most_frequent(column[~np.isnan(column)]) for column in gathered.T])


def _most_frequent(values: Floats) -> float:
    """Return the commonest value; of equally common ones the smallest, or first by the alphabet, as scikit-learn."""
    different, counts = np.unique(values, return_counts=True)
    return float(different[counts.argmax()])


def _shown(column: Column, fill: float) -> float | str:
    return column.categories[int(fill)] if column.kind == "text" else fill


def _zero_notes(names: tuple[str, ...], statistics: Statistics, gappy: Array) -> tuple[str, ...]:
    """Warn of columns in which 0 is a value like others, so that nobody can tell the two kinds of 0 apart."""
    low, high = statistics.minimum, statistics.maximum
    real = [place for place in gappy if low[place] <= 0 <= high[place]]
    if not real:
        return ()
    which = listed([f"'{names[place]}' ({low[place]:g} to {high[place]:g})" for place in real]) if names else "inputs"
    return (
        f"impute: 0 is a value like others in {which}: a gap filled with 0 looks like one. Use the median, or "
        "`indicator: true`.",
    )
