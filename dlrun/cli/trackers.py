"""``--tensorboard`` and ``--mlflow``: other people's tools that are told of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlrun.cli.guard import explain
from dlrun.cli.terminal import Terminal
from dlrun.errors import DlrunError

if TYPE_CHECKING:
    from dlrun.events import OnEvent


@dataclass(frozen=True)
class Trackers:
    """What a command line asks for: event files for TensorBoard, and the address of an MLflow store."""

    tensorboard: bool = False
    mlflow: str | None = None

    def check(self) -> None:
        """Refuse, before anything is trained, a store that takes nothing. Raises UsageError."""
        if self.mlflow is not None:
            from dlrun.experiment.mlflow_store import check_store

            check_store(self.mlflow)

    @contextmanager
    def listening(self, on_event: OnEvent) -> Iterator[OnEvent]:
        """Give the listener of a run that is about to begin."""
        if not self.tensorboard:
            yield on_event
            return
        from dlrun.experiment.event_files import event_files

        with event_files(on_event) as listener:
            yield listener

    def finished(self, run: Path, terminal: Terminal, *, quiet: bool) -> None:
        """Log a run that has ended well. It has, so that what goes wrong here is a warning and no failure."""
        if self.mlflow is None:
            return
        from dlrun.experiment.mlflow_store import log_run

        try:
            known_as = log_run(run, self.mlflow)
        except DlrunError as error:
            terminal.message(f"warning: the run is done, but not in MLflow: {explain(error)}")
            terminal.message(f"    later: dlrun track {run} --mlflow URI")
        else:
            if not quiet:
                terminal.message(f"in MLflow as {known_as}")
