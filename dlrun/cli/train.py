"""``dlrun train``: run the protocol that each spec names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli import options
from dlrun.cli.guard import failure, guarded, tell
from dlrun.cli.terminal import NativeNoise, Terminal
from dlrun.errors import DlrunError, ExitCode, GateError

if TYPE_CHECKING:
    from dlrun.cli.require import Gate


@dataclass(frozen=True)
class _Show:
    """How much of a run is shown."""

    as_json: bool
    quiet: bool
    verbose: bool
    many: bool


def train(
    specs: options.Specs,
    set_: options.Set = [],  # noqa: B006  (typer makes a fresh list)
    seed: options.Seed = None,
    runs: options.Runs = options.RUNS,
    require: Annotated[
        list[str],
        typer.Option("--require", metavar="'METRIC<=X'", help="Exit 5 when a validation score misses this."),
    ] = [],  # noqa: B006
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast/--keep-going", help="Stop at the first spec that fails.")
    ] = False,
    data_root: options.DataRoot = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Train and evaluate each spec, and leave a run folder with all that came of it."""
    from dlrun.cli.require import parse_gate

    terminal = Terminal()
    show = _Show(as_json, quiet, verbose, len(specs) > 1)
    with guarded(terminal, debug=debug, as_json=as_json):
        gates = [parse_gate(text) for text in require]
        changes = options.overrides(set_, seed)
        with terminal.muted(debug=debug) as noise:
            code = _train_all(
                specs,
                lambda spec: _train_one(spec, changes, runs, data_root, gates, terminal, noise, show),
                terminal,
                show,
                fail_fast=fail_fast,
                debug=debug,
            )
    raise typer.Exit(code)


def _train_all(
    specs: list[Path],
    train_one: Callable[[Path], None],
    terminal: Terminal,
    show: _Show,
    *,
    fail_fast: bool,
    debug: bool,
) -> int:
    """Train specs in turn. All ended alike: that exit code; else 4."""
    codes = []
    for spec in specs:
        try:
            train_one(spec)
            codes.append(ExitCode.DONE)
        except DlrunError as error:
            codes.append(error.exit_code)
            tell(terminal, error, debug=debug, prefix=_prefix(spec, error, show))
            # A run that misses a gate has printed its record, with the gate in it.
            if show.as_json and not isinstance(error, GateError):
                terminal.result_json({"spec": str(spec), **failure(error)}, indent=None if show.many else 2)
            if fail_fast:
                break
    if show.many and not show.quiet:
        bad = [str(spec) for spec, code in zip(specs, codes, strict=False) if code]
        terminal.message(
            f"{len(codes) - len(bad)} of {len(specs)} specs done" + (f"; failed: {', '.join(bad)}" if bad else "")
        )
    return int(codes[0]) if len(set(codes)) == 1 else int(ExitCode.PARTIAL)


def _prefix(spec: Path, error: DlrunError, show: _Show) -> str:
    """Say which of several specs an error is about, where it does not say so itself."""
    return f"{spec}: " if show.many and str(spec) not in str(error) else ""


def _train_one(
    file: Path,
    changes: tuple[str, ...],
    runs: Path,
    data_root: Path | None,
    gates: list[Gate],
    terminal: Terminal,
    noise: NativeNoise | None,
    show: _Show,
) -> None:
    from dlrun.cli.progress import Progress
    from dlrun.cli.require import check_gate_names, missed_gates, refuse_missed
    from dlrun.experiment import plan, run
    from dlrun.report import text
    from dlrun.spec import load_spec

    loaded = load_spec(file, changes, data_root=data_root)
    experiment = plan(loaded)
    check_gate_names(gates, ["loss", *(metric.name for metric in experiment.metrics)])

    def headline(record: Mapping[str, Any]) -> None:
        if not show.as_json and not show.quiet:
            terminal.result(text.render_headline(record, width=terminal.width, unicode=terminal.unicode) + "\n")

    with Progress(
        terminal, noise, headline, quiet=show.quiet, every_epoch=show.verbose or not terminal.live
    ) as progress:
        done = run(loaded, experiment, runs_dir=runs, on_event=progress, command=sys.argv)
    record = {**done.record, "run": str(done.folder)}
    missed = missed_gates(gates, record)
    if show.as_json:
        kept = {"gates": {str(gate): gate not in missed for gate in gates}} if gates else {}
        terminal.result_json({**record, **kept}, indent=None if show.many else 2)
    else:
        terminal.result(text.render_result(record, width=terminal.width, unicode=terminal.unicode))
        if show.many:
            terminal.result("")
    refuse_missed(missed, record)
