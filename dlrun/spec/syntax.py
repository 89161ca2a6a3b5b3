"""Says in our words what PyYAML found wrong: its own are about parsers, not about the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlrun.errors import Place, Problem

# Part of PyYAML's text (of libyaml's, and of its parser in Python where that differs) → message, hint.
_WORDINGS = (
    (
        ("mapping values are not allowed",),
        "a ':' stands where none can be",
        "indent the line as its neighbours are; a text with ': ' in it goes in quotes",
    ),
    (
        ("could not find expected ':'",),
        "this is neither 'key: value' nor a list entry",
        "is a ':' or the '-' missing, or the blank after it?",
    ),
    (("expected ',' or ']'", "',' or ']'"), "a list in [ ] is not closed, or a ',' is missing", None),
    (("expected ',' or '}'", "',' or '}'"), "a mapping in { } is not closed, or a ',' is missing", None),
    (
        ("expected key", "expected <block end>", "expected '-' indicator"),
        "this line does not fit the ones above",
        "entries of one list or mapping are indented alike; nothing follows a closing quote",
    ),
    (("unexpected end of stream", "end of stream"), "a quote is not closed", None),
    (
        ("cannot start any token",),
        "a text cannot start with this character",
        "put it in quotes",
    ),
    (
        ("unknown escape character",),
        'there is no such escape in a text in " "',
        "write \\\\ for a backslash, or use ' '",
    ),
    (("escape",), 'an escape in a text in " " is not complete or means no character', None),
    (("incompatible YAML document",), "the file asks for a YAML version other than 1", "delete the line"),
    (("node content",), "a value is missing where the text ends or a bracket closes", None),
    (("<document start>",), "something follows after the end of the document", "is a bracket or brace too many?"),
)


def syntax_problem(error: Any, lines: list[str], place_at: Callable[[Any], Place]) -> Problem:
    """Turn an error of PyYAML into a problem at the spot where it noticed.

    Args:
        error: the ``yaml.YAMLError``.
        lines: of the file.
        place_at: makes a place of one of PyYAML's marks.
    """
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = place_at(mark) if mark else None
    reason = str(getattr(error, "problem", None) or "it cannot be read")
    if mark and _tab_in_front(lines, mark):
        return Problem("a tab is used to indent", place=place, hint="YAML indents with blanks only")
    for parts, message, hint in _WORDINGS:
        if any(part in reason for part in parts):
            return Problem(f"not valid YAML: {message}{_start(error, mark)}", place=place, hint=hint)
    return Problem(f"not valid YAML: {reason}", place=place)


def _tab_in_front(lines: list[str], mark: Any) -> bool:
    line = lines[mark.line] if mark.line < len(lines) else ""
    return "\t" in line[: len(line) - len(line.lstrip())]


def _start(error: Any, mark: Any) -> str:
    """Name the line where the thing began that was not finished, if that is another one."""
    context = getattr(error, "context_mark", None)
    began = str(getattr(error, "context", "") or "")
    if not context or context.line == mark.line or ("flow" not in began and "quoted" not in began):
        return ""
    return f" (it begins in line {context.line + 1})"
