"""``dlrun compare``: is one run really better than another?"""

from __future__ import annotations

from io import StringIO
from typing import Annotated

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal
from dlrun.errors import UsageError


def compare(
    run: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="Two runs or more; the others are compared with the first."),
    ],
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="NAME", help="The score to compare by. [default: the primary one]")
    ] = None,
    rope: Annotated[
        float | None,
        typer.Option("--rope", metavar="X", help="Differences up to X are practically none; adds probabilities."),
    ] = None,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="Compare runs that were scored on different rows as well.")
    ] = False,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: a line a run.")] = False,
    as_md: Annotated[bool, typer.Option("--md", help="Print a Markdown table.")] = False,
    debug: options.Debug = False,
) -> None:
    """Compare finished runs by a paired test, in words: better, worse, or what would show it."""
    from dlrun.report.comparison import COLUMNS, comparison_markdown, comparison_rows, render_comparison
    from dlrun.runs import find_run
    from dlrun.runs.formats import write_csv

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        if len(run) < 2:
            raise UsageError("one run has nothing to be compared with", hint="name two: dlrun compare RUN latest")
        if as_json + as_csv + as_md > 1:
            raise UsageError("--json, --csv and --md exclude each other", hint="give one of them")
        if rope is not None and not 0 <= rope < float("inf"):
            raise UsageError(f"--rope {rope:g}: expected a number of at least 0, in the metric's unit")
        from dlrun.experiment.comparing import compare_runs

        folders = [find_run(runs, one) for one in run]
        if len({folder.resolve() for folder in folders}) < len(folders):
            raise UsageError("a run is named twice, and is no better than itself", hint="name runs that differ")
        comparison = compare_runs(folders, metric=metric, rope=rope, unpaired=unpaired)
        if as_json:
            terminal.result_json(comparison)
        elif as_csv:
            write_csv(written := StringIO(), COLUMNS, comparison_rows(comparison))
            terminal.result(written.getvalue().rstrip("\n"))
        elif as_md:
            terminal.result(comparison_markdown(comparison))
        else:
            terminal.result(render_comparison(comparison, width=terminal.width, unicode=terminal.unicode))
