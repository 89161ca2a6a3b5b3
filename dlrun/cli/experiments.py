"""What the commands that train have in common: each spec in turn, its progress, its result, its exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlrun.cli import options
from dlrun.cli.guard import failure, guarded, tell
from dlrun.cli.interruption import Interruption
from dlrun.cli.terminal import NativeNoise, Terminal
from dlrun.cli.trackers import Trackers
from dlrun.errors import DlrunError, ExitCode, GateError

if TYPE_CHECKING:
    from dlrun.events import Event, OnEvent
    from dlrun.experiment import Experiment, RunRecord
    from dlrun.spec import LoadedSpec

Overrides = Callable[[Path], tuple[str, ...]]
"""The spec overrides of a command line, for a spec file."""
Execute = Callable[["LoadedSpec", "Experiment", "OnEvent"], "RunRecord"]


@dataclass(frozen=True)
class Request:
    """A command line that trains.

    Args:
        specs: the spec files.
        overrides: what is set in each.
        require: gates, as typed.
        execute: carries out one planned experiment; None makes a run folder in ``runs`` and does all of it.
        trackers: other tools that are told of each run.
        checkpoint_every: seconds between two checkpoints of a run.
    """

    specs: Sequence[Path]
    overrides: Overrides
    runs: Path
    data_root: Path | None = None
    require: Sequence[str] = ()
    fail_fast: bool = False
    execute: Execute | None = None
    trackers: Trackers = field(default_factory=Trackers)
    checkpoint_every: float = options.CHECKPOINT


@dataclass(frozen=True)
class Show:
    """How much of a run is shown."""

    as_json: bool
    quiet: bool
    verbose: bool
    debug: bool


def train_all(request: Request, show: Show) -> int:
    """Train specs in turn, and return the exit code: where all ended alike, theirs; else 4."""
    from dlrun.cli.require import parse_gate

    terminal = Terminal()
    codes: list[ExitCode] = []
    with guarded(terminal, debug=show.debug, as_json=show.as_json) as interruption:
        gates = [parse_gate(text) for text in request.require]
        with terminal.muted(debug=show.debug) as noise:
            request.trackers.check()
            for file in request.specs:
                codes.append(_carry_out(_One(request, show, terminal, noise, interruption, file, gates)))
                if request.fail_fast and codes[-1]:
                    break
        if len(request.specs) > 1 and not show.quiet:
            terminal.message(_summary(request.specs, codes))
    return int(codes[0]) if len(set(codes)) == 1 else int(ExitCode.PARTIAL)


def _summary(specs: Sequence[Path], codes: Sequence[ExitCode]) -> str:
    """Count the specs that were carried out; a run that missed its gate is done, and named."""
    ended = list(zip(specs, codes, strict=False))
    missed = [str(spec) for spec, code in ended if code == ExitCode.GATE]
    failed = [str(spec) for spec, code in ended if code not in (ExitCode.DONE, ExitCode.GATE)]
    told = f"{len(codes) - len(failed)} of {len(specs)} specs done"
    told += f"; gate missed: {', '.join(missed)}" if missed else ""
    return told + (f"; failed: {', '.join(failed)}" if failed else "")


@dataclass(frozen=True)
class _One:
    """One spec of a command line."""

    request: Request
    show: Show
    terminal: Terminal
    noise: NativeNoise | None
    interruption: Interruption
    file: Path
    gates: Sequence[Any]

    @property
    def many(self) -> bool:
        """Whether it is one of several."""
        return len(self.request.specs) > 1

    @property
    def indent(self) -> int | None:
        """How its JSON is laid out: one object a line where there are several."""
        return None if self.many else 2


def _carry_out(one: _One) -> ExitCode:
    """Train one spec; an error of ours is told, and the other specs go on."""
    try:
        return _train(one)
    except DlrunError as error:
        # Of several specs, say which one an error is about, where it does not say so itself.
        prefix = f"{one.file}: " if one.many and str(one.file) not in str(error) else ""
        tell(one.terminal, error, debug=one.show.debug, prefix=prefix)
        # A run that misses a gate has printed its record, with the gate in it.
        if one.show.as_json and not isinstance(error, GateError):
            one.terminal.result_json({"spec": str(one.file), **failure(error)}, indent=one.indent)
        return error.exit_code


def _train(one: _One) -> ExitCode:
    from dlrun.cli.require import check_gate_names, missed_gates, refuse_missed
    from dlrun.experiment import baseline_names, plan, run
    from dlrun.spec import load_spec

    request = one.request
    loaded = load_spec(one.file, request.overrides(one.file), data_root=request.data_root)
    experiment = plan(loaded)
    if one.gates:
        measured = ["loss", *(metric.name for metric in experiment.metrics)]
        check_gate_names(one.gates, measured, baseline_names(experiment))

    def whole(loaded: LoadedSpec, experiment: Experiment, on_event: OnEvent) -> RunRecord:
        return run(
            loaded,
            experiment,
            runs_dir=request.runs,
            on_event=on_event,
            command=sys.argv,
            checkpoint_every=request.checkpoint_every,
        )

    def work(on_event: OnEvent) -> RunRecord:
        with request.trackers.listening(on_event) as listener:
            return (request.execute or whole)(loaded, experiment, listener)

    done = watched(work, one.terminal, one.noise, one.interruption, one.show)
    record = {**done.record, "run": str(done.folder)}
    if record["status"] not in ("done", "partial"):  # a shared run that waits for other folds has no scores yet
        present(record, one.terminal, one.show, indent=one.indent)
        return ExitCode.DONE
    missed = missed_gates(one.gates, record)
    gates = {"gates": {str(gate): gate not in missed for gate in one.gates}} if one.gates else {}
    present({**record, **gates}, one.terminal, one.show, indent=one.indent)
    request.trackers.finished(done.folder, one.terminal, quiet=one.show.quiet)
    if one.many and not one.show.as_json:
        one.terminal.result("")
    if record["status"] == "partial":
        return ExitCode.PARTIAL
    refuse_missed(missed, record)
    return ExitCode.DONE


def watched(
    work: Callable[[OnEvent], RunRecord],
    terminal: Terminal,
    noise: NativeNoise | None,
    interruption: Interruption,
    show: Show,
) -> RunRecord:
    """Do some training while its headline and its progress are shown, and somebody may ask it to end."""
    from dlrun.cli.progress import Progress
    from dlrun.report import text

    def headline(record: Mapping[str, Any]) -> None:
        if not show.as_json and not show.quiet:
            terminal.result(text.render_headline(record, width=terminal.width, unicode=terminal.unicode) + "\n")

    with Progress(terminal, noise, headline, quiet=show.quiet, verbose=show.verbose) as progress:

        def listen(event: Event) -> None:
            progress(event)
            interruption.listen(event)

        try:
            return work(listen)
        finally:
            interruption.rest()


def present(record: Mapping[str, Any], terminal: Terminal, show: Show, *, indent: int | None = 2) -> None:
    """Print what came of a run."""
    from dlrun.report import text

    if show.as_json:
        terminal.result_json(record, indent=indent)
    else:
        terminal.result(text.render_result(record, width=terminal.width, unicode=terminal.unicode))
