"""Which record a row is, whatever a spec makes of it: the same in every run, under every name, on every machine.

A record is its cells in the source's order: every column of a table's file, whatever its name and whether the spec uses
it; a text's tokens before any word is left out; an array's values. Numbers count as float64, so that 1, 1.0 and "1" are
one value in every format. With these hashes the ledger of looks tells that a row has been looked at before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Array, Dataset, Hashes, Indices, Inputs, TokenRows, take_rows
from dlrun.data.row_hashes import CHUNK_ROWS, fold_words, hash_inputs, hash_tokens, join, rows_hashed
from dlrun.data.texts import is_number

Words = npt.NDArray[np.uint64]


def record_hashes(dataset: Dataset, rows: Indices) -> Hashes:
    """Hash the raw records of some rows.

    Args:
        dataset: is not changed.
        rows: row numbers, shape (chosen,).

    Returns:
        Shape (chosen,). Comparable with those of other data sets, other runs and other machines.
    """
    records = dataset.records or ArrayRecords(dataset.inputs, dataset.targets)
    return records(rows)


@dataclass(frozen=True)
class ArrayRecords:
    """Hashes records that are an array's rows, token rows or texts, with their targets.

    Args:
        inputs: as the source has them, (rows, ...), token rows or texts.
        targets: as the source has them, (rows,) or (rows, columns): numbers, booleans or texts.
    """

    inputs: Inputs
    targets: Array

    def __call__(self, rows: Indices) -> Hashes:
        """Hash some rows by their numbers (chosen,)."""
        return in_chunks(self._hash, rows, rows_hashed(self.inputs))

    def _hash(self, rows: Indices) -> Hashes:
        inputs, targets = take_rows(self.inputs, rows), self.targets[rows].reshape(len(rows), -1)
        columns = [cell_words(targets[:, index]) for index in range(targets.shape[1])]
        if not isinstance(inputs, np.ndarray):
            return join(hash_inputs(inputs), fold_words(np.column_stack(columns)))
        return fold_words(np.column_stack([number_words(inputs.reshape(len(rows), -1)), *columns]))


def in_chunks(hash_some: Callable[[Indices], Hashes], rows: Indices, size: int = CHUNK_ROWS) -> Hashes:
    """Hash rows (chosen,) some thousands at a time: what is hashed is copied more than once on the way."""
    parts = [hash_some(rows[start : start + size]) for start in range(0, len(rows), size)]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def cell_words(cells: Array) -> Words:
    """Turn the cells of one column, (rows,), into words: numbers, booleans, or texts (None: missing)."""
    return text_words(cells.tolist()) if cells.dtype.kind in "OU" else number_words(cells)


def number_words(numbers: Array) -> Words:
    """Turn numbers of any type and shape into words of that shape. NaN equals NaN, and -0 equals 0."""
    # Seen as whole words, a float64 is the same on machines of either byte order.
    doubles = numbers.astype(np.float64) + 0.0  # makes 0 of -0
    doubles[np.isnan(doubles)] = np.nan  # of the many bit patterns of NaN, one
    return doubles.view(np.uint64)


def text_words(texts: Sequence[str | None]) -> Words:
    """Turn texts into words, (texts,). One that is a number's spelling gets the number's, a missing one that of NaN."""
    different = list(dict.fromkeys(texts))
    words = number_words(np.array([_number(text) for text in different]))
    others = [place for place, text in enumerate(different) if not (text is None or is_number(text))]
    words[others] = _spelling_words([different[place] or "" for place in others])
    places = {text: place for place, text in enumerate(different)}
    return words[[places[text] for text in texts]]


def _number(text: str | None) -> float:
    return float(text) if text is not None and is_number(text) else np.nan


def _spelling_words(texts: Sequence[str]) -> Words:
    # Code points rather than bytes, because then a text's length is known without encoding it.
    octets = "".join(texts).encode("utf-32-le", "surrogatepass")
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts], dtype=np.int64)])
    hashes = hash_tokens(TokenRows(np.frombuffer(octets, "<u4").astype(np.int32), offsets))
    return join(hashes, np.ones(len(texts), np.uint64))  # the empty text's hash would be that of the number 0
