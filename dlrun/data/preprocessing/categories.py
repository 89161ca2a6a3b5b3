"""The step for categories: `one_hot`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.data.dataset import Array
from dlrun.data.preprocessing.block import MISSING, Block, Chunks, Column, misfit, select
from dlrun.errors import DataError
from dlrun.spec.steps import OneHot

MOST_CATEGORIES = 1000
"""Of one column. What groups rows (an occupation) stays below it; what names them (a ticket, a person) does not."""


@dataclass(frozen=True)
class Category:
    """A column and its categories in the training rows.

    Args:
        place: of the column, counted from 0.
        name: of the column.
        codes: the values that stand for the categories, ascending.
        texts: what a person calls them, in the same order.
        missing: whether training rows miss a value, so that a missing one has a column of its own, the last one.
    """

    place: int
    name: str
    codes: tuple[float, ...]
    texts: tuple[str, ...]
    missing: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns stand for, in their order."""
        return (*self.texts, _apart(MISSING, self.texts)) if self.missing else self.texts

    def spread(self, values: Array) -> Array:
        """Turn a column (rows,) into zeros and ones, (rows, columns)."""
        ones: Array = values[:, None] == np.array(self.codes)
        if self.missing:
            ones = np.concatenate([ones, np.isnan(values)[:, None]], axis=1)
        return ones.astype(np.float64)


@dataclass(frozen=True)
class Spread:
    """Each category of some columns as a column of zeros and ones, in the place of the old one."""

    categories: tuple[Category, ...]
    notes: tuple[str, ...] = ()

    def apply(self, block: Block) -> Block:
        """Spread the categories; one that was not seen in training rows becomes all zeros."""
        by_place = {category.place: category for category in self.categories}
        values = np.asarray(block.values)
        parts: list[Array] = []
        columns: list[Column] = []
        for place, column in enumerate(block.columns):
            # A category of zeros only where no training row had it, as scikit-learn's `handle_unknown="ignore"`.
            if category := by_place.get(place):
                parts.append(category.spread(values[:, place]))
                columns += [Column(f"{column.name}={text}", "made") for text in category.names]
            else:
                parts.append(values[:, place, None])
                columns.append(column)
        return Block(np.concatenate(parts, axis=1), tuple(columns))

    def state(self) -> dict[str, Any]:
        """Return each column's categories."""
        columns = {category.name: list(category.names) for category in self.categories}
        return {"step": "one_hot", "categories": columns}


def fit_one_hot(step: OneHot, chunks: Chunks, index: int) -> Spread:
    """Find the categories of the training rows.

    Args:
        step: which columns; None for all that hold texts.
        chunks: the training rows.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: the inputs have no columns, none of them is text and none is named, or a name is not one of them.
        DataError: a named column of numbers has fractions.
    """
    first = next(chunks())
    if not first.columns:
        raise misfit(index, "one_hot works on columns, and these inputs have none", "leave the step out")
    places = select(first.columns, step.columns, "text", index)
    if not places:
        raise misfit(index, "one_hot would do nothing: no column holds texts", "name `columns` of whole numbers")
    seen: list[Array] = [np.empty(0) for _ in places]
    for block in chunks():
        values = np.asarray(block.values)
        # Chunk by chunk, so that only categories are kept and never a column.
        # NaN, for a missing value, is kept once and stands last.
        seen = [np.union1d(codes, values[:, place]) for codes, place in zip(seen, places, strict=True)]
    pairs = zip(places, seen, strict=True)
    categories = tuple(_category(first.columns[place], place, codes) for place, codes in pairs)
    for category in categories:
        _refuse_names(category, index)
    return Spread(categories)


def _refuse_names(category: Category, index: int) -> None:
    """Refuse a column that names rows: as columns of its own it would fill the memory and teach nothing."""
    if len(category.codes) > MOST_CATEGORIES:
        raise misfit(
            index,
            f"column '{category.name}' has {len(category.codes):,} different values, too many for a column each",
            "list it under `ids` if it names the rows, or leave it out with `features`",
        )


def _category(column: Column, place: int, seen: Array) -> Category:
    codes = seen[~np.isnan(seen)]
    if column.kind == "text":
        texts = tuple(column.categories[int(code)] for code in codes)
    elif (codes == np.floor(codes)).all():
        texts = tuple(f"{code:.0f}" for code in codes)
    else:
        raise DataError(
            f"one_hot needs categories, and column '{column.name}' has fractions",
            hint="name the columns of whole numbers or texts under `columns` of the step",
        )
    return Category(place, column.name, tuple(float(code) for code in codes), texts, len(codes) < len(seen))


def _apart(name: str, texts: tuple[str, ...]) -> str:
    """Put a name into brackets until no text of the data is like it."""
    while name in texts:
        name = f"({name})"
    return name
