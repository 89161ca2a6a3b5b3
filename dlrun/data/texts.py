"""Texts that stand for numbers, numbers that stand for texts, and words in texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlrun.data.dataset import Array, Indices, TextRows


def is_number(text: str) -> bool:
    """Whether a text can be read as a number; ``inf``, ``nan`` and ``1e3`` can."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def decode_texts(codes: Array, texts: Sequence[str]) -> Array:
    """Turn codes (rows,), NaN: missing, back into the texts that they stand for: (rows,) objects, None: missing."""
    decoded = np.full(len(codes), None, object)
    there = ~np.isnan(codes)
    decoded[there] = np.array(texts, object)[codes[there].astype(np.int64)]
    return decoded


def count_words(rows: TextRows) -> Indices:
    """Count what stands between ASCII white space in each text, shape (rows,); `tokenise` splits there too."""
    return np.array([len(text.split()) for text in rows.encoded()], np.int64)
