"""The ways a spec may write "this name, with these arguments", read into one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlrun.errors import Path, Problem, SpecError
from dlrun.registry.entry import BASE_LAYER_ARGUMENTS, Entry
from dlrun.registry.plugins import read
from dlrun.registry.values import show


@dataclass(frozen=True)
class Call:
    """A name and what it is called with, as written.

    Args:
        value: None, a mapping of arguments, or the value of the first argument alone.
        name_path: where the name stands, for a problem with it.
        path: what the arguments' names are appended to.
    """

    name: str
    value: Any
    name_path: Path
    path: Path


def read_call(value: Any, path: Path) -> Call | Problem:
    """Read ``relu``, ``{LSTM: 32}``, ``{LSTM: {units: 32}}`` or ``{name: LSTM, units: 32}``."""
    if isinstance(value, str):
        return Call(value, None, path, path)
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        rest = {key: argument for key, argument in value.items() if key != "name"}
        return Call(value["name"], rest, (*path, "name"), path)
    if isinstance(value, Mapping) and len(value) == 1 and isinstance(name := next(iter(value)), str):
        inside = (*path, name)
        return Call(name, value[name], inside, inside)
    hint = "write NAME, {NAME: {argument: value}} or {name: NAME, argument: value}"
    return Problem(f"expected a name, with or without arguments, not {show(value)}", path, hint)


def positional(entry: Entry, value: Any, path: Path = ()) -> dict[str, Any]:
    """Say what ``Dense: 64`` means: the value of the first argument. A mapping is the arguments; null is none at all.

    Raises:
        SpecError: if there is a value and the entry takes no arguments of its own.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    first = next((item.name for item in read(entry).parameters if item.name not in BASE_LAYER_ARGUMENTS), None)
    if first is None:
        raise SpecError([Problem(f"'{entry.name}' takes no arguments, but got {show(value)}", path)])
    return {first: value}
