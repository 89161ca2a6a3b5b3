"""How numbers and foreign text are written for a person: digits that mean something, and no control characters."""

from __future__ import annotations

import math
import re
import unicodedata

THIN = "\N{NARROW NO-BREAK SPACE}"
_ASCII = str.maketrans({"×": "x", "→": "->", "–": "-", "—": "-", "±": "+/-", "…": "...", "−": "-", "’": "'", "·": "-"})
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_MOST_DECIMALS = 6


def grouped(number: int) -> str:
    """Write a count with its thousands apart: 25 000."""
    return f"{number:,}".replace(",", THIN)


def decimals(*values: float | None) -> int:
    """Return the decimals that show the largest of some values to three significant digits.

    A value that would round to 1 without being 1 gets more: an accuracy of 0.9996 is not perfect.
    """
    sizes = [abs(value) for value in values if value is not None and math.isfinite(value)]
    largest = max(sizes, default=0.0)
    # 1 is the top of most scales (accuracy 1.000), and stands among scores below it.
    places = 3 if largest in (0, 1) else max(0, 2 - math.floor(math.log10(largest)))
    while places < _MOST_DECIMALS and largest < 1 and round(largest, places) == 1:
        places += 1
    return places


def number(value: float | None, places: int | None = None) -> str:
    """Write a score with some decimals (default: three significant digits); a missing or undefined one as ``n/a``."""
    if value is None or math.isnan(value):
        return "n/a"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.2e}"
    places = decimals(value) if places is None else places
    return f"{value:,.{places}f}".replace(",", THIN)


def clean(text: object, unicode: bool = True) -> str:
    """Make any text safe for a terminal: control characters escaped, and only ASCII where a stream knows no more.

    ASCII text keeps the narrow space inside numbers, so that no line is broken there: `settle` takes it out.
    """
    written = str(text)
    if written.isascii() and written.isprintable():
        return written  # as nearly all text is, and lists have a lot of it
    shown = "".join(_escape(character) if _is_control(character) else character for character in written)
    if unicode:
        return shown
    translated = shown.translate(_ASCII)
    return "".join(
        character if character in THIN or character.isascii() else _escape(character) for character in translated
    )


def settle(text: str, unicode: bool = True) -> str:
    """Finish text that is laid out: ASCII streams get plain spaces."""
    return text if unicode else text.replace(THIN, " ")


def group_digits(text: str) -> str:
    """Set the thousands of every count in a text apart, ``25000`` and ``25 000`` alike; no line breaks in them."""
    bound = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", THIN, text)
    return re.sub(r"\d{4,}", lambda match: grouped(int(match[0])), bound)


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    beyond = _BEYOND_ASCII.findall(text)
    return len(text) - len(beyond) + sum(_columns_of(character) for character in beyond)


def _columns_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Mn":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_control(character: str) -> bool:
    """Tell what moves the cursor, turns the text around, or is not a character (Cc, Cf, Cs, line separators)."""
    return not character.isprintable() and character not in f" {THIN}\N{NO-BREAK SPACE}"


def _escape(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode() if ord(character) > 127 else repr(character)[1:-1]
