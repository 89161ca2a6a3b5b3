"""Every error that dlrun can raise, in one file to read: ``DLRUN_UPDATE_MESSAGES=1 pytest tests`` writes it anew.

This file is about templates, found in the source; ``tests/spec/test_messages.py`` shows specs and what is said of them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.wordings.calls import Said, Source

PACKAGE = Path(__file__).parents[1] / "dlrun"
MESSAGES = Path(__file__).with_name("messages.txt")
HEADER = """\
# Every error that dlrun raises, by module: exit code, class, message, hint ('-': a reason that a message quotes).
# Made by tests/test_messages.py. {braces} are filled in, ⟨this | that⟩ is one of them, ⟨this | ⟩ may be left out.
"""


@pytest.fixture(scope="module")
def source() -> Source:
    return Source(PACKAGE)


def entry(said: Said) -> str:
    kind, message, hint = said
    return f"  {kind}: {message}\n" + (f"      hint: {hint}\n" if hint else "")


def test_the_wordings_are_those_in_the_file(source: Source) -> None:
    found = "\n".join([HEADER, *(f"{name}\n{''.join(map(entry, said))}" for name, said in source.said())])
    if os.environ.get("DLRUN_UPDATE_MESSAGES"):
        MESSAGES.write_text(found, encoding="utf-8")

    assert found == MESSAGES.read_text(encoding="utf-8")


def test_every_call_that_makes_an_error_is_in_the_file(source: Source) -> None:
    assert source.unsaid() == []


def test_messages_are_half_sentences(source: Source) -> None:
    """A place or a path stands before them and a hint below, so they begin small and end without a full stop."""
    texts = [text for _, said in source.said() for one in said for text in one[1:] if text]

    assert len(texts) > 500
    assert [text for text in texts if re.search(r"[a-z)]\.$", text)] == []
    # Names of things may be written large: Keras, MLflow, Embedding.
    assert [text for text in texts if re.match(r"(The|A|An|No|There|It|This|Cannot|Expected|Use|Write)\b", text)] == []


def test_words_are_followed_to_where_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "till.py").write_text(
        """
from dlrun.errors import DataError, Problem, UsageError
from shop.words import refuse

ADVICE = "count again"


def pay(coins, price, *, strict):
    hint = None
    if not coins:
        message = "no coins"
        raise DataError(message, hint="bring some")
    message = f"{coins:,} coins do not pay {price!r}"
    if strict:
        hint = ADVICE
    message += " at all" if strict else ""
    raise DataError(message, hint=hint)


def sell(what: str):
    if what == "air":
        refuse(f"nobody sells '{what}'", "sell " + "something else")
    return [Problem(_doubt(what), ("shelf",), "look again")]


def _doubt(what: str) -> str:
    return f"is '{what}' a thing?"
"""
    )
    (tmp_path / "shop" / "words.py").write_text(
        """
from dlrun.errors import UsageError


def refuse(message: str, hint: str | None = None) -> None:
    raise UsageError(f"the shop is shut: {message}", hint=hint)
"""
    )

    found = Source(tmp_path / "shop")

    assert dict(found.said()) == {
        "shop/till.py": [
            ("3 DataError", "no coins", "bring some"),
            ("3 DataError", "{coins:,} coins do not pay {price!r}⟨ at all | ⟩", "⟨count again | ⟩"),
            ("2 UsageError", "the shop is shut: nobody sells '{what}'", "sell something else"),
            ("2 SpecError", "is '{what}' a thing?", "look again"),
        ]
    }
    assert found.unsaid() == []
