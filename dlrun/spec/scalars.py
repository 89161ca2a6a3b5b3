"""What a plain scalar in YAML means: the YAML 1.2 core schema, made stricter where people are misled.

``no``, ``on``, ``1_000``, ``010``, ``0x1F``, ``1:30`` and ``2024-01-01`` stay text; ``1e-3`` is a number. What is no
finite number (``.nan``, ``1e999``), or too large for 64 bits, is an error.
"""

from __future__ import annotations

import math
import re

Scalar = None | bool | int | float | str

_WORDS: dict[str, Scalar] = {"": None, "~": None}
for _word, _value in (("null", None), ("true", True), ("false", False)):
    _WORDS |= {_word: _value, _word.title(): _value, _word.upper(): _value}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|(0|[1-9][0-9]*)(?=[eE]))([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_DIGITS = 19  # of the largest 64-bit integer


class ScalarError(ValueError):
    """A scalar that looks like a number and is none that can be worked with."""


def resolve(text: str) -> Scalar:
    """Give the value that a plain (unquoted) scalar stands for.

    Raises:
        ScalarError: a number that is not finite or too large.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _NOT_FINITE.fullmatch(text):
        raise ScalarError(f"'{text}' is not a finite number")
    return text


def _integer(text: str) -> int:
    # Counted before it is converted: int() refuses thousands of digits with an error of its own.
    if len(text.lstrip("+-")) > _DIGITS or not -(2**63) <= (value := int(text)) < 2**63:
        raise ScalarError("this whole number is too large for 64 bits")
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ScalarError("this number is too large for a float")
    return value
