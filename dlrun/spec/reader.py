"""Parses YAML as data: plain values, and the place of each."""

from __future__ import annotations

import yaml

from dlrun.errors import Path, Place, Problem, SpecError
from dlrun.spec.composer import Composer, Node, StopError
from dlrun.spec.document import Document, Raw, british_path
from dlrun.spec.files import read_text
from dlrun.spec.syntax import syntax_problem


def read_file(file: str) -> Document:
    """Read and parse a spec's file.

    Raises:
        SpecError: the file cannot be read, is no YAML, or says the same key twice; all problems at once.
    """
    text = read_text(file)
    document = parse(text, file)
    if not isinstance(document.value, dict):
        raise SpecError([_no_mapping(document, file)])
    return document


def _no_mapping(document: Document, file: str) -> Problem:
    hint = "a spec needs at least 'dataset' and 'layers'"
    if document.value is None:
        return Problem("the file is empty", hint=hint, place=Place(file, 1, 1))
    kind = "a list" if isinstance(document.value, list) else "one value"
    return Problem(f"expected keys such as 'dataset' and 'layers', got {kind}", hint=hint, place=document.marks[()])


def parse(text: str, file: str, place: Place | None = None) -> Document:
    """Parse one YAML document.

    Args:
        text: the YAML; without characters that YAML does not allow.
        file: its name, for the places.
        place: the place of everything in it, where it comes from no file.

    Raises:
        SpecError: with every problem that could be found.
    """
    composer = Composer(text, file, place)
    try:
        root = composer.document()
    except StopError:
        root = None
    except yaml.YAMLError as error:
        root = None
        composer.problems.append(syntax_problem(error, composer.lines, composer.place_at))
    if composer.problems:
        raise SpecError(composer.problems)
    marks: dict[Path, Place] = {}
    value = _unfold(root, (), marks) if root else None
    return Document(value, marks)


def _unfold(node: Node, path: Path, marks: dict[Path, Place]) -> Raw:
    """Turn nodes into plain values, and file the place of each."""
    marks.setdefault(path, node.place)
    if node.entries is not None:
        return [_unfold(entry, (*path, index), marks) for index, entry in enumerate(node.entries)]
    if node.fields is not None:
        value = {}
        for key, (place, child) in node.fields.items():
            spelt = british_path((*path, key))
            # Both spellings are filed, so that a key given in both can be pointed at.
            marks[(*path, key)] = place
            marks.setdefault(spelt, place)
            value[key] = _unfold(child, spelt, marks)
        return value
    return node.scalar
