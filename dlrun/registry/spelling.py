"""British and American spelling of the words that dlrun and Keras use: which twin a name has."""

from __future__ import annotations

import re
from functools import lru_cache

_IZE_STEMS = (
    "colori|discreti|equali|factori|generali|initiali|normali|optimi|posteri|quanti|randomi|regulari|seriali|solari"
    "|standardi|summari|tokeni|vectori"
)
_BRITISH_IZE = re.compile(rf"({_IZE_STEMS})s(?=e|ing|ation)", re.IGNORECASE)
_AMERICAN_IZE = re.compile(rf"({_IZE_STEMS})z(?=e|ing|ation)", re.IGNORECASE)

# British, American; the longer forms first, because they contain the shorter ones.
_WORDS = (("centred", "centered"), ("centring", "centering"), ("centre", "center"), ("colour", "color"))


_REMEMBERED = 100
"""Letters up to which a text's other spelling is kept: a spec asks for those of the same few names all the time."""


def american(text: str) -> str:
    """Respell a name the American way: ``kernel_regulariser`` becomes ``kernel_regularizer``. Case is kept."""
    return _known_american(text) if len(text) <= _REMEMBERED else _american(text)


def _american(text: str) -> str:
    text = _BRITISH_IZE.sub(lambda match: match[1] + _in_case_of("z", match[0][-1]), text)
    for british_word, american_word in _WORDS:
        text = _replace_word(text, british_word, american_word)
    return text


def british(text: str) -> str:
    """Respell a name the British way: ``BatchNormalization`` becomes ``BatchNormalisation``. Case is kept."""
    return _known_british(text) if len(text) <= _REMEMBERED else _british(text)


def _british(text: str) -> str:
    text = _AMERICAN_IZE.sub(lambda match: match[1] + _in_case_of("s", match[0][-1]), text)
    for british_word, american_word in _WORDS:
        text = _replace_word(text, american_word, british_word)
    return text


_known_american, _known_british = lru_cache(4096)(_american), lru_cache(4096)(_british)


def fold(text: str) -> str:
    """Reduce a name to what decides whether two names are the same: no case, no underscores, one spelling."""
    return american(text).lower().replace("_", "").replace("-", "").replace(" ", "")


def _replace_word(text: str, old: str, new: str) -> str:
    return re.sub(old, lambda match: _in_case_of(new, match[0]), text, flags=re.IGNORECASE)


def _in_case_of(new: str, old: str) -> str:
    if old.isupper():
        return new.upper()
    return new[0].upper() + new[1:] if old[0].isupper() else new
