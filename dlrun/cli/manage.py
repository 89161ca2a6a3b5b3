"""``dlrun runs rm`` and ``dlrun runs tag``: taking runs away, and putting words on them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal
from dlrun.errors import UsageError

if TYPE_CHECKING:
    from dlrun.runs import RunRow

_SHOWN = 20


def remove(
    run: Annotated[list[str] | None, typer.Argument(metavar="RUN", help="Which runs; or pick them by --where.")] = None,
    where: options.Where = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Remove runs with all their files. The ledger keeps the looks that they had at test rows."""
    from dlrun.report.glyphs import clean
    from dlrun.runs.removal import check_removable, remove_run, sweep_removed

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        rows = _chosen(runs, run or [], where, "remove")
        check_removable(runs, [row.path for row in rows])
        gone: list[str] = []
        if rows and not dry_run and (yes or _agreed(terminal, rows)):
            for row in rows:
                remove_run(runs, row.path)
                gone.append(row.run)
            sweep_removed(runs)
        if as_json:
            chosen = [row.run for row in rows]
            terminal.result_json({"removed": gone, **({"would_remove": chosen} if dry_run else {})})
            return
        for row in rows if dry_run else [row for row in rows if row.run in set(gone)]:
            looked = "; it had looked at its test rows, and the ledger keeps that look" if row.tested else ""
            verb = "would remove" if dry_run else "removed"
            terminal.result(clean(f"{verb} {row.run}{looked}", terminal.unicode))
        if not rows:
            terminal.message("no run is like that: nothing to remove")


def tag(
    names: Annotated[list[str], typer.Argument(metavar="RUN TAG", help="A run and tags; with --where, tags alone.")],
    where: options.Where = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the tags off.")] = False,
    runs: options.Runs = options.RUNS,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Put tags on runs, or take them off. `dlrun runs --where tag=good` finds runs by them."""
    from dlrun.report.glyphs import clean
    from dlrun.runs.tags import change_tags, check_tags

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json):
        run, tags = (names[:1], names[1:]) if where is None else ([], names)
        if not tags:
            raise UsageError("no tag is named", hint="write it behind the run: dlrun runs tag RUN good")
        check_tags(tags)
        _refuse_runs_as_tags(runs, tags)
        rows = _chosen(runs, run, where, "tag")
        tagged: list[dict[str, Any]] = []
        for row in rows:
            now = change_tags(row.path, remove=tags) if remove else change_tags(row.path, add=tags)
            tagged.append({"run": row.run, "tags": list(now)})
        if as_json:
            terminal.result_json({"runs": tagged})
            return
        for one in tagged:
            terminal.result(clean(f"{one['run']}   {' '.join(one['tags']) or 'no tags'}", terminal.unicode))
        if not rows:
            terminal.message("no run is like that: nothing to tag")


def _chosen(runs: Path, names: Sequence[str], where: str | None, verb: str) -> list[RunRow]:
    """Find the runs that are named, each once, or those that a condition picks."""
    from dlrun.runs import find_run, list_runs
    from dlrun.runs.listing import row_at
    from dlrun.runs.matching import select_runs

    if names and where is not None:
        raise UsageError("name runs or pick them by --where, not both")
    if where is not None:
        return select_runs(list_runs(runs), where)
    if not names:
        raise UsageError(f"no run to {verb} is named", hint="name runs, or pick them by --where 'CONDITION'")
    found = [row_at(find_run(runs, name)) for name in names]
    return list({row.path.resolve(): row for row in found}.values())


def _refuse_runs_as_tags(runs: Path, tags: Sequence[str]) -> None:
    """Refuse to put a run's name on another: who writes two runs and a tag means to tag both."""
    for tag in tags:
        if (runs / tag / "record.json").exists():
            raise UsageError(
                f"'{tag}' is a run, and one command tags one run",
                hint="tag several by --where, as in: dlrun runs tag --where 'dataset=wine' good",
            )


def _agreed(terminal: Terminal, rows: Sequence[RunRow]) -> bool:
    """Ask on a terminal; elsewhere nobody could answer."""
    from dlrun.report.glyphs import clean

    if not sys.stdin.isatty():
        raise UsageError(f"to remove {_count(rows)}, --yes is needed where nobody can be asked", hint="add --yes")
    for row in rows[:_SHOWN]:
        terminal.message(clean(f"  {row.run}   {row.status}{', tested' if row.tested else ''}"))
    if len(rows) > _SHOWN:
        terminal.message(f"  and {len(rows) - _SHOWN} more")
    terminal.message(f"remove {_count(rows)} with all files? [y/N]")
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    terminal.message("nothing is removed")
    return False


def _count(rows: Sequence[RunRow]) -> str:
    return "1 run" if len(rows) == 1 else f"{len(rows)} runs"
