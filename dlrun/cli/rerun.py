"""``dlrun rerun``: a run once more, and whether it came out the same."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli import options
from dlrun.cli.experiments import Show, present, watched
from dlrun.cli.guard import guarded, tell
from dlrun.cli.terminal import Terminal
from dlrun.errors import ExitCode, GateError

if TYPE_CHECKING:
    from dlrun.events import OnEvent
    from dlrun.experiment import RunRecord
    from dlrun.experiment.rerunning import Rerun


def rerun(
    run: options.Run,
    verify: Annotated[
        bool, typer.Option("--verify", help="Exit 5 where it does not come out bit-identical; 0 where it does.")
    ] = False,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Run a finished run again from its own spec, and say whether it came out the same, or what differs and why."""
    terminal = Terminal()
    show = Show(as_json, quiet, verbose, debug)
    with guarded(terminal, debug=debug, as_json=as_json) as interruption:
        done: list[Rerun] = []

        def work(on_event: OnEvent) -> RunRecord:
            from dlrun.experiment import rerun as run_again

            done.append(run_again(run, runs_dir=runs, on_event=on_event, command=sys.argv))
            return done[0].run

        with terminal.muted(debug=debug) as noise:
            watched(work, terminal, noise, interruption, show)
        _present(done[0], terminal, show)
    raise typer.Exit(_exit_code(done[0], terminal, verify=verify))


def _present(done: Rerun, terminal: Terminal, show: Show) -> None:
    from dlrun.report.verification import render_verification

    record = {**done.run.record, "run": str(done.run.folder)}
    told = done.verification.as_json()
    if show.as_json:
        terminal.result_json({**record, "verify": told})
        return
    present(record, terminal, show)
    terminal.result("\n" + render_verification(told, width=terminal.width, unicode=terminal.unicode))


def _exit_code(done: Rerun, terminal: Terminal, *, verify: bool) -> int:
    """Under ``--verify`` the question is whether it is the same, not whether all folds were trained."""
    if not verify:
        return int(ExitCode.PARTIAL if done.run.status == "partial" else ExitCode.DONE)
    if done.verification.identical:
        return int(ExitCode.DONE)
    # Told here: the result has been printed, and with --json nothing may come after it.
    missed = GateError(f"not bit-identical with {done.verification.first}")
    tell(terminal, missed, debug=False)
    return int(missed.exit_code)
