"""The ``dlrun`` command: its subcommands, and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from dlrun.cli import (
    check,
    compare,
    data,
    describe,
    diff,
    final,
    kfold,
    listing,
    report,
    rerun,
    resume,
    runs,
    schema,
    show,
    track,
    train,
)
from dlrun.cli.leaving import leave
from dlrun.cli.terminal import open_streams

app = typer.Typer(
    name="dlrun",
    help="Run deep-learning experiments from YAML: a spec in, an honest result out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # Rich's help costs 0.1 s at every start
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(train.train)
app.command()(kfold.kfold)
app.command("test")(final.final)
app.command()(rerun.rerun)
app.command()(resume.resume)
app.command()(check.check)
app.command()(describe.describe)
app.command()(show.show)
app.command()(diff.diff)
app.command()(compare.compare)
app.add_typer(runs.app, name="runs")
app.command()(report.report)
app.command()(track.track)
app.add_typer(data.app, name="data")
app.command("list")(listing.list_)
app.command()(schema.schema)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Run deep-learning experiments from YAML: a spec in, an honest result out."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"dlrun {installed('dlrun')}")
        raise typer.Exit


def main() -> None:
    """Start dlrun; the process ends here, with one of `dlrun.errors.ExitCode`."""
    open_streams()
    try:
        app()
    except SystemExit as ending:
        leave(ending)
