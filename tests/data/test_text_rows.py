"""Texts as rows: taken, hashed, identified and inspected, each against plain Python strings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data import TextRows, TokenRows, inspect, record_hashes
from dlrun.data.assembly import assemble, fingerprint_of
from dlrun.data.dataset import Dataset, take_rows
from dlrun.data.identity import ArrayRecords
from dlrun.data.row_hashes import hash_rows, hash_texts
from dlrun.data.texts import count_words

texts = st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=12)
few_texts = st.lists(st.text(alphabet="aé", max_size=2), min_size=1, max_size=30)


def dataset_of(rows: list[str], **known: Any) -> Dataset:
    return assemble("sample", "regression", TextRows.of(rows), np.arange(len(rows), dtype=float), **known)


@given(texts)
@settings(deadline=None)
def test_text_rows_give_back_the_texts_they_were_made_of(strings: list[str]) -> None:
    rows = TextRows.of(strings)

    assert [rows[row] for row in range(len(rows))] == strings
    assert rows.encoded() == [text.encode() for text in strings]
    assert rows.sizes.tolist() == [len(text.encode()) for text in strings]
    assert (rows.octets.dtype, rows.offsets.dtype) == (np.uint8, np.int64)


@given(data=st.data(), strings=texts)
@settings(deadline=None)
def test_texts_are_taken_in_any_order_and_more_than_once(data: st.DataObject, strings: list[str]) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(strings) - 1), max_size=20))

    taken = take_rows(TextRows.of(strings), np.array(chosen, np.int64))

    assert isinstance(taken, TextRows)
    assert [taken[row] for row in range(len(taken))] == [strings[row] for row in chosen]


@given(few_texts)
@settings(deadline=None)
def test_equal_texts_have_equal_hashes_and_others_do_not(strings: list[str]) -> None:
    hashes = hash_texts(TextRows.of(strings)).tolist()

    assert len(dict(zip(strings, hashes, strict=True))) == len(set(hashes)) == len(set(strings))


def test_a_texts_hash_hangs_on_no_other_row_and_on_its_target() -> None:
    strings = ["good", "", "good", "bad", "good"]
    targets = np.array([1, 0, 1, 0, 0])

    together = hash_rows(TextRows.of(strings), targets)

    alone = [hash_rows(TextRows.of([text]), targets[row : row + 1])[0] for row, text in enumerate(strings)]
    assert together.tolist() == alone
    assert together[0] == together[2] != together[4]


def test_no_rows_have_no_hashes_and_can_be_taken() -> None:
    rows = TextRows.of(["a"]).take(np.empty(0, np.int64))

    assert (len(rows), hash_texts(rows).tolist(), count_words(rows).tolist()) == (0, [], [])


@pytest.mark.parametrize("row", [-1, 2])
def test_a_text_that_is_not_there_is_an_index_error(row: int) -> None:
    with pytest.raises(IndexError, match=f"row {row} of 2"):
        TextRows.of(["a", "b"])[row]


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert TextRows.of(["a\ud800b"])[0] == "a?b"


def test_the_fingerprint_tells_texts_apart_that_are_equal_end_to_end() -> None:
    targets = np.zeros(2)

    prints = {fingerprint_of(TextRows.of(pair), targets) for pair in (["ab", "c"], ["a", "bc"], ["ab", "c"])}

    assert len(prints) == 2


def test_records_are_named_alike_wherever_they_stand() -> None:
    classes = np.array(["neg", "pos", "neg"], object)
    records = ArrayRecords(TextRows.of(["a", "b", "c"]), classes)
    others = ArrayRecords(TextRows.of(["c", "a"]), classes[[0, 0]])
    dataset = dataset_of(["a", "b", "c"], records=records)

    assert record_hashes(dataset, np.array([2, 0])).tolist() == others(np.arange(2)).tolist()
    assert len(set(record_hashes(dataset, np.arange(3)).tolist())) == 3


def test_inspecting_texts_tells_their_lengths_in_words_and_how_many_are_empty() -> None:
    dataset = dataset_of(["a b c", "  one\ttwo\n", "", "   ", "x", "not looked at"])

    summary = inspect(dataset, np.arange(5))

    assert (summary.rank, summary.axes, summary.shape, summary.dtype) == (1, ("samples",), (5,), "text")
    assert summary.lengths is not None
    lengths = summary.lengths
    assert (lengths.minimum, lengths.median, lengths.maximum, lengths.unit, lengths.empty) == (0, 1.0, 3, "words", 2)
    assert (summary.missing, summary.features, summary.range) == ({}, (), None)


def test_inspecting_token_rows_counts_empty_ones_too() -> None:
    dataset = assemble("tokens", "regression", TokenRows.of([[1, 2], [], [3]]), np.arange(3.0))

    lengths = inspect(dataset, np.arange(3)).lengths

    assert lengths is not None
    assert (lengths.unit, lengths.empty, lengths.maximum) == ("tokens", 1, 2)


def test_repeated_texts_count_as_duplicates() -> None:
    dataset = assemble("texts", "binary", TextRows.of(["a", "a", "a", "b"]), np.array([0, 0, 1, 1]))

    assert inspect(dataset, np.arange(4)).duplicates == 1
