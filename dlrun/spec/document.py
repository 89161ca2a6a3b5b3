"""A spec's file as plain values, with the place that each of them has: what everything after the parser works on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from dlrun.errors import Path, Place, Problem
from dlrun.registry.spelling import british
from dlrun.spec.files import printable

Raw = Any
"""None, bool, int, float, str, or lists and mappings (with text keys) of them."""

Marks = Mapping[Path, Place]

MOST = 50
"""Problems after which nothing more is checked: a person mends these first, and a hostile file takes no more time."""
AND_MORE = f"there may be more: nothing else was checked after {MOST} problems"
_SHOWN = 2000  # characters of a message: a list of all keys is long, but not endless


def british_path(path: Path) -> Path:
    """Spell a path the one way that places are filed under."""
    return tuple(british(part) if isinstance(part, str) else part for part in path)


@dataclass(frozen=True)
class Override(Place):
    """The place of a value that was set on the command line: the option, instead of a line in a file."""

    def __str__(self) -> str:
        return self.file

    @classmethod
    def of(cls, text: str) -> Override:
        """Point at one ``--set``."""
        return cls(f"--set {printable(text)}", 1, 1)


@dataclass(frozen=True)
class Document:
    """A parsed file, or several that were merged.

    Args:
        value: what it says.
        marks: the place of every key and list entry, by its path in British spelling, the last key also as written.
    """

    value: Raw
    marks: Marks

    def place(self, path: Path) -> Place | None:
        """Find the place of a value or, where it has none, of the nearest one around it."""
        spelt = british_path(path)
        for end in range(len(path), -1, -1):
            for wanted in ((*spelt[:end][:-1], *path[:end][-1:]), spelt[:end]):
                if wanted in self.marks:
                    return self.marks[wanted]
        return None

    def located(self, problem: Problem) -> Problem:
        """Fill in the place of a problem that has only a path."""
        return problem if problem.place else replace(problem, place=self.place(problem.path))


class EnoughError(Exception):
    """As many problems were found as anybody reads at once; caught where the checks were begun."""


@dataclass
class Findings:
    """Collects the problems of one document, each with its place; raises EnoughError with the last that it takes."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    def add(self, message: str, path: Path, hint: str | None = None, key: str | None = None) -> None:
        """Note a problem of the value at a path; with ``key``, of that key in it."""
        place = self.document.place((*path, key) if key is not None else path)
        self._note(Problem(message, path, hint, place))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Note problems that were found elsewhere."""
        for problem in problems:
            self._note(self.document.located(problem))

    def _note(self, problem: Problem) -> None:
        """Keep a problem, fit to show: a key out of the file may hold anything, and be endless."""
        shown = takewhile(lambda part: isinstance(part, int) or (part.isprintable() and len(part) <= 100), problem.path)
        message, hint = printable(problem.message, _SHOWN), problem.hint and printable(problem.hint, _SHOWN)
        self.problems.append(replace(problem, message=message, hint=hint, path=tuple(shown)))
        if len(self.problems) >= MOST:
            raise EnoughError

    def inside(self, path: Path) -> bool:
        """Whether anything at or below a path is wrong."""
        return any(problem.path[: len(path)] == path for problem in self.problems)
