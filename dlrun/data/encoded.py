"""Inputs as a model takes them, after preprocessing: an array, bits of wide multi-hot rows, or rows made on demand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.data.chunks import parts_of, rows_in_part, stretches
from dlrun.data.dataset import Array, Indices

_ROWS_UNPACKED = 4096
"""Rows unpacked together: bounds the memory of a copy."""
ALIGNMENT = 64
"""Bytes; what TensorFlow's kernels want."""
WORD_BITS = 16
"""Columns in one word of `MultiHotRows.bits`. A table of all 65,536 words unpacks them fastest inside a graph."""


def aligned_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Make an array to be filled that begins at a multiple of 64 bytes: TensorFlow can use it where it lies."""
    size = math.prod(shape) * dtype.itemsize
    octets = np.empty(size + ALIGNMENT, np.uint8)
    start = -octets.ctypes.data % ALIGNMENT
    return octets[start : start + size].view(dtype).reshape(shape)


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

    def share_of_ones(self) -> float:
        """Return which share of all values is one, 0..1."""
        return float(np.bitwise_count(self.bits).sum(dtype=np.int64)) / max(1, len(self) * self.width)

    def columns(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """List the columns that hold a one, row by row: compressed sparse rows.

        Returns:
            The columns, ascending in each row, (ones,), and where each row begins among them, (rows + 1,).
        """
        parts, counts = [], [np.zeros(0, np.int64)]
        for start in range(0, len(self), _ROWS_UNPACKED):
            bits = self.bits[start : start + _ROWS_UNPACKED]
            rows, words = np.nonzero(bits)
            octets = bits[rows, words].astype(">u2").view(np.uint8).reshape(-1, 2)
            which, bit = np.nonzero(np.unpackbits(octets, axis=1))
            parts.append((words[which] * WORD_BITS + bit).astype(np.int32))
            counts.append(np.bincount(rows[which], minlength=len(bits)))
        ends = np.cumsum(np.concatenate(counts))
        return np.concatenate([np.zeros(0, np.int32), *parts]), np.concatenate([[0], ends]).astype(np.int64)

    def to_array(self) -> npt.NDArray[np.float32]:
        """Unpack every row, shape (rows, width). For small numbers of rows: this is the array the class avoids."""
        # `unpackbits` takes bytes, so the byte that holds the word's first columns must come first.
        octets = self.bits.astype(">u2").view(np.uint8).reshape(len(self.bits), 2 * self.bits.shape[1])
        return np.unpackbits(octets, axis=1, count=self.width).astype(np.float32)


@dataclass(frozen=True)
class StreamedRows:
    """Rows that would take too much memory as a whole: each is encoded when it is asked for, always to the same bits.

    Args:
        rows: of the data set, in its numbering, (rows,).
        encode: encodes rows of the data set by their numbers (chosen,): (chosen, *row_shape).
        row_shape: of one encoded row.
        dtype: of the values.
    """

    rows: Indices
    encode: Callable[[Indices], Array] = field(repr=False)
    row_shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and the axes of a row, as an array would have them."""
        return len(self.rows), *self.row_shape

    def take(self, positions: Indices) -> Array:
        """Encode some rows, by their positions (chosen,) and in the order asked for."""
        return self.encode(self.rows[positions])

    def to_array(self) -> Array:
        """Encode every row, shape (rows, *row_shape). This is the array that the class avoids."""
        return self.encode(self.rows)


Encoded = Array | MultiHotRows | StreamedRows


def take(inputs: Encoded, rows: Indices) -> Array | MultiHotRows:
    """Copy some rows of any kind, in the order asked for; ``rows`` are row numbers, shape (chosen,)."""
    return inputs[rows] if isinstance(inputs, np.ndarray) else inputs.take(rows)


def bytes_of(inputs: Encoded) -> int:
    """Tell how many bytes the rows take; of streamed rows, how many they would take."""
    if isinstance(inputs, StreamedRows):
        return inputs.dtype.itemsize * math.prod(inputs.shape)
    return int(inputs.bits.nbytes if isinstance(inputs, MultiHotRows) else inputs.nbytes)


def as_array(inputs: Encoded) -> Array:
    """Give rows of any kind as one array, (rows, ...): unpacked or encoded where they are not yet. For few rows."""
    return inputs if isinstance(inputs, np.ndarray) else inputs.to_array()


def stretch_of(inputs: Encoded, start: int, stop: int) -> Encoded:
    """Give the rows from ``start`` to before ``stop`` without a copy."""
    if isinstance(inputs, MultiHotRows):
        return MultiHotRows(inputs.bits[start:stop], inputs.width)
    return replace(inputs, rows=inputs.rows[start:stop]) if isinstance(inputs, StreamedRows) else inputs[start:stop]


def encoded_parts(inputs: Array | StreamedRows, rows: Indices | None = None) -> Iterator[Array]:
    """Yield rows a part at a time, as `parts_of` does; ``rows`` are positions, (chosen,), or None for all."""
    if isinstance(inputs, np.ndarray):
        yield from parts_of(inputs, rows)
        return
    chosen = np.arange(len(inputs), dtype=np.int64) if rows is None else rows
    for stretch in stretches(len(chosen), rows_in_part(inputs.row_shape)):
        yield inputs.take(chosen[stretch])
