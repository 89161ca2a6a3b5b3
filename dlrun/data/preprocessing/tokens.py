"""The steps for token rows: `multi_hot`, `count` and `pad`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.data.dataset import TextRows, TokenRows
from dlrun.data.encoded import WORD_BITS, MultiHotRows
from dlrun.data.preprocessing.block import Block, Chunks, misfit
from dlrun.spec.steps import Counts, MultiHot, Pad


@dataclass(frozen=True)
class Marked:
    """Token rows as zeros and ones of a fixed width; tokens beyond it are left out."""

    width: int
    notes: tuple[str, ...] = ()

    def apply(self, block: Block) -> Block:
        """Mark each row's tokens. Needs one byte a cell while it works, so rows come some thousand at a time."""
        rows = _tokens(block)
        stride = -(-self.width // WORD_BITS) * WORD_BITS
        # One byte a cell, packed at the end: NumPy sets bytes many at a time, bits it does not.
        cells = np.zeros((len(rows), stride), np.uint8)  # (rows, stride)
        known = rows.tokens < self.width
        starts = np.repeat(np.arange(len(rows)) * stride, rows.lengths)
        cells.reshape(-1)[(starts + rows.tokens)[known]] = 1
        bits = np.packbits(cells, axis=1).view(">u2").astype(np.uint16)
        return Block(MultiHotRows(bits, self.width))

    def state(self) -> dict[str, Any]:
        """Return the width."""
        return {"step": "multi_hot", "size": self.width}


@dataclass(frozen=True)
class Counted:
    """Token rows as counts of each token; tokens beyond the width are left out."""

    width: int
    notes: tuple[str, ...] = ()

    def apply(self, block: Block) -> Block:
        """Count each row's tokens; (rows, width) float32. Needs eight bytes a cell while it works."""
        rows = _tokens(block)
        known = rows.tokens < self.width
        starts = np.repeat(np.arange(len(rows)) * self.width, rows.lengths)
        counts = np.bincount((starts + rows.tokens)[known], minlength=len(rows) * self.width)
        return Block(counts.reshape(len(rows), self.width).astype(np.float32))

    def state(self) -> dict[str, Any]:
        """Return the width."""
        return {"step": "count", "size": self.width}


@dataclass(frozen=True)
class Padded:
    """Token rows cut and filled to one length, as ``keras.utils.pad_sequences`` does."""

    length: int
    padding: str
    truncating: str
    notes: tuple[str, ...] = ()

    def apply(self, block: Block) -> Block:
        """Cut and fill; (rows, length) int32."""
        rows = _tokens(block)
        # For every row at once: how many tokens stay, how many are cut before them, how many zeros stand before them.
        kept = np.minimum(rows.lengths, self.length)
        cut = rows.lengths - kept if self.truncating == "pre" else np.zeros_like(kept)
        fill = self.length - kept if self.padding == "pre" else np.zeros_like(kept)
        within = np.arange(kept.sum()) - np.repeat(np.cumsum(kept) - kept, kept)  # place among a row's kept tokens
        padded = np.zeros((len(rows), self.length), np.int32)
        places = np.repeat(np.arange(len(rows)) * self.length + fill, kept) + within
        padded.reshape(-1)[places] = rows.tokens[np.repeat(rows.offsets[:-1] + cut, kept) + within]
        return Block(padded)

    def state(self) -> dict[str, Any]:
        """Return length and sides."""
        return {"step": "pad", "length": self.length, "padding": self.padding, "truncating": self.truncating}


def fit_multi_hot(step: MultiHot, chunks: Chunks, vocabulary: int | None, index: int) -> Marked:
    """Fix the width: the step's own, else the vocabulary's, else what the training rows hold.

    Args:
        step: may name the width.
        chunks: the training rows.
        vocabulary: what every token lies below, by the source or `tokenise`; None where nobody says.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: the inputs are not token rows.
    """
    return Marked(_width(step, chunks, vocabulary, index))


def fit_count(step: Counts, chunks: Chunks, vocabulary: int | None, index: int) -> Counted:
    """Fix the width; as `fit_multi_hot`."""
    return Counted(_width(step, chunks, vocabulary, index))


def _width(step: MultiHot | Counts, chunks: Chunks, vocabulary: int | None, index: int) -> int:
    _require_tokens(step.step, chunks, index)
    return step.size or vocabulary or max(int(_tokens(block).tokens.max(initial=0)) for block in chunks()) + 1


def fit_pad(step: Pad, chunks: Chunks, index: int) -> Padded:
    """Fit nothing, but look at the inputs.

    Raises:
        SpecError: they are not token rows.
    """
    _require_tokens("pad", chunks, index)
    return Padded(step.length, step.padding, step.truncating)


def _require_tokens(step: str, chunks: Chunks, index: int) -> None:
    values = next(chunks()).values
    if isinstance(values, TextRows):
        raise misfit(index, f"{step} works on token rows, and these inputs are texts", "put `tokenise` before it")
    if not isinstance(values, TokenRows):
        raise misfit(index, f"{step} works on token rows, and these inputs are numbers", "leave the step out")


def _tokens(block: Block) -> TokenRows:
    assert isinstance(block.values, TokenRows)
    return block.values
