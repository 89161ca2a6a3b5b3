"""The step for texts: `tokenise`, which is Keras's ``TextVectorization``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlrun.data.dataset import Array, TextRows, TokenRows
from dlrun.data.preprocessing.block import Block, Chunks, misfit
from dlrun.errors import DataError
from dlrun.spec.steps import Tokenise

SPECIAL = 2
"""Tokens that stand for no word: 0 for padding, 1 for every word that the vocabulary lacks."""


@dataclass(frozen=True)
class Tokenised:
    """Texts as token rows, by the words of the training rows.

    Args:
        step: how texts are standardised and split.
        words: the vocabulary, commonest first: word ``i`` is token ``i + 2``.
        layer: Keras's, adapted to the training rows.
    """

    step: Tokenise
    words: tuple[str, ...] = field(repr=False)
    layer: Any = field(repr=False, compare=False)
    notes: tuple[str, ...] = ()

    @property
    def vocabulary(self) -> int:
        """What every token lies below: as the spec declares it, which is the same in every fold, or as it was found."""
        return self.step.max_tokens or len(self.words) + SPECIAL

    def apply(self, block: Block) -> Block:
        """Split texts into words and look these up; token rows."""
        found = self.layer(_strings(block))  # ragged: one row of tokens a text
        return Block(TokenRows(found.values.numpy().astype(np.int32), found.row_splits.numpy()))

    def state(self) -> dict[str, Any]:
        """Return the step's options and the vocabulary."""
        return {**self.step.model_dump(), "vocabulary": list(self.words)}


def fit_tokenise(step: Tokenise, chunks: Chunks, index: int) -> Tokenised:
    """Collect the words of the training rows, commonest first, as ``TextVectorization.adapt`` does. Loads TensorFlow.

    Args:
        step: says how.
        chunks: the training rows.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: the inputs are not texts.
        DataError: no training row holds a word.
    """
    from dlrun.backend import prepare_backend

    _require_texts(chunks, index)
    prepare_backend()
    import keras

    layer = keras.layers.TextVectorization(
        max_tokens=step.max_tokens,
        standardize=None if step.standardise == "none" else step.standardise,
        split=step.split,
        ngrams=step.ngrams,
        ragged=True,
    )
    blank = 0
    for block in chunks():
        texts = _strings(block)
        blank += sum(not text.strip() for text in texts)
        layer.update_state(texts)  # what `adapt` calls for each batch
    layer.finalize_state()
    words = tuple(str(word) for word in layer.get_vocabulary(include_special_tokens=False))
    if not words:
        raise DataError("no training row holds a word", hint="`tokenise` may split or standardise away all there is")
    return Tokenised(step, words, layer, _notes(blank))


def _notes(blank: int) -> tuple[str, ...]:
    if not blank:
        return ()
    return (f"tokenise: {blank:,} of the training texts {'is' if blank == 1 else 'are'} empty, and say nothing.",)


def _strings(block: Block) -> Array:
    """Make objects of bytes, (rows,): arrays of fixed width would lose NUL bytes at the end of a text."""
    assert isinstance(block.values, TextRows)
    strings = np.empty(len(block.values), object)
    strings[:] = block.values.encoded()
    return strings


def _require_texts(chunks: Chunks, index: int) -> None:
    values = next(chunks()).values
    if isinstance(values, TokenRows):
        raise misfit(index, "tokenise works on texts, and these inputs are tokens already", "leave the step out")
    if not isinstance(values, TextRows):
        hint = "a text column of a table becomes the input with `text: COLUMN` under dataset"
        raise misfit(index, "tokenise works on texts, and these inputs are numbers", hint)
