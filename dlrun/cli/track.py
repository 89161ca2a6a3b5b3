"""``dlrun track``: finished runs for other people's tools."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal
from dlrun.cli.trackers import Trackers
from dlrun.errors import UsageError


def track(
    run: Annotated[list[str], typer.Argument(metavar="RUN...", help="Finished runs.", show_default=False)],
    tensorboard: options.TensorBoard = False,
    mlflow: options.Mlflow = None,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Write event files of finished runs for TensorBoard, or log the runs to MLflow."""
    from dlrun.report.glyphs import clean
    from dlrun.runs import find_run

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        if not tensorboard and mlflow is None:
            raise UsageError("for which tool?", hint="--tensorboard, --mlflow sqlite:///mlflow.db, or both")
        folders = [find_run(runs, one) for one in run]
        done: list[dict[str, Any]] = []
        with terminal.muted(debug=debug):
            Trackers(tensorboard, mlflow).check()
            for folder in folders:
                told: dict[str, Any] = {"run": str(folder)}
                if mlflow is not None:
                    from dlrun.experiment.mlflow_store import log_run

                    told["mlflow"] = log_run(folder, mlflow)
                if tensorboard:
                    from dlrun.experiment.event_files import write_event_files

                    told["tensorboard"] = str(write_event_files(folder))
                done.append(told)
                if not as_json:
                    where = [told.get("tensorboard"), told.get("mlflow") and f"in MLflow as {told['mlflow']}"]
                    terminal.result(clean(f"{folder}: {', '.join(filter(None, where))}", terminal.unicode))
        if as_json:
            terminal.result_json({"runs": done})
