from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.data.encoded import MultiHotRows
from dlrun.evaluation.sparse import bag_of_tokens, csr_of_bits, used_columns


@given(rows=st.integers(0, 6), width=st.integers(1, 70), seed=st.integers(0, 1000))
def test_bits_become_the_ones_that_they_unpack_to(rows: int, width: int, seed: int) -> None:
    words = -(-width // 16)
    bits = np.random.default_rng(seed).integers(0, 1 << 16, (rows, words), dtype=np.uint16)
    bits[:, -1] &= np.uint16((0xFFFF << (16 * words - width)) & 0xFFFF)  # nothing beyond the width
    multi_hot = MultiHotRows(bits, width)

    matrix = csr_of_bits(multi_hot)

    assert matrix.shape == multi_hot.shape
    assert (matrix.toarray() == multi_hot.to_array()).all()
    assert matrix.nnz == multi_hot.to_array().sum()
    assert matrix.has_canonical_format


def test_tokens_are_counted_but_for_padding_and_those_beyond_the_width() -> None:
    tokens = np.array([[0, 0, 3, 1], [2, 3, 3, 9], [0, 0, 0, 0]], np.int32)

    counts = bag_of_tokens(tokens, 4)

    assert counts.toarray().tolist() == [[0, 1, 0, 1], [0, 0, 1, 2], [0, 0, 0, 0]]


def test_columns_that_training_rows_do_not_use_are_dropped_everywhere() -> None:
    train, other = np.array([[1, 4], [4, 0]]), np.array([[2, 4]])

    matrix, encode = used_columns(bag_of_tokens(train, 5), lambda rows: bag_of_tokens(rows, 5))

    assert matrix.toarray().tolist() == [[1, 1], [0, 1]]
    assert encode(other).toarray().tolist() == [[0, 1]]


@pytest.mark.parametrize("rows", [0, 3])
def test_rows_without_a_bit_are_rows_all_the_same(rows: int) -> None:
    assert csr_of_bits(MultiHotRows(np.zeros((rows, 2), np.uint16), 20)).shape == (rows, 20)
