"""Texts that stand for numbers."""

from __future__ import annotations


def is_number(text: str) -> bool:
    """Whether a text can be read as a number; ``inf``, ``nan`` and ``1e3`` can."""
    try:
        float(text)
    except ValueError:
        return False
    return True
