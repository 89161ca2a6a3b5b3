"""``dlrun train``: run the protocol that each spec names."""

from __future__ import annotations

import typer

from dlrun.cli import options
from dlrun.cli.experiments import Request, Show, train_all
from dlrun.cli.trackers import Trackers


def train(
    specs: options.Specs,
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
    """Train and evaluate each spec, and leave a run folder with all that came of it."""
    changes = options.overrides(set_, seed)
    request = Request(
        specs,
        lambda spec: changes,
        runs=runs,
        data_root=data_root,
        require=require,
        fail_fast=fail_fast,
        trackers=Trackers(tensorboard, mlflow),
        checkpoint_every=checkpoint,
    )
    raise typer.Exit(train_all(request, Show(as_json, quiet, verbose, debug)))
