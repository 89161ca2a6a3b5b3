"""Checks a call of something in a registry against its signature, nested calls included, without importing Keras."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from dlrun.errors import Path, Problem, SpecError
from dlrun.registry.calls import Call, positional, read_call
from dlrun.registry.entry import Entry, Parameter
from dlrun.registry.excluded import EXCLUDED
from dlrun.registry.lookup import registry
from dlrun.registry.nearest import nearest
from dlrun.registry.plugins import read
from dlrun.registry.spelling import american, fold
from dlrun.registry.values import complaint, quote, show

_MOST = 50
"""Problems that are listed of one call: nobody reads more, and a hostile spec takes no more time."""
_DEEPEST = 60  # parts of a path: a spec nested deeper is a mistake, or wants to exhaust the stack

_ONE = {
    "layers": "layer",
    "losses": "loss",
    "optimisers": "optimiser",
    "metrics": "metric",
    "initialisers": "initialiser",
    "regularisers": "regulariser",
    "constraints": "constraint",
    "activations": "activation",
    "schedules": "schedule",
}


def check_call(kind: str, name: str, arguments: Mapping[str, Any], path: Path = ()) -> list[Problem]:
    """List what is wrong with a name and its arguments: everything, or the first of very many things.

    Args:
        kind: one of `KINDS`.
        name: as written, in any accepted spelling.
        arguments: as written, with nested calls in any form that `read_call` takes.
        path: where the call stands; a problem with an argument has the argument's name appended.

    Raises:
        UsageError: if the name is a plugin's and the plugin cannot be imported.
    """
    return list(islice(_check(kind, Call(name, arguments, path, path)), _MOST))


def is_none(parameter: Parameter, value: Any) -> bool:
    """Tell whether a nested value says "none of it". Every activation may: Keras then leaves the values as they are."""
    absent = value is None or (isinstance(value, str) and value.lower() == "none")
    return absent and (parameter.nested == "activations" or (parameter.default is None and not parameter.required))


def _check(kind: str, call: Call) -> Iterator[Problem]:
    entry = registry(kind).find(call.name)
    if entry is None:
        yield unknown_name(kind, call.name, call.name_path)
        return
    if len(call.path) > _DEEPEST:
        yield Problem(f"values are nested more than {_DEEPEST} deep", call.path)
        return
    try:
        arguments = positional(entry, call.value, call.path)
    except SpecError as error:
        yield from error.problems
        return
    yield from _check_arguments(read(entry), arguments, call)


FILLED_IN = frozenset({("schedules", "initial_learning_rate")})
"""Arguments that Keras requires and a spec may leave out: a schedule starts from the optimiser's learning rate."""


def unknown_name(kind: str, name: str, path: Path) -> Problem:
    """Say that a registry has no such name, and what to write instead."""
    what = f"{_ONE[kind]} {quote(name)}"
    reasons = {fold(excluded): reason for excluded, reason in EXCLUDED[kind].items()}
    if reason := reasons.get(fold(name)):
        return Problem(f"{what} cannot be used in a spec: {reason}", path)
    if kind == "losses" and registry("metrics").find(name):
        message = (
            f"{quote(name)} is a metric: it says how good predictions are, but not which way to change the weights"
        )
        return Problem(
            message, path, hint=f"list {quote(name)} under metrics; left out, the loss follows from the task"
        )
    meant = registry(kind).suggest(name)
    if meant:
        return Problem(f"unknown {what}; did you mean '{meant}'?", path)
    return Problem(f"unknown {what}", path, hint=_where_listed(kind))


def _where_listed(kind: str) -> str:
    if kind in ("layers", "losses", "optimisers", "metrics"):
        return f"'dlrun list {kind}' shows all"
    return f"there are: {', '.join(registry(kind))}"


def _check_arguments(entry: Entry, arguments: Mapping[Any, Any], call: Call) -> Iterator[Problem]:
    given: dict[str, Any] = {}
    meant: set[str | None] = set()
    for name, value in arguments.items():
        place = (*call.path, name if isinstance(name, (str, int)) else str(name))
        parameter = entry.parameter(name) if isinstance(name, str) else None
        if parameter is None:
            guess = nearest(str(name), (item.name for item in entry.parameters))
            meant.add(guess)
            yield _unknown_argument(entry, str(name), guess, place)
        elif parameter.name in given:
            yield Problem(f"'{given[parameter.name]}' and '{name}' are the same argument; give it once", place)
        else:
            given[parameter.name] = name
            yield from _check_value(entry, parameter, value, place)
    for parameter in entry.parameters:
        needed = parameter.required and (entry.kind, parameter.name) not in FILLED_IN
        if needed and parameter.name not in {*given, *meant}:
            message = f"'{entry.name}' needs the argument '{parameter.name}'"
            yield Problem(message, call.path, hint=f"write {{{entry.name}: {{{parameter.name}: ...}}}}")


def _unknown_argument(entry: Entry, name: str, meant: str | None, path: Path) -> Problem:
    message = f"'{entry.name}' has no argument {quote(name)}"
    if meant:
        return Problem(f"{message}; did you mean '{meant}'?", path)
    names = ", ".join(parameter.name for parameter in entry.parameters)
    return Problem(message, path, hint=f"it takes: {names}" if names else "it takes none")


def _check_value(entry: Entry, parameter: Parameter, value: Any, path: Path) -> Iterable[Problem]:
    if parameter.nested is None:
        message = complaint(parameter, value, by_name=entry.origin in ("keras", "dlrun"))
        return [Problem(message, path)] if message else []
    if is_none(parameter, value):
        return []
    if takes_list(parameter) and isinstance(value, (list, tuple)):
        found = (_check_nested(parameter, item, (*path, index)) for index, item in enumerate(value))
        return [problem for problems in found for problem in problems]
    return _check_nested(parameter, value, path)


def takes_list(parameter: Parameter) -> bool:
    """Tell whether a parameter names several layers: Keras's ``layers``, ``cells``, and ``cell`` of RNN."""
    return american(parameter.name) in ("layers", "cells", "cell")


def _check_nested(parameter: Parameter, value: Any, path: Path) -> Iterable[Problem]:
    kind = str(parameter.nested)
    if isinstance(value, (str, Mapping)):
        call = read_call(value, path)
        return [call] if isinstance(call, Problem) else _check(kind, call)
    article = "an" if _ONE[kind][0] in "aeiou" else "a"
    return [Problem(f"expected {article} {_ONE[kind]} by name, not {show(value)}", path)]
