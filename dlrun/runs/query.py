"""``--where 'mae<2.5 and dataset=boston_housing'``: read into a tree of our own. Nothing is evaluated as code.

    either     = both ("or" both)*
    both       = one ("and" one)*
    one        = "not" one | "(" either ")" | comparison
    comparison = name sign value

Names and values are words, or texts in single or double quotes, with a backslash before a quote or a backslash in them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dlrun.errors import UsageError

SIGNS = ("<=", ">=", "==", "!=", "=", "<", ">", "~")
_DEEPEST = 100
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign><=|>=|==|!=|=|<|>|~)
      | (?P<bracket>[()])
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<word>[^\s()<>=!~"']+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"""[^\s()<>=!~"']+""")
_KEYWORDS = ("and", "or", "not")
_EXAMPLE = "as in 'mae<2.5 and dataset=boston_housing'"


@dataclass(frozen=True)
class Compared:
    """A value of a run beside one that was written: ``mae<2.5``. ``at`` is where the name stands, from 0."""

    name: str
    sign: str
    value: str
    at: int = 0


@dataclass(frozen=True)
class Not:
    """Whatever does not match."""

    inner: Condition


@dataclass(frozen=True)
class Both:
    """What matches all of several conditions."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Either:
    """What matches one of several conditions."""

    parts: tuple[Condition, ...]


Condition = Compared | Not | Both | Either


def parse_where(text: str) -> Condition:
    """Read a condition.

    Raises:
        UsageError: it cannot be read; the message points at the place.
    """
    return _Reader(text).read()


def write_where(condition: Condition) -> str:
    """Write a condition so that `parse_where` reads the same."""
    match condition:
        case Compared():
            return f"{_quoted(condition.name)}{condition.sign}{_quoted(condition.value)}"
        case Not():
            return f"not ({write_where(condition.inner)})"
        case Both():
            return " and ".join(f"({write_where(part)})" for part in condition.parts)
        case Either():
            return " or ".join(f"({write_where(part)})" for part in condition.parts)


def compared_in(condition: Condition) -> tuple[Compared, ...]:
    """List the comparisons in a condition, from left to right."""
    match condition:
        case Compared():
            return (condition,)
        case Not():
            return compared_in(condition.inner)
        case Both() | Either():
            return tuple(each for part in condition.parts for each in compared_in(part))


def refusal(text: str, at: int, message: str, hint: str | None = None) -> UsageError:
    """Make the error about a place in a condition, with a mark below it; the caller raises it."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in text)
    # Of a long condition, what stands around the place.
    start = max(0, at - 60)
    return UsageError(f"--where: {message}\n    {shown[start : start + 100]}\n    {' ' * (at - start)}^", hint=hint)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reader:
    """Goes over the tokens once, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [*self._tokenised(), _Token("end", "", len(text))]
        self._position = 0
        self._depth = 0

    def read(self) -> Condition:
        found = self._either()
        if self._next.kind != "end":
            what = "a closing bracket has no opening one" if self._next.text == ")" else "expected 'and' or 'or' here"
            raise self._refusal(what)
        return found

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._took("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._took("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Condition:
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise self._refusal(f"more than {_DEEPEST} brackets in each other")
            if self._took("not"):
                return Not(self._one())
            if self._next.kind == "bracket" and self._next.text == "(":
                return self._in_brackets()
            return self._comparison()
        finally:
            self._depth -= 1

    def _in_brackets(self) -> Condition:
        opening = self._take()
        found = self._either()
        if self._next.text != ")" or self._next.kind != "bracket":
            if self._next.kind == "end":
                raise refusal(self._text, opening.at, "this bracket is not closed")
            raise self._refusal("expected 'and', 'or' or a closing bracket here")
        self._take()
        return found

    def _comparison(self) -> Compared:
        name = self._operand("a name", "to compare")
        if self._next.kind != "sign":
            raise self._refusal(f"expected one of {' '.join(SIGNS)} after {name.text!r}")
        sign = self._take().text
        value = self._operand("a value", f"after {name.text!r} {sign}")
        return Compared(name.text, "=" if sign == "==" else sign, value.text, name.at)

    def _operand(self, what: str, where: str) -> _Token:
        token = self._next
        if token.kind not in ("word", "text") or self._keyword() is not None:
            hint = f"write {token.text!r} in quotes if it is {what}" if self._keyword() else _EXAMPLE
            raise self._refusal(f"expected {what} {where}", hint)
        return self._take()

    def _took(self, keyword: str) -> bool:
        if self._keyword() != keyword:
            return False
        self._take()
        return True

    def _keyword(self) -> str | None:
        token = self._next
        return token.text.lower() if token.kind == "word" and token.text.lower() in _KEYWORDS else None

    @property
    def _next(self) -> _Token:
        return self._tokens[self._position]

    def _take(self) -> _Token:
        self._position += 1
        return self._tokens[self._position - 1]

    def _refusal(self, message: str, hint: str | None = _EXAMPLE) -> UsageError:
        return refusal(self._text, self._next.at, message, hint)

    def _tokenised(self) -> list[_Token]:
        tokens: list[_Token] = []
        at, end = 0, len(self._text.rstrip())
        while at < end:
            match = _TOKEN.match(self._text, at)
            if match is None:
                at += len(self._text[at:]) - len(self._text[at:].lstrip())
                quote = self._text[at] in "\"'"
                what = "this quote is not closed" if quote else f"{self._text[at]!r} cannot stand here"
                raise refusal(self._text, at, what, None if quote else f"the signs are {' '.join(SIGNS)}")
            kind = str(match.lastgroup)
            text = match[kind]
            tokens.append(_Token(kind, _unquoted(text) if kind == "text" else text, match.start(kind)))
            at = match.end()
        return tokens


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _quoted(text: str) -> str:
    if _WORD.fullmatch(text) and text.lower() not in _KEYWORDS:
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
