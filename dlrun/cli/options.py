"""Options that several commands share: one name, one meaning, one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Specs = Annotated[list[Path], typer.Argument(metavar="SPEC", help="One or more spec files.", show_default=False)]
Spec = Annotated[Path, typer.Argument(metavar="SPEC", help="A spec file.", show_default=False)]
Set = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a field of the spec, as in layers.0.Dense.units=32. May be repeated.",
        show_default=False,
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Short for --set seed=N.", show_default=False)]
DataRoot = Annotated[
    Path | None,
    typer.Option("--data-root", metavar="DIR", help="Resolve a spec's relative data paths here.", show_default=False),
]
Runs = Annotated[Path, typer.Option("--runs", metavar="DIR", help="Where run folders lie.")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="A folder, its name, a unique prefix of it, or 'latest'.")]
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="'CONDITION'", help="Such as 'mae<2.5 and dataset=boston_housing'."),
]
Require = Annotated[
    list[str],
    typer.Option(
        "--require",
        metavar="'METRIC<=X'",
        help="Exit 5 when a validation score misses this; X: a number or a baseline.",
    ),
]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write event files for TensorBoard into the run's folder.")
]
Mlflow = Annotated[
    str | None,
    typer.Option(
        "--mlflow", metavar="URI", help="Log the finished run to this MLflow store, as in sqlite:///mlflow.db."
    ),
]
Checkpoint = Annotated[
    float,
    typer.Option(
        "--checkpoint", metavar="SECONDS", min=0, help="Time between two checkpoints; 0: one after every epoch."
    ),
]
FailFast = Annotated[bool, typer.Option("--fail-fast/--keep-going", help="Stop at the first spec that fails.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no warnings; the result only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="A line for every epoch, also on a terminal.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks, and TensorFlow's own messages.")]

RUNS = Path("runs")
CHECKPOINT = 10.0


def overrides(given: list[str], seed: int | None) -> tuple[str, ...]:
    """Return the spec overrides of a command line, ``--seed`` last."""
    return (*given, *(() if seed is None else (f"seed={seed}",)))
