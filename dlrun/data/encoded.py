"""Inputs as a model takes them, after preprocessing: a plain array, or bits for wide multi-hot rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Indices

WORD_BITS = 16
"""Columns in one word of `MultiHotRows.bits`. A table of all 65,536 words unpacks them fastest inside a graph."""


@dataclass(frozen=True)
class MultiHotRows:
    """Rows of zeros and ones, one bit each: 25,000 rows of 10,000 words take 31 MB, as float32 they would take 1 GB.

    Args:
        bits: shape (rows, ceil(width / 16)), uint16. Column ``c`` is bit ``15 - c % 16`` (the highest first) of word
            ``c // 16``.
        width: columns.
    """

    bits: npt.NDArray[np.uint16]
    width: int

    def __len__(self) -> int:
        return len(self.bits)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, as an array would have them."""
        return len(self.bits), self.width

    def take(self, rows: Indices) -> MultiHotRows:
        """Copy some rows, by their numbers (chosen,) and in the order asked for."""
        return MultiHotRows(self.bits[rows], self.width)

    def to_array(self) -> npt.NDArray[np.float32]:
        """Unpack every row, shape (rows, width). For small numbers of rows: this is the array the class avoids."""
        # `unpackbits` takes bytes, so the byte that holds the word's first columns must come first.
        octets = self.bits.astype(">u2").view(np.uint8).reshape(len(self.bits), 2 * self.bits.shape[1])
        return np.unpackbits(octets, axis=1, count=self.width).astype(np.float32)


Encoded = Array | MultiHotRows


def take(inputs: Encoded, rows: Indices) -> Encoded:
    """Copy some rows of either kind, in the order asked for; ``rows`` are row numbers, shape (chosen,)."""
    return inputs.take(rows) if isinstance(inputs, MultiHotRows) else inputs[rows]
