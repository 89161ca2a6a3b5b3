"""``dlrun list``: what a spec can name."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal

_YOURS = {
    "csv": "a table of yours",
    "parquet": "a table of yours",
    "npz": "arrays of yours, in one file",
    "npy": "arrays of yours, one a file, mapped into memory",
    "image_folder": "pictures of yours, a folder for each class",
    "text_folder": "texts of yours, a folder for each class",
    "timeseries": "a series of yours, cut into windows",
}


class Kind(StrEnum):
    """What can be listed."""

    LAYERS = "layers"
    LOSSES = "losses"
    OPTIMISERS = "optimisers"
    OPTIMIZERS = "optimizers"
    METRICS = "metrics"
    INITIALISERS = "initialisers"
    REGULARISERS = "regularisers"
    CONSTRAINTS = "constraints"
    ACTIVATIONS = "activations"
    SCHEDULES = "schedules"
    DATASETS = "datasets"


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One of them, with its arguments.", show_default=False)
    ] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """List what a spec can name, with arguments and one line on each."""
    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        rows = _datasets(name) if kind is Kind.DATASETS else _entries(str(kind), name)
        if as_json:
            terminal.result_json({str(kind): rows})
        else:
            from dlrun.report.lists import render_names

            terminal.result(render_names(rows, width=terminal.width, unicode=terminal.unicode))


def _entries(kind: str, name: str | None) -> list[dict[str, Any]]:
    from dlrun.errors import UsageError
    from dlrun.registry import british, registry

    table = registry(british(kind))
    chosen = list(table.values())
    if name is not None:
        found = table.find(name)
        if found is None:
            near = table.suggest(name)
            raise UsageError(f"there is no '{name}' among the {kind}", hint=f"did you mean '{near}'?" if near else None)
        chosen = [found]
    return [
        {
            "name": entry.name,
            "arguments": {parameter.name: _default(parameter) for parameter in entry.parameters},
            "summary": entry.summary,
            "origin": entry.origin,
            "aliases": list(entry.aliases),
        }
        for entry in chosen
    ]


def _default(parameter: Any) -> Any:
    return "required" if parameter.required else parameter.default


def _datasets(name: str | None) -> list[dict[str, Any]]:
    from dlrun.data import cache
    from dlrun.errors import UsageError
    from dlrun.registry import nearest, plugin_datasets, read_entry
    from dlrun.spec.sources import SOURCES, options_of

    states = {known.name: f"{known.task}, {known.origin}, {known.state}" for known in cache.status()}
    rows: list[dict[str, Any]] = [
        {
            "name": source,
            "arguments": options_of(source),
            "summary": states.get(source) or _YOURS[source],
            "origin": "dlrun",
            "aliases": [],
        }
        for source in SOURCES
    ]
    # A package is imported only where it is asked for by name.
    of_packages = [read_entry(entry) if entry.name == name else entry for entry in plugin_datasets().values()]
    rows += [
        {
            "name": entry.name,
            "arguments": {parameter.name: _default(parameter) for parameter in entry.parameters},
            "summary": entry.summary,
            "origin": entry.origin,
            "aliases": [],
        }
        for entry in of_packages
    ]
    if name is None:
        return rows
    chosen = [row for row in rows if row["name"] == name]
    if not chosen:
        near = nearest(name, [row["name"] for row in rows])
        raise UsageError(f"there is no data set '{name}'", hint=f"did you mean '{near}'?" if near else None)
    return chosen
