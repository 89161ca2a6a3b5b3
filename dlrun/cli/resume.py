"""``dlrun resume``: bring a run to its end that was killed or interrupted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli import options
from dlrun.cli.experiments import Show, present, watched
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal
from dlrun.cli.trackers import Trackers
from dlrun.errors import ExitCode

if TYPE_CHECKING:
    from dlrun.events import OnEvent
    from dlrun.experiment import RunRecord


def resume(
    run: options.Run,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also with other versions of TensorFlow and the like; tries failed folds again."),
    ] = False,
    runs: options.Runs = options.RUNS,
    tensorboard: options.TensorBoard = False,
    mlflow: options.Mlflow = None,
    checkpoint: options.Checkpoint = options.CHECKPOINT,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Go on with a run that was killed or interrupted, from its last checkpoint, to the same end bit for bit."""
    from dlrun.runs import check_unfinished, find_run

    terminal, show, trackers = Terminal(), Show(as_json, quiet, verbose, debug), Trackers(tensorboard, mlflow)
    with guarded(terminal, debug=debug, as_json=as_json) as interruption:
        trackers.check()
        folder = find_run(runs, run)
        check_unfinished(folder, again=force)  # before TensorFlow is loaded

        def work(on_event: OnEvent) -> RunRecord:
            from dlrun.experiment import resume as go_on

            with trackers.listening(on_event) as listener:
                return go_on(folder, force=force, on_event=listener, command=sys.argv, checkpoint_every=checkpoint)

        with terminal.muted(debug=debug) as noise:
            done = watched(work, terminal, noise, interruption, show)
        present({**done.record, "run": str(done.folder)}, terminal, show)
        if done.status in ("done", "partial"):
            trackers.finished(done.folder, terminal, quiet=quiet)
    raise typer.Exit(ExitCode.PARTIAL if done.status == "partial" else ExitCode.DONE)
