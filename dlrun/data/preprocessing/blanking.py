"""The step that takes values away from training rows, so that the net learns to do without: `drop_missing`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlrun.data.dataset import Hashes, Indices
from dlrun.data.preprocessing.block import Block, Chunks, Floats, misfit, select
from dlrun.data.row_hashes import join
from dlrun.seeds import child_seed
from dlrun.spec.steps import DropMissing


@dataclass(frozen=True)
class Blanked:
    """Some values of training rows taken away; other rows stay as they are.

    Which ones is a pure function of the seed, the row's number and the column's name, so it hangs neither on chunks nor
    on which other rows are there: a row that trains in several folds misses the same values in each.

    Args:
        share: of the values that are taken away.
        places: of the columns that lose values.
        names: of those columns.
        train: numbers of the training rows, (train,).
    """

    share: float
    places: tuple[int, ...]
    names: tuple[str, ...]
    train: Indices = field(repr=False)
    seed: int
    notes: tuple[str, ...] = ()

    def apply(self, block: Block) -> Block:
        """Blank a share of the training rows' values; a copy in float64."""
        values = np.array(block.values, np.float64)
        if block.rows is not None:  # rows of other data were not trained on
            blank = (_lots(self.seed, block.rows, self.names) < self.share) & np.isin(block.rows, self.train)[:, None]
            values[:, self.places] = np.where(blank, np.nan, values[:, self.places])
        return Block(values, block.columns)

    def state(self) -> dict[str, Any]:
        """Return the share, the columns and the seed."""
        return {"step": "drop_missing", "share": self.share, "columns": list(self.names), "seed": self.seed}


def fit_drop_missing(step: DropMissing, chunks: Chunks, train: Indices, seed: int, index: int) -> Blanked:
    """Fit nothing, but keep in mind which rows train.

    Args:
        step: which columns; None for all of numbers and texts.
        chunks: the training rows.
        train: their numbers, (train,).
        seed: the spec's.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: the inputs have no columns, or a name is not one of them.
    """
    first = next(chunks())
    if not first.columns:
        raise misfit(index, "drop_missing works on columns, and these inputs have none", "leave the step out")
    kinds = [select(first.columns, None, kind, index) for kind in ("number", "text")]
    places = tuple(sorted(sum(kinds, ()))) if step.columns is None else select(first.columns, step.columns, "", index)
    names = tuple(first.columns[place].name for place in places)
    return Blanked(step.share, places, names, np.sort(train), seed)


def _lots(seed: int, rows: Indices, names: tuple[str, ...]) -> Floats:
    """Draw a number in 0..1 for each row and column, (rows, columns)."""
    numbers = rows.astype(np.uint64)
    hashes: list[Hashes] = []
    for name in names:
        own = child_seed(seed, "drop_missing", name) << 32 | child_seed(seed, "drop_missing", name, "low")
        hashes.append(join(numbers, np.full(len(rows), own, np.uint64)))
    lots: Floats = (np.stack(hashes, axis=1) >> np.uint64(11)).astype(np.float64)
    return lots * 2.0**-53
