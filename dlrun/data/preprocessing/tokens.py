"""The steps for token rows: `multi_hot` and `pad`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.data.dataset import TokenRows
from dlrun.data.encoded import WORD_BITS, MultiHotRows
from dlrun.data.preprocessing.block import Block, Chunks, misfit
from dlrun.spec.steps import MultiHot, Pad


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
    """Fix the width: the step's own, else the source's vocabulary, else what the training rows hold.

    Args:
        step: may name the width.
        chunks: the training rows.
        vocabulary: what every token of the source lies below; None where the source does not say.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: the inputs are not token rows.
    """
    _require_tokens("multi_hot", chunks, index)
    width = step.size or vocabulary
    if width is None:
        width = max(int(_tokens(block).tokens.max(initial=0)) for block in chunks()) + 1
    return Marked(width)


def fit_pad(step: Pad, chunks: Chunks, index: int) -> Padded:
    """Fit nothing, but look at the inputs.

    Raises:
        SpecError: they are not token rows.
    """
    _require_tokens("pad", chunks, index)
    return Padded(step.length, step.padding, step.truncating)


def _require_tokens(step: str, chunks: Chunks, index: int) -> None:
    if not isinstance(next(chunks()).values, TokenRows):
        raise misfit(index, f"{step} works on token rows, and these inputs are numbers", "leave the step out")


def _tokens(block: Block) -> TokenRows:
    assert isinstance(block.values, TokenRows)
    return block.values
