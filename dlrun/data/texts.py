"""Texts that stand for numbers, and numbers that stand for texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlrun.data.dataset import Array


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
