"""How many training rows, and how many steps, the linear baseline gets: decided by sizes, the same on every machine.

The unit of work is one multiplication of a dense logistic step, 0.3 to 0.7 ns on one core with all that comes with it.
The other figures were measured against it, on IMDB, Reuters, MNIST and made-up tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dlrun.data.dataset import CLASSIFICATION, Array, Indices
from dlrun.data.encoded import Encoded, MultiHotRows, encoded_parts
from dlrun.evaluation.sparse import PADDING
from dlrun.seeds import generator

MOST_WORK = 3e9
"""Of a fit in steps, all of them together: 1 to 2 s."""
MOST_PRODUCTS = 2e10
"""Multiplications of a dense ridge fit, which runs at the speed of matrix products: 1 to 2 s."""
MOST_CELLS = 2e7
"""Dense inputs in one fit: 160 MB as doubles."""
FEWEST_STEPS, MOST_STEPS = 15, 100
"""A fit that 15 steps leave short of its optimum predicts new rows as well as a settled one, or better: to stop early
is to regularise. Small problems may settle."""
FEWEST_ROWS = 50


@dataclass(frozen=True)
class Budget:
    """On how many rows to fit, and for how many steps at most."""

    rows: int
    steps: int


@dataclass(frozen=True)
class _Problem:
    """The sizes that decide.

    Args:
        columns: inputs of a row.
        stored: inputs of a row that are stored, on average; all of them where rows are dense.
        sparse: whether only those that are not 0 are stored.
        classes: that one fit tells apart; 1 for one number, one label, or class 1 of two.
        fits: how many such fits there are, one after another.
    """

    columns: int
    stored: float
    sparse: bool
    classes: int
    fits: int

    def step(self, rows: int) -> float:
        """Return the work of one step over so many rows, which hold no more classes than there are rows."""
        classes = min(self.classes, rows)
        weights = min(self.columns, rows * self.stored) * classes
        by_row = self.stored * (5 + 1.6 * classes) if self.sparse else self.stored * max(classes, 3) + 20 * classes
        return self.fits * (rows * by_row + 100 * weights)

    def products(self, rows: int) -> float:
        """Return the multiplications of a dense ridge fit: a square of columns, or of rows where those are fewer."""
        return rows * self.columns * (min(rows, self.columns) + self.fits)


def budget_for(task: str, inputs: Encoded, outputs: int) -> Budget:
    """Decide on how many of the training rows to fit, rounded down to two digits where not on all, and for how long.

    Args:
        task: what kind of problem the targets make.
        inputs: encoded training rows, at least one.
        outputs: columns of the predictions: classes, labels, or numbers.
    """
    one_fit = task in ("binary", "multiclass")
    stored, sparse = _stored(inputs)
    columns = math.prod(inputs.shape[1:])
    problem = _Problem(columns, stored, sparse, outputs if one_fit else 1, 1 if one_fit else outputs)
    rows = len(inputs)
    if not sparse:
        rows = _most_rows(rows, lambda count: count * columns <= MOST_CELLS)
    if not sparse and task not in CLASSIFICATION:
        return Budget(_most_rows(rows, lambda count: problem.products(count) <= MOST_PRODUCTS), MOST_STEPS)
    rows = _most_rows(rows, lambda count: FEWEST_STEPS * problem.step(count) <= MOST_WORK)
    return Budget(rows, int(np.clip(MOST_WORK / max(1.0, problem.step(rows)), FEWEST_STEPS, MOST_STEPS)))


def sample_rows(rows: int, count: int, classes: Array | None, *, seed: int) -> Indices:
    """Draw positions out of ``rows``, ascending, (count,); with classes each keeps its share, to within one row."""
    order = generator(seed, "linear baseline").permutation(rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
        order = order[np.arange(count) * rows // count]  # evenly spaced over the rows in the order of their classes
    return np.sort(order[:count])


def _stored(inputs: Encoded) -> tuple[float, bool]:
    """Count the stored inputs of a row, on average; and tell whether rows are sparse."""
    if isinstance(inputs, MultiHotRows):
        return float(np.bitwise_count(inputs.bits).sum()) / len(inputs), True
    if inputs.dtype.kind in "iu":
        tokens = sum(int(np.count_nonzero(part != PADDING)) for part in encoded_parts(inputs))
        return float(tokens) / len(inputs), True
    return float(math.prod(inputs.shape[1:])), False


def _most_rows(rows: int, affordable: Callable[[int], bool]) -> int:
    """Find the largest number that is affordable, by halving; at least the fewest rows that are worth a fit."""
    if rows <= FEWEST_ROWS or affordable(rows):
        return rows
    low, high = FEWEST_ROWS, rows  # low is taken in any case, high is too many
    while high - low > 1:
        between = (low + high) // 2
        low, high = (between, high) if affordable(between) else (low, between)
    unit = int(10 ** (len(str(low)) - 2))
    return low // unit * unit
