"""``dlrun data``: the data sets there are, and the cache they lie in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Data sets and their cache.")


@app.command("list")
def list_(as_json: options.Json = False, debug: options.Debug = False) -> None:
    """List the data sets that a spec can name, and whether they are here."""
    from dlrun.data import cache
    from dlrun.report.lists import render_datasets

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        rows = [asdict(known) for known in cache.status()]
        if as_json:
            terminal.result_json({"datasets": rows})
        else:
            terminal.result(render_datasets(rows, width=terminal.width, unicode=terminal.unicode))


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Which data sets.", show_default=False)],
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Download data sets into the cache, verified by their checksums."""
    from dlrun.data import cache

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        for name in names:
            fetched = cache.fetch(name, on_progress=_progress(terminal, quiet=quiet))
            if as_json:
                terminal.result_json(asdict(fetched), indent=None)
            else:
                terminal.result(f"{name}: {', '.join(fetched.paths) or f'{fetched.origin}, needs no file'}")


@app.command()
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Downloaded files.", show_default=False)],
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Put files that were downloaded elsewhere into the cache, verified by their checksums."""
    from dlrun.data import cache

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        for file in files:
            added = cache.add(file)
            if as_json:
                terminal.result_json(asdict(added), indent=None)
                continue
            terminal.result(f"{file}: {added.name}, {added.state} in {Path(added.paths[0]).parent}")


def _progress(terminal: Terminal, *, quiet: bool) -> Callable[[int, int | None], None]:
    """Show how much has come: a moving line on a terminal, a line for each tenth elsewhere."""
    tenths = -1

    def show(done: int, total: int | None) -> None:
        nonlocal tenths
        share = 10 * done // total if total else done // 2**20
        if quiet or share == tenths:
            return
        tenths = share
        size = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{done / 1e6:.1f} MB"
        terminal.message(f"  {size}")

    return show
