"""The step that leaves columns out which others were derived from: `drop_columns`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.data.preprocessing.block import Block, Chunks, misfit, select
from dlrun.spec.steps import DropColumns


@dataclass(frozen=True)
class Dropped:
    """Columns left out; ``kept`` are the places of the others, ``names`` the names of those that go."""

    kept: tuple[int, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def apply(self, block: Block) -> Block:
        """Keep the other columns."""
        columns = tuple(block.columns[place] for place in self.kept)
        return Block(np.asarray(block.values)[:, self.kept], columns)

    def state(self) -> dict[str, Any]:
        """Return the names."""
        return {"step": "drop_columns", "columns": list(self.names)}


def fit_drop_columns(step: DropColumns, chunks: Chunks, index: int) -> Dropped:
    """Fit nothing, but find the columns.

    Args:
        step: names them.
        chunks: the training rows.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: the inputs have no columns, a name is not one of them, or none is left.
    """
    columns = next(chunks()).columns
    if not columns:
        raise misfit(index, "drop_columns works on columns, and these inputs have none", "leave the step out")
    dropped = select(columns, step.columns, "", index)
    kept = tuple(place for place in range(len(columns)) if place not in dropped)
    if not kept:
        raise misfit(index, "drop_columns leaves no column", "keep at least one")
    return Dropped(kept, tuple(columns[place].name for place in dropped))
