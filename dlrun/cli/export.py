"""``dlrun runs export``: runs as tidy tables for other programs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal
from dlrun.errors import UsageError

if TYPE_CHECKING:
    from dlrun.runs.export import Format


def export(
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="DIR", help="Write Parquet files here.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="DIR", help="Write CSV files here.")] = None,
    where: options.Where = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files of an earlier export.")] = False,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Write runs as tidy tables: runs, spec, scores, folds and history, joined by the column `run`."""
    from dlrun.report.glyphs import clean, grouped
    from dlrun.runs import list_runs
    from dlrun.runs.export import check_export, export_runs
    from dlrun.runs.matching import select_runs

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        if parquet is None and csv is None:
            raise UsageError("no folder to write to is named", hint="--parquet DIR, --csv DIR, or both")
        rows = list_runs(runs)
        chosen = rows if where is None else select_runs(rows, where)
        files: list[dict[str, Any]] = []
        notes: list[str] = []
        places: list[tuple[Path, Format]] = []
        places += [(parquet, "parquet")] if parquet is not None else []
        places += [(csv, "csv")] if csv is not None else []
        for folder, kind in places:
            check_export(folder, kind, force=force)
        for folder, kind in places:
            written, told = export_runs(chosen, folder, kind, force=force)
            files += [asdict(each) for each in written]
            notes += told
        if as_json:
            terminal.result_json({"runs": len(chosen), "files": files, "notes": list(dict.fromkeys(notes))})
            return
        for each in files:
            count = f"{grouped(each['rows'])} row{'' if each['rows'] == 1 else 's'}"
            terminal.result(clean(f"{each['path']}   {count}", terminal.unicode))
        for note in dict.fromkeys(notes):
            terminal.message(clean(f"note: {note}"))
