"""What a loaded data set is: frozen values, and nothing that has been fitted.

Rows of every part (training, provided validation, provided test) share one numbering, so a split is row indices and
never data. A data set is what the source says; preprocessing comes later and inside a fold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dlrun.spec.sections import TaskName

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
"""One for each row; see `row_hashes` and `identity`."""

Task = TaskName
CLASSIFICATION: frozenset[str] = frozenset({"binary", "multiclass", "multilabel"})


@dataclass(frozen=True)
class TokenRows:
    """Sequences of different lengths, end to end: row ``i`` is ``tokens[offsets[i]:offsets[i + 1]]``.

    Args:
        tokens: every token of every row, shape (tokens,), int32, none below 0.
        offsets: where each row starts, and the end, shape (rows + 1,), int64, starts with 0, never falls.
    """

    tokens: npt.NDArray[np.int32]
    offsets: Indices

    @staticmethod
    def of(rows: Sequence[Sequence[int]]) -> TokenRows:
        """Put lists of tokens end to end; a row may be empty."""
        lengths = np.array([len(row) for row in rows], np.int64)
        tokens = np.array([token for row in rows for token in row], np.int32)
        return TokenRows(tokens, np.concatenate([[0], np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Indices:
        """Tokens in each row, shape (rows,)."""
        return np.diff(self.offsets)

    def __getitem__(self, row: int) -> npt.NDArray[np.int32]:
        if not 0 <= row < len(self):  # -1 would give an empty row, without a word
            raise IndexError(f"row {row} of {len(self):,}; rows are counted from 0")
        return self.tokens[self.offsets[row] : self.offsets[row + 1]]

    def take(self, rows: Indices) -> TokenRows:
        """Copy some rows, in the order asked for; a row may be asked for more than once.

        Args:
            rows: row numbers from 0, shape (chosen,); negative ones and masks are not understood.
        """
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        # A token's place among those copied, moved by how far its row was moved.
        positions = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return TokenRows(self.tokens[positions], offsets)


@dataclass(frozen=True)
class TextRows:
    """Texts end to end in UTF-8: row ``i`` is ``octets[offsets[i]:offsets[i + 1]]``.

    A tenth of the memory of as many Python strings, and rows can be taken and hashed without making any.

    Args:
        octets: every text's bytes, shape (bytes,), uint8, valid UTF-8 in each row.
        offsets: where each row starts, and the end, shape (rows + 1,), int64, starts with 0, never falls.
    """

    octets: npt.NDArray[np.uint8]
    offsets: Indices

    @staticmethod
    def of(texts: Sequence[str]) -> TextRows:
        """Put texts end to end; one may be empty. What UTF-8 has no bytes for (lone surrogates) becomes ``?``."""
        return TextRows.of_encoded([text.encode("utf-8", "replace") for text in texts])

    @staticmethod
    def of_encoded(texts: Sequence[bytes]) -> TextRows:
        """Put texts that are UTF-8 already end to end."""
        offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        return TextRows(np.frombuffer(b"".join(texts), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> Indices:
        """Bytes in each row, shape (rows,)."""
        return np.diff(self.offsets)

    def __getitem__(self, row: int) -> str:
        if not 0 <= row < len(self):  # as token rows
            raise IndexError(f"row {row} of {len(self):,}; rows are counted from 0")
        return self.octets[self.offsets[row] : self.offsets[row + 1]].tobytes().decode("utf-8")

    def encoded(self) -> list[bytes]:
        """Give every row as bytes, in UTF-8."""
        return self._copies(self.offsets[:-1], self.offsets[1:])

    def take(self, rows: Indices) -> TextRows:
        """Copy some rows, in the order asked for; a row may be asked for more than once. See `TokenRows.take`."""
        # Text by text: an index of every byte, as token rows take theirs by, would need eight times the room.
        return TextRows.of_encoded(self._copies(self.offsets[rows], self.offsets[rows + 1]))

    def _copies(self, starts: Indices, ends: Indices) -> list[bytes]:
        whole = np.ascontiguousarray(self.octets).data
        return [bytes(whole[start:end]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


Inputs = Array | TokenRows | TextRows
"""What a source gives for inputs."""


def take_rows(inputs: Inputs, rows: Indices) -> Inputs:
    """Copy some rows of inputs of any kind, in the order asked for; (chosen, ...), token rows or texts."""
    return inputs[rows] if isinstance(inputs, np.ndarray) else inputs.take(rows)


@dataclass(frozen=True)
class Forecast:
    """What can be said of each row's target by looking at the past alone, without a model.

    Args:
        name: what scores call it; its words are in `dlrun.data.periods`.
        values: for each row, (rows,) or (rows, outputs) as the targets are; made of nothing that lies after the end of
            the row's inputs.
    """

    name: str
    values: Array


@dataclass(frozen=True)
class DataFile:
    """A file that was read: where it lies, its size in bytes, and the sha256 of its content."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Dataset:
    """Inputs and targets of every row, and what the source knows about them.

    Args:
        name: the source's name, or the file's.
        task: what kind of problem the targets make.
        inputs: an array (rows, ...) of any numeric type, token rows, or texts.
        targets: binary and multiclass: class indices 0..C-1, (rows,) int64. multilabel: 0 or 1, (rows, labels) uint8.
            regression and unit_regression: (rows,) floating; vector_regression: (rows, outputs) floating; forecasting:
            either of these. autoencoder: (rows, 0), since a fold makes them of its encoded inputs.
        feature_names: of the columns of 2-D inputs; may be empty.
        target_names: of the target columns; may be empty.
        class_names: of the classes in index order (multilabel: of the labels); may be empty.
        categories: text columns of 2-D inputs, by column index: the inputs hold codes, this holds what each code says.
            A code is not a number to compute with: `one_hot` turns it into columns, on the categories of training rows.
        vocabulary: of token rows: every token lies below this; None where the source does not say.
        train_rows: the rows that may be split, in the source's order.
        validation_rows: a validation set that came with the data; usually empty.
        test_rows: a test set that came with the data; may be empty.
        ids: texts that name each row, by column, (rows,) each; never an input.
        columns: what evaluation asked for by name (groups, times, folds), (rows,) each: numbers (NaN: missing),
            booleans, or objects that are texts (None: missing); dates are ISO texts.
        records: the hash of the raw record in each of the rows it is given, (chosen,); None where inputs and targets
            are the raw record. For `record_hashes`, which says more.
        forecasts: of a forecasting problem: baselines that a series brings itself.
        gap: where rows are windows over a series, in the order of time: how many have to be left out between two that
            share no step. None for rows that have no order of their own.
        files: what was read.
        fingerprint: of inputs and targets as loaded.
        notes: what a person should know about these data, one sentence each.
        warnings: what is wrong with these data and was put up with, one sentence each.
    """

    name: str
    task: Task
    inputs: Inputs
    targets: Array
    train_rows: Indices
    fingerprint: str
    validation_rows: Indices = field(default_factory=lambda: np.empty(0, np.int64))
    test_rows: Indices = field(default_factory=lambda: np.empty(0, np.int64))
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    categories: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    vocabulary: int | None = None
    ids: Mapping[str, Array] = field(default_factory=dict)
    columns: Mapping[str, Array] = field(default_factory=dict)
    records: Callable[[Indices], Hashes] | None = field(default=None, repr=False)
    forecasts: tuple[Forecast, ...] = field(default=(), repr=False)
    gap: int | None = None
    files: tuple[DataFile, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """All rows: training, validation and test."""
        return len(self.inputs)

    @property
    def overlapping(self) -> int:
        """How many neighbouring rows share steps of a series with each other; 1 where rows stand alone."""
        return (self.gap or 0) + 1

    @cached_property
    def hashes(self) -> Hashes:
        """Of each row's inputs and targets together, (rows,): equal rows have equal hashes. Computed once.

        For comparing rows of this data set with each other; `record_hashes` makes those that outlive it.
        """
        from dlrun.data.row_hashes import hash_rows  # which needs the types of this module

        return hash_rows(self.inputs, self.targets)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Of 2-D inputs, one name for each column: the source's, else the column's number. Else empty."""
        if not isinstance(self.inputs, np.ndarray) or self.inputs.ndim != 2:
            return ()
        return self.feature_names or tuple(str(index) for index in range(self.inputs.shape[1]))

    @property
    def outputs(self) -> int:
        """Classes of a multi-class problem, labels of a multi-label one, columns of a vector target; else 1."""
        if self.task == "multiclass":
            return len(self.class_names) or int(self.targets.max(initial=0)) + 1
        return 1 if self.targets.ndim == 1 else int(self.targets.shape[1])
