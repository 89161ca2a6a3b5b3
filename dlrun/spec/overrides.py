"""``--set a.b=c``: puts a value into a document, also where the document uses a short form or says nothing yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlrun.errors import Path, Problem, SpecError
from dlrun.registry.lookup import registry
from dlrun.registry.spelling import british
from dlrun.registry.values import show
from dlrun.spec.document import Document, Override, Raw, british_path
from dlrun.spec.files import printable, text_problems
from dlrun.spec.reader import parse
from dlrun.spec.shapes import (
    LAYER_KEYS,
    SPEC,
    DatasetShape,
    FileShape,
    LayerShape,
    Leaf,
    ListShape,
    NamedShape,
    SectionShape,
    Shape,
    StepShape,
    layer_kind,
    long_form,
    own_key,
    same_name,
    spelt_our_way,
)
from dlrun.spec.steps import STEPS, Augment, Derive
from dlrun.spec.wording import home_of, nearest_key


class _NoSuchPathError(Exception):
    """A path leads nowhere: what is wrong with it, and a hint."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True)
class _Step:
    """A value after one override, and the full path of what was set in it."""

    value: Raw
    path: Path


def apply_overrides(document: Document, overrides: Sequence[str]) -> tuple[Document, list[Problem]]:
    """Set values one after another; those that cannot be set are returned as problems, and the rest is set.

    Args:
        document: the spec as its files say it.
        overrides: each ``path=value``; the value is YAML.
    """
    problems: list[Problem] = []
    for text in overrides:
        place = Override.of(text)
        try:
            document = _apply(document, text, place)
        except _NoSuchPathError as error:
            problems.append(Problem(printable(error.message, 2000), hint=error.hint, place=place))
        except SpecError as error:
            problems += error.problems
    return document, problems


def _apply(document: Document, text: str, place: Override) -> Document:
    name, equals, value_text = text.partition("=")
    parts = name.strip().split(".")
    if not equals or not all(parts):
        raise _NoSuchPathError("expected PATH=VALUE, such as optimiser.learning_rate=0.01")
    if problems := text_problems(value_text, place.file):
        raise SpecError([Problem(problem.message, hint=problem.hint, place=place) for problem in problems])
    given = parse(value_text, place.file, place)
    step = _set(document.value, SPEC, parts, given.value, ())
    where = british_path(step.path)
    kept = {path: mark for path, mark in document.marks.items() if path[: len(where)] != where}
    around = {where[:end]: place for end in range(1, len(where) + 1)}  # of what the option made on its way
    return Document(step.value, {**around, **kept, where: place, **{(*where, *path): place for path in given.marks}})


def _set(raw: Raw, shape: Shape, parts: Sequence[str], value: Raw, path: Path) -> _Step:
    """Set a value below one of a known shape."""
    if not parts:
        return _Step(spelt_our_way(value, shape), path)
    match shape:
        case SectionShape():
            return _in_section(raw, shape, parts, value, path)
        case ListShape():
            return _in_list(raw, shape, parts, value, path)
        case NamedShape():
            return _in_named(raw, shape, parts, value, path)
        case LayerShape():
            return _in_layer(raw, parts, value, path)
        case StepShape():
            return _in_step(raw, parts, value, path)
        case DatasetShape():
            return _in_options(long_form(raw, shape), "a dataset", parts, value, path)
        case FileShape():
            return _in_free(long_form(raw, shape), parts, value, path)
        case Leaf():
            return _in_free(raw, parts, value, path)


def _put(raw: dict[str, Raw], key: str, inner: _Step) -> _Step:
    return _Step({**raw, key: inner.value}, inner.path)


def _in_section(raw: Raw, shape: SectionShape, parts: Sequence[str], value: Raw, path: Path) -> _Step:
    written = {} if raw is None else long_form(raw, shape)
    if not isinstance(written, dict):
        raise _NoSuchPathError(f"'{_dotted(path)}' is {show(raw)}, nothing can be set in it")
    key = own_key(parts[0], shape.keys)
    if key is None:
        near = nearest_key(parts[0], shape.keys)
        inside = f" in '{_dotted(path)}'" if path else ""
        message = f"there is no key '{printable(parts[0])}'{inside}" + (f"; did you mean '{near}'?" if near else "")
        home = home_of(parts[0])
        hint = f"'{parts[0]}' belongs {home}" if home else f"the keys are: {', '.join(shape.keys)}"
        raise _NoSuchPathError(message, None if near else hint)
    return _put(written, key, _set(written.get(key), shape.keys[key], parts[1:], value, (*path, key)))


