"""The raw records of a table: all columns of its files, in the order of the first file, under whatever names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlrun.data.dataset import Array, Hashes, Indices
from dlrun.data.identity import cell_words, in_chunks, number_words
from dlrun.data.row_hashes import fold_words
from dlrun.data.sources import columns
from dlrun.data.texts import decode_texts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class _FileRecords:
    """The rows of one file.

    Args:
        order: names of all columns, in the order in which they make a record.
        features: those that the matrix holds, with their places in it.
        categories: what the codes in the matrix say, by place.
        matrix: the inputs of this file's rows, (rows, features): they are not kept twice.
        rest: the other columns.
    """

    order: tuple[str, ...]
    features: Mapping[str, int]
    categories: Mapping[int, tuple[str, ...]]
    matrix: Array
    rest: pd.DataFrame

    def __call__(self, rows: Indices) -> Hashes:
        return in_chunks(self._hash, rows)

    def _hash(self, rows: Indices) -> Hashes:
        inputs, rest = self.matrix[rows], self.rest.iloc[rows]
        numbers = number_words(inputs)
        words = np.empty((len(rows), len(self.order)), np.uint64)
        for place, name in enumerate(self.order):
            index = self.features.get(name)
            if index is None:
                words[:, place] = cell_words(columns.raw(rest[name]))
            elif index in self.categories:
                words[:, place] = cell_words(decode_texts(inputs[:, index], self.categories[index]))
            else:
                words[:, place] = numbers[:, index]
        return fold_words(words)


@dataclass(frozen=True)
class _TableRecords:
    """The rows of all files in one numbering; ``starts`` holds the first row of each file."""

    files: tuple[_FileRecords, ...]
    starts: tuple[int, ...]

    def __call__(self, rows: Indices) -> Hashes:
        hashes = np.empty(len(rows), np.uint64)
        which = np.searchsorted(self.starts, rows, side="right") - 1
        for index, (file, start) in enumerate(zip(self.files, self.starts, strict=True)):
            here = which == index
            hashes[here] = file(rows[here] - start)
        return hashes


def table_records(
    frames: Sequence[pd.DataFrame],
    features: Sequence[str],
    matrix: Array,
    categories: Mapping[int, tuple[str, ...]],
    names: Sequence[Sequence[str]] = (),
) -> _TableRecords:
    """Return what hashes the records of some rows, for `Dataset.records`.

    Args:
        frames: one for each file, as read, with unique column names; inputs may be missing in it.
        features: the columns that the matrix holds.
        matrix: the inputs of all files' rows, end to end, (rows, features) float64, texts as codes.
        categories: what these codes say, by place in the matrix.
        names: of all columns of each file, in its order; left out, those of its frame.
    """
    starts = np.cumsum([0, *(len(frame) for frame in frames)])
    places = {name: place for place, name in enumerate(features)}
    names = names or [list(frame.columns) for frame in frames]
    first, files = names[0], []
    for frame, own, start in zip(frames, names, starts[:-1], strict=True):
        # Columns of a second file are found by name; what only it has comes last.
        order = (*(name for name in first if name in own), *(name for name in own if name not in first))
        # A copy, because columns that are only looked at would keep the whole frame in memory.
        rest = frame.drop(columns=[name for name in features if name in frame.columns]).copy()
        files.append(_FileRecords(order, places, categories, matrix[start : start + len(frame)], rest))
    return _TableRecords(tuple(files), tuple(int(start) for start in starts[:-1]))
