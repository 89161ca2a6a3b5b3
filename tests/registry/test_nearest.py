from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.registry import nearest
from dlrun.registry.nearest import edit_distance

LAYERS = ("Dense", "Dropout", "Conv1D", "Conv2D", "LSTM", "BatchNormalization", "MaxPooling2D")
ARGUMENTS = ("learning_rate", "momentum", "nesterov", "weight_decay", "kernel_regularizer")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Desne", "Dense"),
        ("dense", "Dense"),
        ("Droput", "Dropout"),
        ("LTSM", "LSTM"),
        ("conv_2d", "Conv2D"),
        ("BatchNormalistaion", "BatchNormalization"),
        ("MaxPool2D", "MaxPooling2D"),
    ],
)
def test_a_misspelt_layer_finds_the_one_that_was_meant(written: str, meant: str) -> None:
    assert nearest(written, LAYERS) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("learnig_rate", "learning_rate"),
        ("lr", "learning_rate"),
        ("regularizer", "kernel_regularizer"),
        ("decay", "weight_decay"),
    ],
)
def test_a_part_or_the_initials_of_a_name_find_it(written: str, meant: str) -> None:
    assert nearest(written, ARGUMENTS) == meant


@pytest.mark.parametrize("written", ["Transformer", "x", "", "_", "q" * 5000, "\x00"])
def test_what_is_near_nothing_finds_nothing(written: str) -> None:
    assert nearest(written, LAYERS) is None


def test_a_part_that_two_names_share_decides_for_neither() -> None:
    assert nearest("initializer", ("kernel_initializer", "recurrent_initializer")) is None


def test_equally_near_names_are_told_apart_by_the_alphabet() -> None:
    assert nearest("Conv4D", ("Conv2D", "Conv1D")) == "Conv1D"


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [("", "", 0), ("", "abc", 3), ("abc", "abc", 0), ("ab", "ba", 1), ("kitten", "sitting", 3), ("ca", "abc", 3)],
)
def test_edits_are_counted_as_worked_out_by_hand(one: str, other: str, edits: int) -> None:
    assert edit_distance(one, other) == edits


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_distance_is_the_same_both_ways_and_zero_only_for_equals(one: str, other: str) -> None:
    distance = edit_distance(one, other)

    assert distance == edit_distance(other, one)
    assert (distance == 0) == (one == other)
