"""From a file's name to a checked, frozen spec: the front door of this package."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from dlrun.errors import Path, Place, Problem, SpecError
from dlrun.spec.document import AND_MORE, Document, EnoughError, Findings, Override, Raw
from dlrun.spec.grammar import parse_spec
from dlrun.spec.inherit import read_chain
from dlrun.spec.overrides import apply_overrides
from dlrun.spec.paths import FolderOf
from dlrun.spec.sections import ExperimentSpec


@dataclass(frozen=True)
class LoadedSpec:
    """A spec, and where each part of it stands.

    Args:
        spec: what it says.
        file: its name, as the user typed it.
        document: what the file says, with places.
    """

    spec: ExperimentSpec
    file: str
    document: Document = field(repr=False, compare=False)

    def place(self, path: Path) -> Place | None:
        """Find where a value stands, or the nearest one around it; a ``--set`` is shown in the place of a line."""
        return self.document.place(path)

    def locate(self, error: SpecError) -> SpecError:
        """Fill in the places of problems that have only a path, such as those found when the model is built."""
        return SpecError([self.document.located(problem) for problem in error.problems])


def load_spec(
    path: str | os.PathLike[str], overrides: Sequence[str] = (), *, data_root: FilePath | None = None
) -> LoadedSpec:
    """Read a spec with all that it inherits, set what the command line sets, and check everything.

    Args:
        path: the spec's file.
        overrides: each ``a.b=value``, the value in YAML; applied in order.
        data_root: where relative data paths start from, instead of the folder of the file that says them. What
            ``overrides`` say counts as said by the spec's own file.

    Raises:
        SpecError: every problem that can be found without the data and without the model, or the first of very many.
    """
    file = os.fspath(path)
    document, problems = apply_overrides(read_chain(file), overrides)
    findings = Findings(document)
    more: list[Problem] = []
    try:
        spec = parse_spec(document.value, default_name(file), _folders(document, file, data_root), findings)
    except EnoughError:
        spec, more = None, [Problem(AND_MORE)]
    problems += findings.problems
    if spec is None or problems:
        raise SpecError([*_in_order(problems), *more])
    return LoadedSpec(spec, file, document)


def written(path: str | os.PathLike[str], key: Path, overrides: Sequence[str] = ()) -> Raw:
    """Return what a spec's files and overrides say at a place, before anything is checked; None for nothing.

    Raises:
        SpecError: a file cannot be read.
    """
    document, _ = apply_overrides(read_chain(os.fspath(path)), overrides)
    value = document.value
    for part in key:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def default_name(file: str) -> str:
    """Name an experiment after its file: what a name cannot hold becomes a dash."""
    stem = os.path.splitext(os.path.basename(file))[0]
    name = re.sub(r"\.{2,}", ".", re.sub(r"[^A-Za-z0-9_.-]+", "-", stem)).lstrip(".-")
    return name[:64] or "experiment"


def _folders(document: Document, file: str, data_root: FilePath | None) -> FolderOf:
    """Make the function that tells where a relative path starts from."""

    def folder_of(path: Path) -> str:
        if data_root is not None:
            return os.path.abspath(data_root)
        place = document.place(path)
        said_by = file if place is None or isinstance(place, Override) else place.file
        return os.path.abspath(os.path.dirname(said_by))

    return folder_of


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sort problems as a reader goes: by file and line; what has no line first."""

    def key(problem: Problem) -> tuple[bool, str, int, int]:
        place = problem.place
        return (False, "", 0, 0) if place is None else (True, place.file, place.line, place.column)

    return sorted(problems, key=key)
