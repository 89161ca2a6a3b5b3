"""``extends``: reads a file and what it inherits from, and merges them; the nearest file wins.

Mappings merge key by key, lists are replaced whole. A dataset merges while its source stays the same, an optimiser (or
loss, ...) while its name does, a file while its path does. Problems in a file that is inherited from show that file's
name and line.
"""

from __future__ import annotations

import os

from dlrun.errors import Path, Place, Problem, SpecError
from dlrun.registry.values import show
from dlrun.spec.document import Document, Raw, british_path
from dlrun.spec.files import printable
from dlrun.spec.reader import read_file
from dlrun.spec.shapes import (
    EXTENDS,
    SPEC,
    DatasetShape,
    FileShape,
    NamedShape,
    SectionShape,
    Shape,
    long_form,
    only_arguments,
    same_name,
    spelt_our_way,
)

MAX_CHAIN = 10


def read_chain(file: str) -> Document:
    """Read a spec with everything that it inherits, as one document.

    Raises:
        SpecError: a file cannot be read, or the files inherit from each other in a circle.
    """
    documents = []
    chain: list[str] = []
    place: Place | None = None
    following: str | None = file
    while following is not None:
        _refuse_circle(following, chain, place)
        chain.append(following)
        document = _read(following, place)
        following, place = _parent(document, following), document.place((EXTENDS,))
        value = {key: item for key, item in document.value.items() if key != EXTENDS}
        documents.append(Document(spelt_our_way(value, SPEC), document.marks))
    merged = documents.pop()
    while documents:
        merged = _merge(merged, documents.pop())
    return merged


def _refuse_circle(file: str, chain: list[str], place: Place | None) -> None:
    if not chain:
        return
    real = os.path.realpath(file)
    shown = " → ".join(printable(name) for name in [*chain, file])
    if real in (os.path.realpath(name) for name in chain):
        raise SpecError([Problem(f"the files inherit from each other in a circle: {shown}", (EXTENDS,), place=place)])
    if len(chain) == MAX_CHAIN:
        message = f"more than {MAX_CHAIN} files inherit from each other: {shown}"
        raise SpecError([Problem(message, (EXTENDS,), place=place)])


def _read(file: str, place: Place | None) -> Document:
    """Read one file; that it cannot be read is a problem of the line that named it."""
    try:
        return read_file(file)
    except SpecError as error:
        if place is None:
            raise
        raise SpecError(
            [
                problem if problem.place else Problem(problem.message, (EXTENDS,), problem.hint, place)
                for problem in error.problems
            ]
        ) from error


def _parent(document: Document, file: str) -> str | None:
    """Name the file that a document inherits from, as seen from here."""
    if EXTENDS not in document.value:
        return None
    name = document.value[EXTENDS]
    if not isinstance(name, str) or not name or "\0" in name:
        problem = Problem(f"expected the name of a file, not {show(name)}", (EXTENDS,))
        raise SpecError([document.located(problem)])
    return os.path.normpath(os.path.join(os.path.dirname(file), os.path.expanduser(name)))


def _merge(far: Document, near: Document) -> Document:
    """Lay a document over the one it inherits from."""
    replaced: list[Path] = []
    value = _merged(far.value, near.value, SPEC, (), replaced)
    gone = {british_path(path) for path in replaced}
    kept = {
        path: place for path, place in far.marks.items() if not any(path[:end] in gone for end in range(len(path) + 1))
    }
    return Document(value, {**kept, **near.marks})


def _merged(far: Raw, near: Raw, shape: Shape, path: Path, replaced: list[Path]) -> Raw:
    """Merge two values of one shape; notes the paths where nothing of the far one is left."""
    one, other = long_form(far, shape), long_form(near, shape)
    if not (isinstance(one, dict) and isinstance(other, dict) and _mergeable(one, other, shape)):
        replaced.append(path)
        return near
    result = dict(one)
    for key, item in other.items():
        inner = shape.keys.get(key) if isinstance(shape, SectionShape) else None
        if inner and key in one:
            result[key] = _merged(one[key], item, inner, (*path, key), replaced)
        else:
            replaced.append((*path, key))
            result[key] = item
    return result


def _mergeable(far: dict[str, Raw], near: dict[str, Raw], shape: Shape) -> bool:
    match shape:
        case SectionShape():
            return True
        case NamedShape():
            return "name" in far and (only_arguments(near, shape.kind) or same_name(far["name"], near.get("name")))
        case DatasetShape():
            return "source" not in near or same_name(far.get("source"), near["source"])
        case FileShape():
            return "path" not in near  # a checksum belongs to one file
    return False
