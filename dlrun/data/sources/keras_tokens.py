"""IMDB and Reuters: texts as word indices. Rows, their order and the options are those of ``keras.datasets``.

The files hold pickled lists of Python integers, slow to read and large in memory. They are read once, one array at a
time, into one flat array, and kept beside the file as a plain copy that loads in milliseconds.
"""

from __future__ import annotations

import contextlib
import io
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.assembly import assemble
from dlrun.data.dataset import Array, Dataset, TokenRows
from dlrun.data.download import OnProgress
from dlrun.data.identity import ArrayRecords
from dlrun.data.sources import archives, unpickling
from dlrun.data.sources.keras_arrays import TRAIN_SHARE, keras_orders
from dlrun.data.sources.verified import require_verified
from dlrun.errors import DataError
from dlrun.spec.sources import TokenSource

START, UNKNOWN, FIRST_WORD = 1, 2, 3
"""Token 0 fills up, 1 starts a row, 2 stands for a word that is left out; the word of rank r is token r + 3."""

REUTERS_TOPICS = """
cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass crude
nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi iron-steel rubber
heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead
"""
CLASS_NAMES = {"imdb": ("negative", "positive"), "reuters": tuple(REUTERS_TOPICS.split())}


@dataclass(frozen=True)
class _Texts:
    """Rows of one data set, train before test, in Keras's order. ``train`` is None where Keras cuts by share."""

    rows: TokenRows
    labels: Array
    train: int | None


def load(source: TokenSource, on_progress: OnProgress) -> Dataset:
    """Load ``imdb`` or ``reuters``.

    Args:
        source: which, and Keras's options for words and lengths.
        on_progress: hears of a download.

    Returns:
        Token rows, every token below the data set's ``vocabulary``.

    Raises:
        DataError: the file is missing and cannot be had, or is damaged, or no row is shorter than ``maxlen``.
    """
    ((path, file),) = require_verified(source.source, on_progress)
    # The name carries the checksum: a copy of another version is never taken for this one's.
    copy = path.with_name(f"{source.source}.{file.sha256[:16]}.tokens.npz")
    texts = _read_copy(copy, len(CLASS_NAMES[source.source]))
    if texts is None:
        texts = _read_original(source.source, path)
        _write_copy(copy, texts)
    texts = _without_long(texts, source)
    rows, vocabulary = _limit_words(texts.rows, source)
    train = int(len(rows) * TRAIN_SHARE) if texts.train is None else texts.train
    return assemble(
        source.source,
        "binary" if source.source == "imdb" else "multiclass",
        rows,
        texts.labels,
        test_from=train,
        class_names=CLASS_NAMES[source.source],
        vocabulary=vocabulary,
        files=(file,),
        records=ArrayRecords(texts.rows, texts.labels),
    )


def _read_original(name: str, path: Path) -> _Texts:
    """Read Keras's file, whose checksum was verified."""
    suffixes = ("_train", "_test") if name == "imdb" else ("",)
    packed = archives.read_npz(path, tuple(f"y{suffix}" for suffix in suffixes))
    labels = [packed[f"y{suffix}"] for suffix in suffixes]
    orders = keras_orders(*(len(part) for part in labels))
    rows = []
    with zipfile.ZipFile(path) as archive:
        for suffix, order in zip(suffixes, orders, strict=True):
            lists = unpickling.load(archives.read_object_pickle(archive, f"x{suffix}"), f"'x{suffix}' in '{path}'")
            rows.append(_flatten(lists, order))
            del lists  # the next part's would stand beside them
    labels = [part[order].astype(np.int64) for part, order in zip(labels, orders, strict=True)]
    return _Texts(_join(rows), np.concatenate(labels), len(labels[0]) if name == "imdb" else None)