def _in_list(raw: Raw, shape: ListShape, parts: Sequence[str], value: Raw, path: Path) -> _Step:
    entries = [] if raw is None else raw if isinstance(raw, list) else [raw]
    index = _index(parts[0], len(entries), shape.what)
    old = entries[index] if index < len(entries) else None
    if old is None and parts[1:]:
        name = _dotted((*path, index))
        raise _NoSuchPathError(f"there is no {name} yet", f"set it whole: {name}=...")
    inner = _set(old, shape.entry, parts[1:], value, (*path, index))
    return _Step([*entries[:index], inner.value, *entries[index + 1 :]], inner.path)


def _index(part: str, length: int, what: str) -> int:
    """Read an index; the one after the last appends."""
    if not (part.isascii() and part.isdecimal()) or len(part) > 9:
        raise _NoSuchPathError(f"expected a number to choose among the {what}, not '{printable(part)}'")
    if int(part) > length:
        there = f"there are {length}, counted from 0" if length else "there are none"
        raise _NoSuchPathError(f"{part} is out of range: of the {what}, {there}", f"{length} appends one")
    return int(part)


def _in_named(raw: Raw, shape: NamedShape, parts: Sequence[str], value: Raw, path: Path) -> _Step:
    written = long_form(shape.default if raw is None else raw, shape)
    key = parts[0]
    if written is None and key != "name":
        raise _NoSuchPathError(f"'{_dotted(path)}' has no name yet", f"set it first: {_dotted(path)}=NAME")
    if written is None:
        written = {}
    if not isinstance(written, dict):
        raise _NoSuchPathError(f"'{_dotted(path)}' is {show(raw)}, nothing can be set in it")
    if same_name(key, written.get("name")):
        if parts[1:]:
            return _in_free(written, parts[1:], value, path)
        return _Step({key: value}, path)
    if len(parts) > 1 and key != "name" and registry(shape.kind).find(key):
        raise _NoSuchPathError(f"'{_dotted(path)}' is {printable(str(written.get('name')))}, not {printable(key)}")
    return _in_free(written, parts, value, path)


def _in_layer(raw: Raw, parts: Sequence[str], value: Raw, path: Path) -> _Step:
    written = long_form(raw, LayerShape())
    kind = layer_kind(written) if isinstance(written, dict) else None
    if kind is None or not isinstance(written[kind], dict):
        raise _NoSuchPathError(f"'{_dotted(path)}' cannot be read as a layer, so nothing can be set in it")
    key, rest = parts[0], parts[1:]
    if key in LAYER_KEYS:
        return _in_free(written, parts, value, path)
    if same_name(key, kind):
        inner = _in_free(written[kind], rest, value, (*path, kind)) if rest else _Step(value, (*path, kind))
        return _put(written, kind, inner)
    if key[:1].isupper() and registry("layers").find(key):
        raise _NoSuchPathError(f"'{_dotted(path)}' is a {kind} layer, not {key}")
    return _put(written, kind, _in_free(written[kind], parts, value, (*path, kind)))


def _in_step(raw: Raw, parts: Sequence[str], value: Raw, path: Path) -> _Step:
    written = long_form(raw, StepShape())
    if isinstance(written, dict) and same_name(parts[0], written.get("step")):
        if not parts[1:]:
            return _Step({parts[0]: value}, path)
        parts = parts[1:]
    if isinstance(written, dict) and (home := _unnamed_option(written)) and parts[0] not in written:
        parts = [home, *parts]
    return _in_options(written, "a step", parts, value, path)


def _unnamed_option(written: dict[str, Raw]) -> str | None:
    """Name the option that holds what stands right below a step: the expressions of ``derive``, augmenting layers."""
    model, short = STEPS.get(british(str(written.get("step"))), (None, ""))
    return short if model in (Derive, Augment) else None


def _in_options(written: Raw, what: str, parts: Sequence[str], value: Raw, path: Path) -> _Step:
    if not isinstance(written, dict):
        raise _NoSuchPathError(f"'{_dotted(path)}' cannot be read as {what}, so nothing can be set in it")
    return _in_free(written, parts, value, path)


def _in_free(raw: Raw, parts: Sequence[str], value: Raw, path: Path) -> _Step:
    """Set a value among free keys or indices; what they mean is checked with the rest of the spec."""
    if not parts:
        return _Step(value, path)
    if isinstance(raw, list):
        index = _index(parts[0], len(raw), "entries")
        inner = _in_free(raw[index] if index < len(raw) else None, parts[1:], value, (*path, index))
        return _Step([*raw[:index], inner.value, *raw[index + 1 :]], inner.path)
    if raw is None or isinstance(raw, dict):
        written = dict(raw or {})
        return _put(written, parts[0], _in_free(written.get(parts[0]), parts[1:], value, (*path, parts[0])))
    raise _NoSuchPathError(f"'{_dotted(path)}' is {show(raw)}: there is no '{printable(parts[0])}' in it")


def _dotted(path: Path) -> str:
    """Write a path as ``--set`` takes it."""
    return ".".join(printable(str(part)) for part in path)
