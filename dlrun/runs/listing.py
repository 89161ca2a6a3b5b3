"""The runs in a folder: find one by what a person types, and list them all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from dlrun.errors import RunFolderError
from dlrun.runs import fold_states, lock
from dlrun.runs.creation import LATEST
from dlrun.runs.record import NAME, read_record

_RUN_NAME = re.compile(r".+-(\d{8}-\d{6})-[0-9a-f]{4}")
_SHOWN = 5


@dataclass(frozen=True)
class RunRow:
    """One run in a list.

    Args:
        name: the folder's name.
        status: ``running``, ``running on HOST``, ``waiting (3 of 4 folds)``, ``done``, ``partial``, ``failed``,
            ``interrupted``, ``dead`` or ``damaged``.
        created: UTC, ISO 8601; None when unknown.
        metric: the primary metric; ``score`` is its validation score at the last epoch.
        note: what is wrong with a damaged folder.
    """

    name: str
    status: str
    path: Path
    created: str | None = None
    dataset: str | None = None
    protocol: str | None = None
    k: int | None = None
    iterations: int | None = None
    metric: str | None = None
    score: float | None = None
    seed: int | None = None
    note: str = ""


def list_runs(runs_dir: Path) -> list[RunRow]:
    """List every run in a folder, the newest first; an empty list when there is no such folder.

    Raises:
        RunFolderError: the folder cannot be read.
    """
    rows = [_row(path) for path in _run_folders(runs_dir)]
    return sorted(rows, key=lambda row: (row.created or "", row.name), reverse=True)


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
    if ref and "\0" not in ref and _is_run(as_path):
        # A link or a dot is no name: what a run is called, and which folder its ledger lies in, must not hang on them.
        return as_path.resolve() if as_path.is_symlink() or as_path.name in ("", "..") else as_path
    if "/" in ref.rstrip("/"):
        raise RunFolderError(
            f"{ref!r} is not a run folder: it has no {NAME}", hint="'dlrun runs' lists the runs there are"
        )
    return _by_name(runs_dir, ref.rstrip("/"))


def _by_name(runs_dir: Path, ref: str) -> Path:
    folders = {path.name: path for path in _run_folders(runs_dir)}
    if ref in folders:
        return folders[ref]
    matches = sorted(name for name in folders if ref and name.startswith(ref))
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
    match = _RUN_NAME.fullmatch(name)
    return name[: match.start(1) - 1] if match else name


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[-_SHOWN:]) + (f" and {rest} more" if rest > 0 else "")


def _latest(runs_dir: Path) -> Path:
    """Follow the link; where there is none (or its run was removed), take the newest run."""
    link = runs_dir / LATEST
    if link.is_symlink() and _is_run(link):
        return runs_dir / os.readlink(link)
    rows = list_runs(runs_dir)
    if not rows:
        raise RunFolderError(f"there are no runs in {runs_dir}", hint="'dlrun train SPEC' makes one")
    return rows[0].path


def _run_folders(runs_dir: Path) -> list[Path]:
    try:
        with os.scandir(runs_dir) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunFolderError(
            f"cannot read {runs_dir}: {error.strerror or error}", hint="--runs DIR names another"
        ) from error
    folders = (runs_dir / name for name in names if not name.startswith("."))
    return [folder for folder in folders if _is_run(folder) or _RUN_NAME.fullmatch(folder.name)]


def _is_run(folder: Path) -> bool:
    """Tell a run folder from any other: it has a record, or a run's name and lock (and soon a record)."""
    return os.path.lexists(folder / NAME) or bool(
        _RUN_NAME.fullmatch(folder.name) and os.path.lexists(folder / lock.NAME)
    )


def _row(folder: Path) -> RunRow:
    try:
        record = read_record(folder)
    except RunFolderError as error:
        return RunRow(folder.name, "damaged", folder, note=error.message)
    metric = _text(record.get("primary"))
    score = _under(record, "scores", "validation", metric or "", "mean")
    seed = record.get("seed")
    return RunRow(
        folder.name,
        _status(folder, record),
        folder,
        created=_text(record.get("created")),
        dataset=_text(_under(record, "data", "source")),
        protocol=_text(_under(record, "protocol", "name")),
        k=_count(_under(record, "protocol", "k")),
        iterations=_count(_under(record, "protocol", "iterations")),
        metric=metric,
        score=score if isinstance(score, float) else float(score) if _is_count(score) else None,
        seed=_count(seed),
    )


def _status(folder: Path, record: dict[str, Any]) -> str:
    status = str(record["status"])
    return f"waiting ({fold_states.how_many(folder, record)})" if status == "waiting" else status


def _under(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _count(value: Any) -> int | None:
    return value if _is_count(value) else None


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and abs(value) < 10**18  # a longer one was not written by us, and breaks float()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
