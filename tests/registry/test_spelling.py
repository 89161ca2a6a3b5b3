from __future__ import annotations

import pytest

from dlrun.registry import KINDS, american, british, registry
from dlrun.registry.spelling import fold

TWINS = [
    ("BatchNormalisation", "BatchNormalization"),
    ("kernel_regulariser", "kernel_regularizer"),
    ("bias_initialiser", "bias_initializer"),
    ("optimiser", "optimizer"),
    ("optimisers", "optimizers"),
    ("tokenise", "tokenize"),
    ("TextVectorisation", "TextVectorization"),
    ("standardised", "standardized"),
    ("quantisation", "quantization"),
    ("RandomPosterisation", "RandomPosterization"),
    ("RandomColourJitter", "RandomColorJitter"),
    ("CentreCrop", "CenterCrop"),
    ("centred", "centered"),
    ("centring", "centering"),
    ("NORMALISE", "NORMALIZE"),
    ("COLOUR", "COLOR"),
]


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_each_spelling_becomes_the_other_and_keeps_its_case(one: str, other: str) -> None:
    assert american(one) == other
    assert british(other) == one


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_a_word_already_in_the_wanted_spelling_stays(one: str, other: str) -> None:
    assert british(one) == one
    assert american(other) == other


@pytest.mark.parametrize("word", ["size", "noise", "resize", "horizon", "raise", "mse", "Precision", "initial", "axis"])
def test_words_that_only_look_like_twins_stay(word: str) -> None:
    assert american(word) == word
    assert british(word) == word


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_and_argument_of_keras_survives_the_way_to_british_and_back(kind: str) -> None:
    entries = registry(kind).values()
    names = {name for entry in entries for name in (entry.name, *(item.name for item in entry.parameters))}

    changed = {name for name in names if american(british(name)) != name}

    assert not changed


def test_folding_drops_case_underscores_and_spelling() -> None:
    assert fold("batch_normalisation") == fold("BatchNormalization") == "batchnormalization"
