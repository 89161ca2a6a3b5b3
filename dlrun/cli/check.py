"""``dlrun check``: validate specs without training."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli import options
from dlrun.cli.guard import explain, guarded
from dlrun.cli.terminal import Terminal
from dlrun.errors import DlrunError, ExitCode, Problem, SpecError, show_path

if TYPE_CHECKING:
    from dlrun.spec import LoadedSpec


def check(
    specs: options.Specs,
    data: Annotated[bool, typer.Option("--data", help="Also load the data and look at them.")] = False,
    set_: options.Set = [],  # noqa: B006
    seed: options.Seed = None,
    data_root: options.DataRoot = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Say what is wrong with each spec: every problem at once, with its place and a remedy."""
    terminal = Terminal()
    codes = set()
    # Steps such as `tokenise` load TensorFlow.
    with guarded(terminal, debug=debug, as_json=as_json), terminal.muted(debug=debug):
        for spec in specs:
            found = _check_one(spec, options.overrides(set_, seed), data_root, with_data=data, debug=debug)
            codes.add(found["exit_code"])
            if as_json:
                terminal.result_json(found, indent=None if len(specs) > 1 else 2)
            else:
                _tell(found, terminal, quiet=quiet)
    raise typer.Exit(codes.pop() if len(codes) == 1 else int(ExitCode.PARTIAL))


def _check_one(
    file: Path, changes: tuple[str, ...], data_root: Path | None, *, with_data: bool, debug: bool
) -> dict[str, Any]:
    from dlrun.models import check_without_data
    from dlrun.spec import load_spec

    found: dict[str, Any] = {"spec": str(file), "ok": True, "exit_code": 0, "problems": [], "warnings": []}
    try:
        loaded = load_spec(file, changes, data_root=data_root)
        try:
            found["warnings"] = list(check_without_data(loaded.spec))
            if with_data:
                found |= _look_at_data(loaded)
        except SpecError as error:
            raise loaded.locate(error) from error
    except DlrunError as error:
        problems = error.problems if isinstance(error, SpecError) else (Problem(error.message, hint=error.hint),)
        found |= {
            "ok": False,
            "exit_code": int(error.exit_code),
            "problems": [_as_json(problem) for problem in problems],
            "text": ("".join(traceback.format_exception(error)) if debug else "") + explain(error),
        }
    return found


def _look_at_data(loaded: LoadedSpec) -> dict[str, Any]:
    from dlrun.experiment import describe_data, plan

    experiment = plan(loaded)
    return {"warnings": list(experiment.warnings), **describe_data(experiment)}


def _as_json(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "path": show_path(problem.path),
        "message": problem.message,
        "hint": problem.hint,
    }


def _tell(found: dict[str, Any], terminal: Terminal, *, quiet: bool) -> None:
    from dlrun.report.glyphs import clean

    spec = clean(found["spec"])
    if not found["ok"]:
        terminal.message(found["text"])
        count = len(found["problems"])
        terminal.result(f"{spec}: {count} problem{'s' if count > 1 else ''}")
        return
    if not quiet:
        for warning in found["warnings"]:
            terminal.message(f"warning: {clean(warning)}")
    if "data" in found:
        from dlrun.report.description import render_data

        terminal.result(render_data(found, width=terminal.width, unicode=terminal.unicode))
    terminal.result(f"{spec}: ok" + ("" if "data" in found else "   (the data were not looked at; --data does)"))