def _flatten(lists: Any, order: Array) -> TokenRows:
    """Put lists of word ranks end to end in another order, each after a start token."""
    lengths = np.fromiter((len(words) + 1 for words in lists), np.int64, len(lists))[order]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = np.empty(offsets[-1], np.int32)
    for start, end, row in zip(offsets[:-1], offsets[1:], order, strict=True):
        tokens[start + 1 : end] = lists[row]
    tokens += FIRST_WORD  # in place, start tokens included; those are set right below
    tokens[offsets[:-1]] = START
    return TokenRows(tokens, offsets)


def _join(parts: list[TokenRows]) -> TokenRows:
    lengths = np.concatenate([part.lengths for part in parts])
    return TokenRows(np.concatenate([part.tokens for part in parts]), np.concatenate([[0], np.cumsum(lengths)]))


def _without_long(texts: _Texts, source: TokenSource) -> _Texts:
    """Leave out rows of ``maxlen`` tokens or more, as Keras does."""
    if source.maxlen is None:
        return texts
    # Strictly shorter, as Keras does it, though its documentation speaks of truncating longer ones.
    keep = np.flatnonzero(texts.rows.lengths < source.maxlen)
    train = None if texts.train is None else int(np.searchsorted(keep, texts.train))
    if len(keep) == 0 or train in (0, len(keep)):
        raise DataError(f"'{source.source}' has no rows shorter than maxlen {source.maxlen}", hint="raise `maxlen`")
    return _Texts(texts.rows.take(keep), texts.labels[keep], train)


def _limit_words(rows: TokenRows, source: TokenSource) -> tuple[TokenRows, int]:
    """Put the unknown token in place of rare and of too common words; return also what every token lies below.

    Keras's loaders take the largest token for ``num_words`` when none is given, and so lose that one word; so do we.
    """
    # Of all rows, as in Keras, so training and test rows have the same words.
    limit = source.num_words or int(rows.tokens.max())
    known = (rows.tokens >= source.skip_top) & (rows.tokens < limit)
    return TokenRows(np.where(known, rows.tokens, np.int32(UNKNOWN)), rows.offsets), max(limit, UNKNOWN + 1)


def _read_copy(path: Path, classes: int) -> _Texts | None:
    """Read the plain copy; None where there is none, or it is not sound."""
    if not path.exists():
        return None
    with contextlib.suppress(DataError):
        arrays = archives.read_npz(path, ("tokens", "offsets", "labels", "train"))
        if _is_sound(arrays, classes):
            train = int(arrays["train"])
            rows = TokenRows(arrays["tokens"], arrays["offsets"])
            return _Texts(rows, arrays["labels"], None if train < 0 else train)
    return None


def _is_sound(arrays: dict[str, Array], classes: int) -> bool:
    """Whether the copy holds what `_write_copy` writes; it has no checksum, and anyone may have changed it."""
    tokens, offsets, labels, train = (arrays[name] for name in ("tokens", "offsets", "labels", "train"))
    return (
        [array.dtype.str[1:] for array in (tokens, offsets, labels, train)] == ["i4", "i8", "i8", "i8"]
        and [array.ndim for array in (tokens, offsets, labels, train)] == [1, 1, 1, 0]
        and len(offsets) == len(labels) + 1 > 1
        and int(offsets[0]) == 0
        and int(offsets[-1]) == len(tokens)
        and bool((np.diff(offsets) > 0).all())
        and bool((tokens > 0).all())
        and bool(((labels >= 0) & (labels < classes)).all())
        and -1 <= int(train) < len(labels)
    )


def _write_copy(path: Path, texts: _Texts) -> None:
    """Keep a plain copy where the folder can be written; where not, the original is read again next time."""
    content = io.BytesIO()
    np.savez(
        content,
        tokens=texts.rows.tokens,
        offsets=texts.rows.offsets,
        labels=texts.labels,
        train=np.int64(-1 if texts.train is None else texts.train),
    )
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    with contextlib.suppress(OSError):
        try:
            part.write_bytes(content.getbuffer())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
