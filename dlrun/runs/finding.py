"""Finding a run by what a person types: a path, a name, the beginning of one, or ``latest``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dlrun.errors import RunFolderError
from dlrun.runs.creation import LATEST
from dlrun.runs.listing import RUN_NAME, is_run, list_runs, run_folders
from dlrun.runs.record import NAME

_SHOWN = 5


def find_run(runs_dir: Path, ref: str) -> Path:
    """Find a run by a folder's path, a name in ``runs_dir``, a unique prefix of one, or ``latest``.

    What comes back ends in the folder's own name, so that its parent is the folder that the run lies in.

    What has a ``/`` in it is a path and nothing else, so a name never leads out of ``runs_dir``.

    Raises:
        RunFolderError: no run goes by that, or several do.
    """
    if ref == LATEST:
        return _latest(runs_dir)
    as_path = Path(ref)
    if ref and "\0" not in ref and is_run(as_path):
        # A link or a dot is no name: what a run is called, and which folder its ledger lies in, must not hang on them.
        return as_path.resolve() if as_path.is_symlink() or as_path.name in ("", "..") else as_path
    if "/" in ref.rstrip("/"):
        raise RunFolderError(
            f"{ref!r} is not a run folder: it has no {NAME}", hint="'dlrun runs' lists the runs there are"
        )
    return _by_name(runs_dir, ref.rstrip("/"))


def _by_name(runs_dir: Path, ref: str) -> Path:
    folders = {path.name: path for path in run_folders(runs_dir)}
    if ref in folders:
        return folders[ref]
    matches = sorted(name for name in folders if ref and name.startswith(ref))
    # Who writes the name of an experiment means its run, not those of another whose name goes on.
    matches = [name for name in matches if _stem(name) == ref] or matches
    if len(matches) == 1:
        return folders[matches[0]]
    if matches:
        raise RunFolderError(
            f"{len(matches)} runs in {runs_dir} begin with {ref!r}: {_some(matches)}",
            hint=f"write more of the name; '{LATEST}' is the newest run",
        )
    raise RunFolderError(f"no run {ref!r} in {runs_dir}", hint=_nearest(ref, folders))


def _nearest(ref: str, names: Iterable[str]) -> str:
    import difflib

    # People type the experiment's name, so that is compared too, without the time and the four digits.
    stems = {_stem(name): name for name in sorted(names)}
    found = [stems[stem] for stem in difflib.get_close_matches(ref, stems, n=3)]
    found += [name for name in difflib.get_close_matches(ref, stems.values(), n=3) if name not in found]
    if found:
        return f"did you mean {' or '.join(found[:3])}?"
    return "'dlrun runs' lists the runs there are" if stems else "there are no runs yet; 'dlrun train SPEC' makes one"


def _stem(name: str) -> str:
    match = RUN_NAME.fullmatch(name)
    return name[: match.start(1) - 1] if match else name


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[-_SHOWN:]) + (f" and {rest} more" if rest > 0 else "")


def _latest(runs_dir: Path) -> Path:
    """Follow the link; where there is none (or its run was removed), take the newest run."""
    link = runs_dir / LATEST
    if link.is_symlink() and is_run(link):
        return runs_dir / os.readlink(link)
    rows = list_runs(runs_dir)
    if not rows:
        raise RunFolderError(f"there are no runs in {runs_dir}", hint="'dlrun train SPEC' makes one")
    return rows[0].path
