from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.registry import nearest
from dlrun.registry.nearest import edit_distance
from dlrun.registry.spelling import fold

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


@given(st.text("abc", max_size=6), st.text("abc", max_size=6), st.integers(0, 6))
def test_a_distance_that_is_asked_for_up_to_a_limit_is_exact_up_to_it(one: str, other: str, most: int) -> None:
    exact, quick = edit_distance(one, other), edit_distance(one, other, most)

    assert quick == exact if exact <= most else quick > most


@given(st.text("abcd_", min_size=1, max_size=8), st.lists(st.text("abcd_", max_size=8), max_size=12))
def test_what_is_near_is_the_least_of_all_distances(written: str, names: list[str]) -> None:
    wanted = fold(written)
    distances = [(edit_distance(wanted, fold(name)), name) for name in names]
    near = [pair for pair in distances if pair[0] <= max(1, len(wanted) // 3) and pair[0] < len(wanted)]

    if near:
        assert nearest(written, names) == min(near)[1]


def test_of_thousands_of_names_made_of_the_same_letters_only_the_first_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[str] = []

    def spy(one: str, other: str, most: int | None = None) -> int:
        compared.append(other)
        return edit_distance(one, other, most)

    monkeypatch.setattr(sys.modules["dlrun.registry.nearest"], "edit_distance", spy)
    letters = "abcdefghijklmnopqrst"
    names = [letters[turn % 20 :] + letters[: turn % 20] + str(turn) for turn in range(3000)]

    nearest(letters[::-1], names)

    assert 10 < len(compared) < 100
