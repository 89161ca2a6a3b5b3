"""What installed packages add: entry points in the groups ``dlrun.layers``, ``dlrun.losses``, ..., ``dlrun.datasets``.

Finding them imports nothing of the package; reading a plugin's signature does, and happens when its name is used.
A spec can name a plugin, but never a module: what counts is what was installed.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from dlrun.errors import UsageError
from dlrun.registry.entry import Entry
from dlrun.registry.loading import load
from dlrun.registry.signature import inputs_of, parameters_of, summary_of
from dlrun.registry.spelling import fold
from dlrun.registry.table import Registry


def plugins(kind: str, taken: Iterable[Entry]) -> tuple[Entry, ...]:
    """List the plugins of a kind, unread.

    Raises:
        UsageError: if a plugin has the name of a built-in entry, or two packages give the same name.
    """
    owners = {fold(name): entry.origin for entry in taken for name in (entry.name, *entry.aliases)}
    found: list[Entry] = []
    for point in sorted(entry_points(group=f"dlrun.{kind}"), key=lambda point: (point.name, point.value)):
        entry = _entry(kind, point)
        if owner := owners.get(fold(entry.name)):
            raise _clash(entry, owner)
        owners[fold(entry.name)] = entry.origin
        found.append(entry)
    return tuple(found)


@cache
def plugin_datasets() -> Mapping[str, Entry]:
    """List the data sets that installed packages bring, by name."""
    return Registry(plugins("datasets", ()))


def read(entry: Entry) -> Entry:
    """Fill in what only the object itself tells, importing it: parameters, inputs, summary. Built-in entries are known.

    Raises:
        UsageError: if the plugin cannot be imported, or cannot be called.
    """
    return entry if entry.known else _read(entry)


@cache
def _read(entry: Entry) -> Entry:
    target = load(entry)
    try:
        parameters = parameters_of(target, entry.kind)
        inputs = inputs_of(target) if entry.kind == "layers" else ()
    except (TypeError, ValueError, AttributeError) as problem:
        message = f"'{entry.name}' of package '{entry.origin}' cannot serve as one of the {entry.kind}: {problem}"
        raise UsageError(message, hint=f"ask the makers of '{entry.origin}'") from problem
    summary = summary_of(target) if inspect.getdoc(target) else entry.summary
    return replace(entry, parameters=parameters, inputs=inputs, summary=summary, known=True)


def _entry(kind: str, point: EntryPoint) -> Entry:
    package = point.dist.name if point.dist else "an unknown package"
    summary = "signature known after import"
    return Entry(kind, point.name, point.value, summary=summary, origin=package, known=False)


def _clash(entry: Entry, owner: str) -> UsageError:
    rival = "a built-in name" if owner in ("keras", "dlrun") else f"also given by package '{owner}'"
    return UsageError(
        f"package '{entry.origin}' brings '{entry.name}' for the {entry.kind}, which is {rival}",
        hint=f"uninstall '{entry.origin}', or ask its makers for another name",
    )
