"""Random seeds: one root, named children. Pure functions of their arguments, the same on every machine.

Every random draw of a run has a name. A child seed is a hash of the root and that name, so adding a draw never moves
another one, and a fold drawn alone is the fold drawn beside others.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def child_seed(root: int, *names: str | int) -> int:
    """Derive the seed of one named draw from a root seed: 0 <= seed < 2**32."""
    text = "\x00".join([str(root), *(f"{type(name).__name__}:{name}" for name in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def generator(root: int, *names: str | int) -> np.random.Generator:
    """Return NumPy's generator for one named draw."""
    import numpy as np

    return np.random.Generator(np.random.Philox(child_seed(root, *names)))


def batch_order(seed: int, iteration: int, fold: int, epoch: int, rows: int) -> npt.NDArray[np.int64]:
    """Return the order in which an epoch visits its training rows: a permutation of 0..rows-1, shape (rows,).

    It depends on nothing but its arguments, so every engine visits the same rows in the same order, and an epoch can be
    repeated without the ones before it.
    """
    return generator(seed, "batch order", iteration, fold, epoch).permutation(rows)
