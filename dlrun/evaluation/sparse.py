"""Wide encoded rows as SciPy's sparse matrices, which scikit-learn's linear models take as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlrun.data.dataset import Array, Indices
from dlrun.data.encoded import WORD_BITS, MultiHotRows

PADDING = 0
"""The token that `pad` fills rows up with. It says how long a row is not, and nothing of what is in it."""


def csr_of_bits(rows: MultiHotRows) -> Any:
    """Turn bits into a ``scipy.sparse.csr_array`` of ones, (rows, width), float64.

    Only the words that hold a bit are unpacked, so the rows are never dense as a whole.
    """
    row, word = np.nonzero(rows.bits)  # ascending by row, then by word
    octets = rows.bits[row, word].astype(">u2").view(np.uint8).reshape(-1, 2)
    place, bit = np.nonzero(np.unpackbits(octets, axis=1))  # (words, 16): the highest bit is the first column
    columns = word[place] * WORD_BITS + bit
    return _csr(np.bincount(row[place], minlength=len(rows)), columns, np.ones(len(columns)), rows.width)


def bag_of_tokens(tokens: Array, width: int) -> Any:
    """Count how often each token stands in each row: (rows, length) of integers -> csr_array (rows, width).

    Padding and tokens beyond the width are not counted.
    """
    row, place = np.nonzero((tokens != PADDING) & (tokens < width))
    counted = _csr(np.bincount(row, minlength=len(tokens)), tokens[row, place], np.ones(len(row)), width)
    counted.sum_duplicates()
    return counted


def _csr(lengths: Indices, columns: Array, values: Array, width: int) -> Any:
    """Put rows together from how many values each has, and the values' columns end to end."""
    from scipy.sparse import csr_array

    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return csr_array((values, columns.astype(np.int32), offsets.astype(np.int32)), shape=(len(lengths), width))


def used_columns(matrix: Any, encode: Callable[[Any], Any]) -> tuple[Any, Callable[[Any], Any]]:
    """Drop the columns that training rows never use: a linear model gives them no weight, and takes time over them.

    Args:
        matrix: the training rows, a csr_array.
        encode: makes such matrices.

    Returns:
        The matrix with fewer columns, and what makes matrices with the same ones.
    """
    used = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]))
    return matrix[:, used], lambda rows: encode(rows)[:, used]
