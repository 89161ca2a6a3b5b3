"""``dlrun track``: finished runs for other people's tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli import options
from dlrun.cli.guard import failure, guarded, tell
from dlrun.cli.terminal import Terminal
from dlrun.cli.trackers import Trackers
from dlrun.errors import DlrunError, ExitCode, UsageError


def track(
    run: Annotated[list[str], typer.Argument(metavar="RUN", help="Finished runs.", show_default=False)],
    tensorboard: options.TensorBoard = False,
    mlflow: options.Mlflow = None,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Write event files of finished runs for TensorBoard, or log the runs to MLflow."""
    from dlrun.report.glyphs import clean
    from dlrun.runs import find_run

    terminal, trackers = Terminal(), Trackers(tensorboard, mlflow)
    codes: list[ExitCode] = []
    with guarded(terminal, debug=debug, as_json=as_json):
        if not tensorboard and mlflow is None:
            raise UsageError(
                "no tool is named that would be told of the runs",
                hint="--tensorboard, --mlflow sqlite:///mlflow.db, or both",
            )
        folders = [find_run(runs, one) for one in run]
        told: list[dict[str, object]] = []
        with terminal.muted(debug=debug):
            trackers.check()
            for folder in folders:
                try:
                    where = _track(folder, trackers)
                except DlrunError as error:  # the other runs are tracked all the same
                    tell(terminal, error, debug=debug)
                    codes.append(error.exit_code)
                    told.append({"run": str(folder), **failure(error)})
                    continue
                codes.append(ExitCode.DONE)
                told.append({"run": str(folder), **where})
                if not as_json:
                    words = where.get("tensorboard"), where.get("mlflow") and f"in MLflow as {where['mlflow']}"
                    terminal.result(clean(f"{folder}: {', '.join(filter(None, words))}", terminal.unicode))
        if as_json:
            terminal.result_json({"runs": told})
    raise typer.Exit(int(codes[0]) if len(set(codes)) == 1 else int(ExitCode.PARTIAL))


def _track(folder: Path, trackers: Trackers) -> dict[str, str]:
    """Tell each tool of a run; return where it is now. Raises DlrunError."""
    where = {}
    if trackers.mlflow is not None:
        from dlrun.experiment.mlflow_store import log_run

        where["mlflow"] = log_run(folder, trackers.mlflow)
    if trackers.tensorboard:
        from dlrun.experiment.event_files import write_event_files

        where["tensorboard"] = str(write_event_files(folder))
    return where
