"""`tokenise` against Keras's own TextVectorization, `count` against its definition, and where neither fits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data import FittedSteps, MultiHotRows, TextRows, TokenRows, fit_steps
from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset
from dlrun.data.preprocessing import fitting
from dlrun.errors import DataError, SpecError
from dlrun.spec.steps import Counts, MultiHot, Normalise, OneHot, Pad, Tokenise

TEXTS = [
    "A good film, a GOOD film!",
    "not good; not at all...",
    "",
    "  spaces\tand\nlines  ",
    "Ünïcode ist schön, Schön ist Unicode",
    "it's (really) don't-stop <br />",
    "ab\0",
    "[UNK] and [unk]",
]
UNSEEN = ["good words that nobody has seen", "", "film"]
ALL = np.arange(len(TEXTS) + len(UNSEEN))
TRAIN = np.arange(len(TEXTS))


def dataset_of(rows: Any) -> Dataset:
    return assemble("sample", "regression", rows, np.arange(len(rows), dtype=float))


def tokens_of(fitted: FittedSteps, texts: TextRows) -> list[list[int]]:
    """What the first step alone makes of some texts."""
    rows = fitted.steps[0].apply(fitting.Block(texts)).values
    assert isinstance(rows, TokenRows)
    return [rows[row].tolist() for row in range(len(rows))]


def tokens_of_keras(step: Tokenise, train: list[str], texts: list[str]) -> tuple[list[list[int]], list[str]]:
    import keras

    layer = keras.layers.TextVectorization(
        max_tokens=step.max_tokens,
        standardize=None if step.standardise == "none" else step.standardise,
        split=step.split,
        ngrams=step.ngrams,
        ragged=True,
    )
    layer.adapt(train)
    return layer(texts).to_list(), layer.get_vocabulary()


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "step",
    [
        Tokenise(),
        Tokenise(max_tokens=5),
        Tokenise(standardise="lower", ngrams=2),
        Tokenise(standardise="strip_punctuation"),
        Tokenise(standardise="none", max_tokens=12),
        Tokenise(split="character"),
    ],
    ids=str,
)
def test_tokens_and_vocabulary_are_those_of_keras(step: Tokenise) -> None:
    theirs, vocabulary = tokens_of_keras(step, TEXTS, TEXTS + UNSEEN)

    fitted = fit_steps([step, MultiHot()], dataset_of(TextRows.of(TEXTS + UNSEEN)), TRAIN)

    assert tokens_of(fitted, TextRows.of(TEXTS + UNSEEN)) == theirs
    assert ["", "[UNK]", *fitted.state()[0]["vocabulary"]] == vocabulary
    assert fitted.vocabulary == step.max_tokens or fitted.vocabulary == len(vocabulary)


@pytest.mark.tensorflow
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_any_texts_are_tokenised_as_keras_does(data: st.DataObject) -> None:
    words = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=0, max_size=4)
    texts = data.draw(st.lists(st.lists(words, max_size=5).map(" ".join), min_size=2, max_size=6))
    step = Tokenise(max_tokens=data.draw(st.none() | st.integers(3, 6)))
    train = [*texts[:-1], "word"]

    fitted = fit_steps([step, MultiHot(size=9)], dataset_of(TextRows.of([*train, texts[-1]])), np.arange(len(train)))

    assert tokens_of(fitted, TextRows.of(texts)) == tokens_of_keras(step, train, texts)[0]


@pytest.mark.tensorflow
def test_only_training_rows_give_words_and_others_are_out_of_vocabulary() -> None:
    dataset = dataset_of(TextRows.of(["red green", "red", "blue red"]))

    fitted = fit_steps([Tokenise(), Counts()], dataset, np.array([0, 1]))

    assert fitted.state()[0]["vocabulary"] == ["red", "green"]
    #                                     padding, unknown, red, green
    assert np.asarray(fitted.apply(np.array([2, 0]))).tolist() == [[0, 1, 1, 0], [0, 0, 1, 1]]


@pytest.mark.tensorflow
def test_folds_with_vocabularies_of_their_own_are_as_wide_as_declared() -> None:
    dataset = dataset_of(TextRows.of(["a b c d", "a", "a b c d e f"]))

    shapes = [
        [fit_steps([step, MultiHot()], dataset, np.array(rows)).output_shape for rows in ([0, 1], [1], [2])]
        for step in (Tokenise(), Tokenise(max_tokens=7))
    ]

    assert shapes == [[(6,), (3,), (8,)], [(7,)] * 3]


@pytest.mark.tensorflow
@pytest.mark.parametrize("last", [MultiHot(), Counts(), Pad(length=4)])
@pytest.mark.parametrize("chunk", [1, 3])
def test_texts_come_out_the_same_whatever_the_chunks(last: Any, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, dataset = [Tokenise(max_tokens=9), last], dataset_of(TextRows.of(TEXTS + UNSEEN))
    whole = fit_steps(steps, dataset, TRAIN)
    monkeypatch.setattr(fitting, "CHUNK_TOKEN_ROWS", chunk)

    pieces = fit_steps(steps, dataset, TRAIN)

    encoded = [part.apply(ALL) for part in (whole, pieces)]
    one, other = (part.to_array() if isinstance(part, MultiHotRows) else np.asarray(part) for part in encoded)
    np.testing.assert_array_equal(one, other)
    assert pieces.state() == whole.state()


@pytest.mark.tensorflow
def test_the_state_holds_all_that_a_step_needs_and_is_plain() -> None:
    fitted = fit_steps([Tokenise(max_tokens=4), Pad(length=2)], dataset_of(TextRows.of(["b a a", "b c"])), np.arange(2))

    state = json.loads(json.dumps(fitted.state()))

    assert state[0] == {
        "step": "tokenise",
        "max_tokens": 4,
        "standardise": "lower_and_strip_punctuation",
        "split": "whitespace",
        "ngrams": None,
        "vocabulary": ["b", "a"],
    }
    assert (fitted.integer_inputs, fitted.output_shape, fitted.vocabulary) == (True, (2,), 4)


@pytest.mark.tensorflow
def test_empty_training_texts_are_noted_and_others_are_not_looked_at() -> None:
    dataset = dataset_of(TextRows.of(["a b", "", " \n", "c", "", ""]))

    notes = fit_steps([Tokenise(), MultiHot()], dataset, np.array([0, 1, 2, 3])).notes

    assert notes == ("tokenise: 2 of the training texts are empty, and say nothing.",)


@pytest.mark.tensorflow
def test_training_texts_without_any_word_are_an_error() -> None:
    with pytest.raises(DataError, match="no training row holds a word"):
        fit_steps([Tokenise(), MultiHot()], dataset_of(TextRows.of(["...", "", "word"])), np.arange(2))


@given(rows=st.lists(st.lists(st.integers(0, 40)), min_size=1, max_size=20), size=st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_count_equals_its_definition(rows: list[list[int]], size: int) -> None:
    everything = np.arange(len(rows))

    fitted = fit_steps([Counts(size=size)], dataset_of(TokenRows.of(rows)), everything)

    encoded = np.asarray(fitted.apply(everything))
    assert encoded.tolist() == [[float(row.count(column)) for column in range(size)] for row in rows]
    assert (encoded.dtype, fitted.output_shape) == (np.float32, (size,))


@pytest.mark.tensorflow
def test_count_agrees_with_keras() -> None:
    import keras

    lists = [[1, 5, 5, 3], [], [2, 9, 9, 9, 0]]
    theirs = [keras.layers.CategoryEncoding(10, output_mode="count")(np.array(row, int)) for row in lists if row]

    ours = np.asarray(fit_steps([Counts(size=10)], dataset_of(TokenRows.of(lists)), np.arange(3)).apply(np.arange(3)))

    np.testing.assert_array_equal(ours[[0, 2]], np.stack([np.asarray(row) for row in theirs]))
    assert not ours[1].any()


@pytest.mark.parametrize(
    ("inputs", "steps", "message"),
    [
        (TextRows.of(["a"]), [], "texts cannot go into a model as they are"),
        (TextRows.of(["a"]), [MultiHot()], "multi_hot works on token rows, and these inputs are texts"),
        (TextRows.of(["a"]), [Counts()], "count works on token rows, and these inputs are texts"),
        (TextRows.of(["a"]), [Pad(length=2)], "pad works on token rows, and these inputs are texts"),
        (TextRows.of(["a"]), [Normalise()], "normalise works on numbers, not on texts"),
        (TextRows.of(["a"]), [OneHot()], "one_hot"),
        (TextRows.of(["a"]), [Tokenise(), Pad(length=2)], "every fold has a vocabulary of its own"),
        (TokenRows.of([[1]]), [Tokenise()], "tokenise works on texts, and these inputs are tokens already"),
        (TokenRows.of([[1]]), [Counts(), Normalise()], "nothing can come after `count`"),
        (np.ones((1, 2)), [Tokenise()], "tokenise works on texts, and these inputs are numbers"),
        (np.ones((1, 2)), [Counts()], "count works on token rows, and these inputs are numbers"),
    ],
)
def test_a_step_that_does_not_fit_says_so(inputs: Any, steps: list[Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        fit_steps(steps, dataset_of(inputs), np.arange(1))


@pytest.mark.tensorflow
def test_texts_that_are_tokenised_alone_still_need_a_last_step() -> None:
    with pytest.raises(SpecError, match="need a step that makes them equally wide"):
        fit_steps([Tokenise()], dataset_of(TextRows.of(["a b"])), np.arange(1))
