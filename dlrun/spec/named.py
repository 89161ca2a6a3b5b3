"""Reads what names something of a registry, in every accepted way of writing, and checks how it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlrun.errors import Path, Problem, SpecError
from dlrun.registry.calls import positional, read_call
from dlrun.registry.check import check_call, takes_list, unknown_name
from dlrun.registry.entry import Entry
from dlrun.registry.lookup import registry
from dlrun.registry.plugins import read
from dlrun.spec.document import Findings, Raw
from dlrun.spec.sections import Named
from dlrun.spec.shapes import only_arguments

NONE = "none"
"""The activation that changes nothing."""


def parse_named(raw: Raw, kind: str, path: Path, findings: Findings) -> Named | None:
    """Read ``rmsprop``, ``{RMSprop: {rho: 0.8}}`` or ``{name: rmsprop, rho: 0.8}`` and check the call."""
    if kind == "activations" and isinstance(raw, str) and raw.lower() == NONE:
        return Named(name=NONE)
    if only_arguments(raw, kind):
        key = next(iter(raw))
        if len(raw) == 1 and (key[:1].isupper() or registry(kind).suggest(key)):
            findings.extend([unknown_name(kind, key, path)])
        else:
            findings.add("there are arguments, but no name", path, hint="write {name: NAME, argument: value}")
        return None
    call = read_call(raw, path)
    if isinstance(call, Problem):
        findings.extend([call])
        return None
    found = checked_call(kind, call.name, call.value, call.name_path, call.path, findings)
    if found is None:
        return None
    entry, arguments = found
    return Named(name=_kept_name(call.name, entry), arguments=arguments)


def checked_call(
    kind: str, name: str, value: Raw, name_path: Path, path: Path, findings: Findings
) -> tuple[Entry, dict[str, Any]] | None:
    """Check a call.

    Args:
        kind: of registry.
        name: as written.
        value: what stands behind the name: nothing, a mapping of arguments, or the first one's value.
        name_path: where the name stands.
        path: what argument names are appended to.
        findings: gets the problems.

    Returns:
        The entry, and the arguments by Keras's own names; None where something is wrong.
    """
    entry = registry(kind).find(name)
    if entry is None:
        findings.extend([unknown_name(kind, name, name_path)])
        return None
    try:
        arguments = positional(entry, value, path)
    except SpecError as error:
        findings.extend(error.problems)
        return None
    problems = check_call(kind, name, arguments, path)
    findings.extend(problems)
    return None if problems else (entry, keras_arguments(entry, arguments))


def keras_arguments(entry: Entry, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write checked arguments under Keras's own names, and nested calls as ``{NAME: {argument: value}}``."""
    known = read(entry)
    result = {}
    for key, value in arguments.items():
        parameter = known.parameter(key)
        assert parameter is not None
        nested = parameter.nested
        if nested and takes_list(parameter) and isinstance(value, list):
            result[parameter.name] = [_nested(nested, item) for item in value]
        else:
            result[parameter.name] = _nested(nested, value) if nested else value
    return result


def _nested(kind: str, value: Raw) -> Raw:
    """Write one nested call in one way; a name alone stays one."""
    if not isinstance(value, dict):
        return value
    call = read_call(value, ())
    assert not isinstance(call, Problem)
    entry = registry(kind).find(call.name)
    assert entry is not None
    arguments = keras_arguments(entry, positional(entry, call.value))
    name = entry.name if kind == "layers" else _kept_name(call.name, entry)
    return {name: arguments} if arguments else name


def _kept_name(name: str, entry: Entry) -> str:
    """Keep a name that is one of the entry's own; any other spelling of it becomes the first.

    Optimisers have class names only, and everybody writes them small.
    """
    small = entry.kind == "optimisers" and name == entry.name.lower()
    return name if small or name in (entry.name, *entry.aliases) else entry.name
