"""The ``dlrun`` command: its subcommands, and nothing else."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from dlrun.cli import check, compare, data, describe, final, kfold, listing, runs, schema, show, train
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
app.command()(check.check)
app.command()(describe.describe)
app.command()(runs.runs)
app.command()(show.show)
app.command()(compare.compare)
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


def leave(ending: SystemExit) -> NoReturn:
    """End the process: at once where TensorFlow is loaded, and as Python does elsewhere.

    All is told and written by now. TensorFlow would take a second to leave, and now and then it crashes on the way when
    a signal has stopped it in the middle of a step: a run that ended in good order would end with a segmentation fault.
    """
    # Another Ctrl-C ends what is left of the way out.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    if "tensorflow" not in sys.modules or isinstance(ending.code, str):
        raise ending
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a reader that has gone away was told of where it matters
            stream.flush()
    os._exit(code)
