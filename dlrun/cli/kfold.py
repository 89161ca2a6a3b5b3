"""``dlrun kfold``: the same spec under (iterated) K-fold, whole or one fold of it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlrun.cli import options
from dlrun.cli.experiments import Execute, Request, Show, train_all
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal
from dlrun.cli.trackers import Trackers
from dlrun.errors import UsageError

if TYPE_CHECKING:
    from dlrun.events import OnEvent
    from dlrun.experiment import Experiment, RunRecord
    from dlrun.spec import LoadedSpec


def kfold(
    specs: options.Specs,
    k: Annotated[
        int | None, typer.Option("--k", metavar="K", min=2, help="Into how many folds the rows are cut (default 4).")
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option("--iterations", metavar="P", min=1, help="Reshuffle and do it all P times: P x K fits."),
    ] = None,
    stratify: Annotated[
        bool | None,
        typer.Option("--stratify/--no-stratify", help="Keep the classes' shares in each fold.", show_default=False),
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="COL", help="Rows with one value here stay on one side.")
    ] = None,
    time: Annotated[
        str | None,
        typer.Option("--time", metavar="COL", help="Validation is always later; 'true': rows stand in time's order."),
    ] = None,
    gap: Annotated[
        int | None, typer.Option("--gap", metavar="N", min=0, help="With --time: leave out N times before validation.")
    ] = None,
    fold: Annotated[
        int | None, typer.Option("--fold", metavar="I", min=1, help="Run fit I of P x K alone; needs --into.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="RUN", help="The run folder that --fold adds to; the last completes it."),
    ] = None,
    set_: options.Set = [],  # noqa: B006  (typer makes a fresh list)
    seed: options.Seed = None,
    runs: options.Runs = options.RUNS,
    require: options.Require = [],  # noqa: B006
    tensorboard: options.TensorBoard = False,
    mlflow: options.Mlflow = None,
    checkpoint: options.Checkpoint = options.CHECKPOINT,
    fail_fast: options.FailFast = False,
    data_root: options.DataRoot = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Evaluate each spec by K-fold or iterated K-fold: every row is scored by a model that never saw it."""
    flags = _Flags(k, iterations, stratify, group, time, gap)
    with guarded(Terminal(), debug=debug, as_json=as_json):
        flags.check()
        execute = _one_fold(fold, into, runs, specs, checkpoint)
    changes = options.overrides(set_, seed)
    request = Request(
        specs,
        lambda spec: (*changes, *flags.overrides(spec, changes)),
        runs=runs,
        data_root=data_root,
        require=require,
        fail_fast=fail_fast,
        execute=execute,
        trackers=Trackers(tensorboard, mlflow),
        checkpoint_every=checkpoint,
    )
    raise typer.Exit(train_all(request, Show(as_json, quiet, verbose, debug)))


@dataclass(frozen=True)
class _Flags:
    """What the command line says of the protocol; None where it leaves that to the spec."""

    k: int | None
    iterations: int | None
    stratify: bool | None
    group: str | None
    time: str | None
    gap: int | None

    def check(self) -> None:
        """Refuse flags that contradict each other. Raises UsageError."""
        if self.stratify and self.time is not None:
            raise UsageError(
                "--stratify and --time contradict each other: to keep the classes' shares, rows are drawn by class, "
                "and a draw would train on the future of the rows that it scores",
                hint="leave --stratify out: under --time each fold is a stretch of time",
            )
        if self.time is not None and (self.iterations or 1) > 1:
            raise UsageError(
                "--iterations and --time contradict each other: time is never reshuffled, so every iteration would be "
                "the same",
                hint="leave --iterations out",
            )

    def overrides(self, spec: Path, changes: tuple[str, ...]) -> tuple[str, ...]:
        """Say the flags as overrides of a spec, whose own K-fold settings stay where a flag is silent."""
        from dlrun.spec import written

        said = written(spec, ("evaluation",), changes)
        said = said if isinstance(said, dict) else {}
        iterations = said.get("iterations") if self.iterations is None else self.iterations
        # A spec that says 'iterated_kfold' alone means its default number of iterations.
        iterated = said.get("protocol") == "iterated_kfold" if iterations is None else iterations != 1
        values: dict[str, object] = {
            "protocol": "iterated_kfold" if iterated else "kfold",
            "iterations": iterations if iterated else None,
            "validation": None,  # a hold-out share has no place here
        }
        values |= {"k": self.k, "stratify": self.stratify, "gap": self.gap, "group": self.group, "time": self.time}
        absent = {"iterations", "validation"}
        given = {key: value for key, value in values.items() if value is not None or (key in absent and key in said)}
        return tuple(f"evaluation.{key}={_yaml(key, value)}" for key, value in given.items())


def _yaml(key: str, value: object) -> str:
    """Write a value as YAML; a column's name stays a text, whatever it looks like."""
    return "true" if key == "time" and value == "true" else json.dumps(value)


def _one_fold(number: int | None, into: str | None, runs: Path, specs: list[Path], checkpoint: float) -> Execute | None:
    """Return what runs a single fold, where that is asked for. Raises UsageError for half of it."""
    if number is None and into is None:
        return None
    if number is None or into is None:
        raise UsageError(
            "--fold and --into go together: which fold, and the run folder that it is added to",
            hint="as in --fold 3 --into runs/boston-cluster",
        )
    if len(specs) > 1:
        raise UsageError(f"--into takes the folds of one spec, not of {len(specs)}")
    from dlrun.runs import into_path

    chosen, folder = number, into_path(runs, into)

    def execute(loaded: LoadedSpec, experiment: Experiment, on_event: OnEvent) -> RunRecord:
        from dlrun.experiment import run_fold

        return run_fold(
            loaded,
            chosen,
            folder,
            experiment,
            on_event=on_event,
            command=sys.argv,
            checkpoint_every=checkpoint,
        )

    return execute
