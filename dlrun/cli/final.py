"""``dlrun test``: the last step, once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dlrun.cli import options
from dlrun.cli.experiments import Show, present, watched
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal
from dlrun.errors import UsageError

if TYPE_CHECKING:
    from dlrun.events import OnEvent
    from dlrun.experiment import RunRecord


def final(
    run: options.Run,
    epochs: Annotated[
        str | None,
        typer.Option(
            "--epochs", metavar="N", help="Train for N epochs; 'best': up to the best epoch of the run's (mean) curve."
        ),
    ] = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train on all rows, test rows too; score nothing.")
    ] = False,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Train on all that is not test, score the test rows once, and write down that they were looked at."""
    from dlrun.runs import find_run

    terminal = Terminal()
    show = Show(as_json, quiet, verbose, debug)
    with guarded(terminal, debug=debug, as_json=as_json) as interruption:
        length = _epochs(epochs)
        folder = find_run(runs, run)

        def work(on_event: OnEvent) -> RunRecord:
            from dlrun.experiment import final_test
            from dlrun.experiment import retrain as train_on_all

            return (train_on_all if retrain else final_test)(folder, epochs=length, on_event=on_event, command=sys.argv)

        with terminal.muted(debug=debug) as noise:
            done = watched(work, terminal, noise, interruption, show)
        present({**done.record, "run": str(done.folder)}, terminal, show)


def _epochs(text: str | None) -> int | Literal["best"] | None:
    """Read a number of epochs, or the word for those of the curve."""
    if text is None or text == "best":
        return text  # type: ignore[return-value]  # mypy does not narrow a text to a literal
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:10]) <= 10**9:
        raise UsageError(f"--epochs takes a whole number of at least 1, or 'best', not {text!r}")
    return int(text)
