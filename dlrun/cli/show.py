"""``dlrun show``: one run's result again, or what its convnet looks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal
from dlrun.errors import UsageError


def show(
    run: options.Run = "latest",
    filters: Annotated[
        bool,
        typer.Option("--filters", help="Draw the first convolution's filters and a sample's response maps into RUN."),
    ] = False,
    row: Annotated[
        int | None,
        typer.Option(
            "--row", metavar="N", help="The row whose response maps are drawn; default: the first validation row."
        ),
    ] = None,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Print what came of a run, as it was printed when it ended; with --filters, draw what its convnet sees."""
    from dlrun.report.text import render_record
    from dlrun.runs import find_run, read_record

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        if row is not None and not filters:
            raise UsageError("--row says whose response maps are drawn, and nothing is drawn", hint="add --filters")
        folder = find_run(runs, run)
        if filters:
            _draw(terminal, folder, row, as_json=as_json, debug=debug)
            return
        record = {**read_record(folder), "run": str(folder)}
        if as_json:
            terminal.result_json(record)
        else:
            terminal.result(render_record(record, width=terminal.width, unicode=terminal.unicode))


def _draw(terminal: Terminal, folder: Path, row: int | None, *, as_json: bool, debug: bool) -> None:
    """Draw filters and response maps, and print where they lie."""
    from dlrun.experiment.inside import look_inside
    from dlrun.report.glyphs import clean

    with terminal.muted(debug=debug):
        inside = look_inside(folder, row)
        if as_json:
            terminal.result_json(
                {
                    "run": str(folder),
                    "row": inside.row,
                    "sample": inside.sample,
                    "filters": str(inside.filters),
                    "responses": str(inside.responses),
                }
            )
            return
        terminal.result(clean(str(inside.filters), terminal.unicode))
        terminal.result(clean(f"{inside.responses}   {inside.sample}", terminal.unicode))
