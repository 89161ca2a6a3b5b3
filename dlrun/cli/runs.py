"""``dlrun runs``: the runs there are, and what can be done with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli import export, manage, options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal
from dlrun.errors import UsageError

app = typer.Typer(rich_markup_mode=None, help="List the runs, filter and sort them; tag, remove and export them.")

Sort = Annotated[
    str | None,
    typer.Option(
        "--sort", metavar="NAME", help="By a metric (best first), seconds, training.epochs, ...; -NAME: the other way."
    ),
]
_DEFAULTS = {
    "where": None,
    "sort": None,
    "reverse": False,
    "limit": None,
    "runs": options.RUNS,
    "as_json": False,
    "debug": False,
}
Reverse = Annotated[bool, typer.Option("--reverse", help="The other way round.")]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Show the first N.")]


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    where: options.Where = None,
    sort: Sort = None,
    reverse: Reverse = False,
    limit: Limit = None,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """List the runs, newest first; filter and sort them; tag, remove and export them."""
    if context.invoked_subcommand is None:
        list_(where, sort, reverse, limit, runs, as_json, debug)
        return
    # Ignored, `dlrun runs --where ... rm` would be about other runs than it says.
    given = [name for name, default in _DEFAULTS.items() if context.params[name] != default]
    if given:
        option = f"--{given[0].removeprefix('as_')}"
        with guarded(Terminal(), debug=debug, as_json=as_json):
            raise UsageError(
                f"{option} stands before '{context.invoked_subcommand}', and would have no effect there",
                hint=f"write it behind: dlrun runs {context.invoked_subcommand} {option} ...",
            )


@app.command("list")
def list_(
    where: options.Where = None,
    sort: Sort = None,
    reverse: Reverse = False,
    limit: Limit = None,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """List the runs, newest first: status, data, score, and what differs between their specs."""
    from dlrun.report.runs import render_runs
    from dlrun.runs.listing import list_runs, uncollected
    from dlrun.runs.overview import overview

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json), uncollected():
        found = overview(list_runs(runs), where=where, sort=sort, reverse=reverse, limit=limit, details=as_json)
        if as_json:
            terminal.result_json({"runs": found.rows})
        elif found.rows:
            terminal.result(
                render_runs(
                    found.rows,
                    terminal.width,
                    terminal.unicode,
                    labels=found.labels,
                    sorted_by=found.sorted_by,
                    found=found.found,
                )
            )
        else:
            terminal.message(_nothing(runs, found.total))


def _nothing(runs: Path, total: int) -> str:
    if not total:
        return f"no runs in {runs}/ yet; `dlrun train SPEC` makes one"
    return f"none of {total} runs in {runs}/ is like that" if total > 1 else f"the one run in {runs}/ is not like that"


app.command("tag")(manage.tag)
app.command("rm")(manage.remove)
app.command("export")(export.export)
