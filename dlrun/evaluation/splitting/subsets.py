"""Which whole groups make up a part: a draw that comes near to the size that is asked for, and to the classes' shares.

Groups differ in size, so a random handful may be far from its size. Of several draws the first one that is near enough
is taken, so that draws stay different from seed to seed; where none is, the nearest one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Indices
from dlrun.seeds import generator

Chosen = npt.NDArray[np.bool_]

NEAR_ENOUGH = 0.02
"""Of the rows that are asked for: what a part may be off without another draw."""
MOST_DRAWS, LEAST_DRAWS, CELLS = 50, 3, 2_000_000
"""There are fewer draws where groups times classes are many; there, a draw is near anyway."""
MOST_STEPS, SWAPS = 100, 40


def nearest_subset(counts: Indices, held: int, most: int, seed: int) -> Chosen:
    """Draw groups that together hold about so many rows, of each class its share.

    Args:
        counts: rows of each group by class, (groups, classes); one column where classes don't matter.
        held: how many rows are wanted.
        most: how many groups may be chosen, at least 1 and fewer than all.
        seed: names the draw.

    Returns:
        Whether each group is chosen, (groups,); at least one is.
    """
    random = generator(seed, "groups")
    # Everything is multiplied by the number of rows: shares are whole numbers then, the same on every machine.
    rows = int(counts.sum())
    scaled, wanted, near = counts * rows, held * counts.sum(axis=0), int(2 * NEAR_ENOUGH * held * rows)
    draws = min(max(CELLS // counts.size, LEAST_DRAWS), MOST_DRAWS)
    best, nearest = np.zeros(len(counts), bool), None
    for _ in range(draws):
        chosen = _improved(scaled, wanted, _first_ones(scaled, wanted, most, random), most, near, random)
        distance = int(_distance(scaled[chosen].sum(axis=0) - wanted))
        if nearest is None or distance < nearest:
            best, nearest = chosen, distance
        if nearest <= near:
            break
    return best


def _distance(off: Indices) -> Indices:
    """Add up how far each class is off, and how far the size is: over the last axis."""
    return np.asarray(np.abs(off).sum(axis=-1) + np.abs(off.sum(axis=-1)))


def _first_ones(scaled: Indices, wanted: Indices, most: int, random: np.random.Generator) -> Chosen:
    """Shuffle the groups and take as many from the start as come nearest."""
    order = random.permutation(len(scaled))
    sums = np.cumsum(scaled[order[:most]], axis=0)
    chosen = np.zeros(len(scaled), bool)
    chosen[order[: int(np.argmin(_distance(sums - wanted))) + 1]] = True
    return chosen


def _improved(
    scaled: Indices, wanted: Indices, chosen: Chosen, most: int, near: int, random: np.random.Generator
) -> Chosen:
    """Add, take away or swap a group as long as that helps and is needed."""
    for _ in range(MOST_STEPS):
        off = scaled[chosen].sum(axis=0) - wanted
        now = int(_distance(off))
        if now <= near:
            break
        after = _distance(off + np.where(chosen, -1, 1)[:, None] * scaled)
        allowed = np.where(chosen, chosen.sum() > 1, chosen.sum() < most)
        after = np.where(allowed, after, now)
        moved = [int(np.argmin(after))]
        if after[moved[0]] >= now:
            moved = _swap(scaled, off, chosen, now, random)
        if not moved:
            break
        chosen[moved] = ~chosen[moved]
    return chosen


def _swap(scaled: Indices, off: Indices, chosen: Chosen, now: int, random: np.random.Generator) -> list[int]:
    """Find two groups, one of them chosen, whose exchange helps most; only some pairs are tried."""
    leave = random.permutation(np.flatnonzero(chosen))[:SWAPS]
    enter = random.permutation(np.flatnonzero(~chosen))[:SWAPS]
    after = _distance(off - scaled[leave][:, None] + scaled[enter][None])
    one, other = np.unravel_index(int(np.argmin(after)), after.shape)
    return [int(leave[one]), int(enter[other])] if after[one, other] < now else []
