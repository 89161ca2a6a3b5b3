"""Makes the object that a name and its arguments stand for.

Nested names are built here as well, by the same registries: Keras never sees a name or a mapping that it would have to
look up or deserialise.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from dlrun.errors import Path, Problem, SpecError
from dlrun.registry.calls import Call, positional, read_call
from dlrun.registry.check import check_call, is_none, takes_list, unknown_name
from dlrun.registry.entry import Entry, Parameter
from dlrun.registry.loading import load
from dlrun.registry.lookup import registry
from dlrun.registry.plugins import read

# An activation with arguments has to be an object that Keras can save. Four of them are layers in Keras's public API;
# for the others only the operations that Keras itself is made of know their arguments.
_ACTIVATION_OBJECTS = {
    "relu": "keras.layers:ReLU",
    "leaky_relu": "keras.layers:LeakyReLU",
    "elu": "keras.layers:ELU",
    "softmax": "keras.layers:Softmax",
    "celu": "keras.src.ops.nn:Celu",
    "gelu": "keras.src.ops.nn:Gelu",
    "glu": "keras.src.ops.nn:Glu",
    "hard_shrink": "keras.src.ops.nn:HardShrink",
    "log_softmax": "keras.src.ops.nn:LogSoftmax",
    "soft_shrink": "keras.src.ops.nn:SoftShrink",
    "sparsemax": "keras.src.ops.nn:Sparsemax",
    "squareplus": "keras.src.ops.nn:Squareplus",
    "threshold": "keras.src.ops.nn:Threshold",
}


def instantiate(kind: str, name: str, arguments: Mapping[str, Any] | None = None, path: Path = ()) -> Any:
    """Build a fresh layer, loss, optimiser, ...; an activation without arguments is Keras's function itself.

    Args:
        kind: one of `KINDS`.
        name: in any accepted spelling.
        arguments: as in a spec: lists stand for tuples, nested names and mappings for nested objects.
        path: where the call stands in the spec, for problems.

    Raises:
        SpecError: if `check_call` finds problems, or Keras refuses a value.
        UsageError: if a plugin cannot be imported.
    """
    given = dict(arguments or {})
    problems = check_call(kind, name, given, path)
    if problems:
        raise SpecError(problems)
    return _build(kind, Call(name, given, path, path))


def _build(kind: str, call: Call) -> Any:
    entry = registry(kind).find(call.name)
    if entry is None:
        raise SpecError([unknown_name(kind, call.name, call.name_path)])
    entry = read(entry)
    arguments = _arguments(entry, positional(entry, call.value, call.path), call.path)
    target = load(entry)
    if kind == "activations" and not inspect.isclass(target):
        return _activation(entry, target, arguments, call.path)
    return _construct(entry, target, arguments, call.path)


def _activation(entry: Entry, function: Any, arguments: Mapping[str, Any], path: Path) -> Any:
    if not arguments:
        return function
    if entry.origin != "keras":
        message = f"'{entry.name}' of package '{entry.origin}' is a function; with arguments a model could not be saved"
        raise SpecError([Problem(message, path, hint="give it without arguments")])
    module, _, name = _ACTIVATION_OBJECTS[entry.name].partition(":")
    return _construct(entry, getattr(importlib.import_module(module), name), arguments, path)


def _construct(entry: Entry, constructor: Any, arguments: Mapping[str, Any], path: Path) -> Any:
    if entry.origin == "dlrun":
        return constructor(**arguments)
    try:
        return constructor(**arguments)
    except Exception as problem:  # Keras's and plugins' constructors alone: they refuse values in many ways
        message = f"{'Keras' if entry.origin == 'keras' else entry.origin} refuses '{entry.name}': {problem}"
        raise SpecError([Problem(message, path)]) from problem


def _arguments(entry: Entry, given: Mapping[str, Any], path: Path) -> dict[str, Any]:
    found = ((entry.parameter(name), value, (*path, name)) for name, value in given.items())
    return {parameter.name: _value(parameter, value, place) for parameter, value, place in found if parameter}


def _value(parameter: Parameter, value: Any, path: Path) -> Any:
    if parameter.nested is None:
        return _tuples(value)
    if is_none(parameter, value):
        return None
    if takes_list(parameter) and isinstance(value, (list, tuple)):
        return [_nested(parameter.nested, item, (*path, index)) for index, item in enumerate(value)]
    return _nested(parameter.nested, value, path)


def _nested(kind: str, value: Any, path: Path) -> Any:
    call = read_call(value, path)
    if isinstance(call, Problem):
        raise SpecError([call])
    return _build(kind, call)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value
