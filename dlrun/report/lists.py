"""Lists as text: data sets, and what a spec can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.report.tables import table

Row = Mapping[str, Any]
NAMES = frozenset({0})
"""The first column of each list holds names, which are copied and typed: they are never cut."""


def render_datasets(rows: Sequence[Row], width: int = 100, unicode: bool = True) -> str:
    """Write one line a data set: name, task, rows, features, where it comes from, whether it is here."""
    cells = [[row[key] for key in ("name", "task", "rows", "features", "origin", "state")] for row in rows]
    return table(["data set", "task", "rows", "features", "from", "state"], cells, width, unicode, NAMES)


def render_names(rows: Sequence[Row], width: int = 100, unicode: bool = True) -> str:
    """Write one line a name with its summary; a single name with its arguments, a line each."""
    if len(rows) == 1:
        return _one_name(rows[0], width, unicode)
    return table(["name", "what it is"], [[row["name"], _with_origin(row)] for row in rows], width, unicode, NAMES)


def _one_name(row: Row, width: int, unicode: bool) -> str:
    lines = [f"{row['name']}   {_with_origin(row)}"]
    if row["aliases"]:
        lines.append(f"also called {', '.join(row['aliases'])}")
    if row["arguments"]:
        cells = [[name, _default_words(default)] for name, default in row["arguments"].items()]
        lines += ["", table(["argument", "default"], cells, width, unicode)]
    return "\n".join(lines)


def _default_words(default: Any) -> str:
    return "none" if default is None else str(default).lower() if isinstance(default, bool) else str(default)


def _with_origin(row: Row) -> str:
    """Say where a name comes from, unless it is what everybody expects."""
    known = row["origin"] in ("keras", "dlrun")
    return str(row["summary"]) if known else f"{row['summary']} (from {row['origin']})"
