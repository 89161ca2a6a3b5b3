"""``dlrun show``: one run's result again."""

from __future__ import annotations

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal


def show(
    run: options.Run = "latest",
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Print what came of a run, as it was printed when it ended."""
    from dlrun.report.text import render_record
    from dlrun.runs import find_run, read_record

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        folder = find_run(runs, run)
        record = {**read_record(folder), "run": str(folder)}
        if as_json:
            terminal.result_json(record)
        else:
            terminal.result(render_record(record, width=terminal.width, unicode=terminal.unicode))
