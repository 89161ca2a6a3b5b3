"""``dlrun report``: a run, or several side by side, as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal

NAME = "report.html"


def report(
    run: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="A run; or several, which are shown side by side.", show_default="latest"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where to; - is stdout. [default: report.html in RUN, of several runs in the runs folder]",
            show_default=False,
        ),
    ] = None,
    examples: Annotated[
        int,
        typer.Option("--examples", metavar="N", min=0, max=100, help="Rows with large errors; 0: none, no data read."),
    ] = 8,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Write one self-contained HTML page: verdict, curves, errors, splits, model, and what to mind in the scores."""
    from dlrun.report.glyphs import clean
    from dlrun.runs import find_run, write_file, write_page

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        folders = list({one.resolve(): one for one in (find_run(runs, each) for each in run or ["latest"])}.values())
        from dlrun.experiment.reporting import page_of

        with terminal.muted(debug=debug):
            page = page_of(folders, examples=examples)
        if str(out) == "-":
            terminal.result(page)
            return
        if out is None and len(folders) == 1:
            path = write_page(folders[0], NAME, page)
        else:
            path = write_file(out or runs / NAME, page)
        if as_json:
            terminal.result_json({"report": str(path), "runs": list(map(str, folders)), "bytes": path.stat().st_size})
        else:
            terminal.result(clean(str(path), terminal.unicode))
        if show:
            _open(terminal, path)


def _open(terminal: Terminal, path: Path) -> None:
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        terminal.message("there is no browser here to open it with; copy the file to where one is")
