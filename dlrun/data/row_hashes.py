"""A 64-bit hash of each row, computed for all rows at once: equal rows have equal hashes.

Different rows have the same hash with a probability of about rows² / 2⁶⁵: one in ten thousand million for 60,000 rows.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from dlrun.data.chunks import rows_in_part
from dlrun.data.dataset import Array, Hashes, Inputs, TextRows, TokenRows, take_rows

# The finaliser of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", figure 17).
_GAMMA, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
CHUNK_ROWS = 4096
"""Most rows that are hashed at a time, fewer where they are wide: padding and mixing take several copies of them."""


def hash_rows(inputs: Inputs, targets: Array) -> Hashes:
    """Hash each row's inputs together with its targets. NaN equals NaN, and -0 equals 0.

    Args:
        inputs: (rows, ...) of any numeric type, token rows, or texts.
        targets: (rows,) or (rows, columns).

    Returns:
        Shape (rows,). Only hashes of one type of array can be compared: 1 as a byte and 1.0 have different ones.
    """
    hashes = np.empty(len(targets), np.uint64)
    size = rows_hashed(inputs)
    for start in range(0, len(targets), size):
        rows = np.arange(start, min(start + size, len(targets)))
        hashes[rows] = join(hash_inputs(take_rows(inputs, rows)), _hash_array(targets[rows]))
    return hashes


def rows_hashed(inputs: Inputs) -> int:
    """Return how many rows of some inputs are hashed at a time."""
    return rows_in_part(inputs.shape[1:], most=CHUNK_ROWS) if isinstance(inputs, np.ndarray) else CHUNK_ROWS


def hash_inputs(inputs: Inputs) -> Hashes:
    """Hash each row of inputs of any kind, without targets."""
    if isinstance(inputs, TokenRows):
        return hash_tokens(inputs)
    return hash_texts(inputs) if isinstance(inputs, TextRows) else _hash_array(inputs)


def join(first: Hashes, second: Hashes) -> Hashes:
    """Make one hash of two, (rows,) each; their order counts."""
    return _mix(first ^ _mix(second + _GAMMA))


def _hash_array(values: Array) -> Hashes:
    """Hash arrays (rows, ...), eight bytes of every row at a time."""
    flat = values.reshape(len(values), -1)
    if flat.dtype.kind == "f":
        flat = flat + flat.dtype.type(0)  # makes 0 of -0
        flat[np.isnan(flat)] = np.nan  # of the many bit patterns of NaN, one
    # Rows of any type become whole words: a row's bytes, and zeros up to a multiple of eight.
    octets = np.ascontiguousarray(flat).view(np.uint8)
    padded = np.zeros((len(flat), -(-octets.shape[1] // 8) * 8), np.uint8)
    padded[:, : octets.shape[1]] = octets
    return fold_words(padded.view(np.uint64))


def fold_words(words: npt.NDArray[np.uint64]) -> Hashes:
    """Hash rows of words (rows, words); the order of the words counts."""
    hashes = np.full(len(words), _GAMMA)
    for word in np.ascontiguousarray(words.T):  # a loop over columns, in which every step treats all rows
        hashes = _mix(hashes ^ word) + _GAMMA
    return hashes


def hash_tokens(rows: TokenRows) -> Hashes:
    """Hash token rows: the sum of every token mixed with its place, and the length."""
    places = np.arange(len(rows.tokens)) - np.repeat(rows.offsets[:-1], rows.lengths)
    mixed = _mix((places.astype(np.uint64) << np.uint64(32)) ^ rows.tokens.astype(np.uint64))
    # Sums wrap around, so a row's sum is the difference of two running sums.
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed)])
    return _mix(sums[rows.offsets[1:]] - sums[rows.offsets[:-1]] + rows.lengths.astype(np.uint64) * _GAMMA)


def hash_texts(rows: TextRows) -> Hashes:
    """Hash texts by their bytes: the first 64 bits of BLAKE2b, which sees them faster than NumPy mixes them."""
    digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in rows.encoded())
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _mix(values: Hashes) -> Hashes:
    """Spread every bit over all 64; one-to-one."""
    mixed = (values ^ (values >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))
