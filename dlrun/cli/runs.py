"""``dlrun runs``: the runs there are."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal


class Action(StrEnum):
    """What can be done with runs."""

    LIST = "list"


def runs(
    action: Annotated[Action, typer.Argument(help="What to do.")] = Action.LIST,
    runs: options.Runs = options.RUNS,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Show the newest N.")] = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """List the runs, newest first: name, status, data set, score."""
    from dlrun.report.lists import render_runs
    from dlrun.runs import list_runs

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        rows = [asdict(row) for row in list_runs(runs)][:limit]
        if as_json:
            terminal.result_json({"runs": [{**row, "path": str(row["path"])} for row in rows]})
        elif rows:
            terminal.result(render_runs(rows, width=terminal.width, unicode=terminal.unicode))
        else:
            terminal.message(f"no runs in {runs}/ yet; `dlrun train SPEC` makes one")
