"""``dlrun diff``: what differs between two runs."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal

_RUN = "A folder, its name, a unique prefix of it, or 'latest'."


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help=_RUN, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help=_RUN, show_default=False)],
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Tell what differs between two runs: spec, environment, scores. Whether it is luck, `dlrun compare` says."""
    from dlrun.report.diff import render_diff
    from dlrun.runs import find_run
    from dlrun.runs.diff import diff_runs

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        found = diff_runs(find_run(runs, a), find_run(runs, b))
        if as_json:
            terminal.result_json(found)
        else:
            terminal.result(render_diff(found, width=terminal.width, unicode=terminal.unicode))
