"""The folds inside a run folder: ``folds/i1-f3/``, each with a lock of its own, and a marker once it is finished.

What is there is found out by listing folders, never by asking for a name: over NFS, a name that was asked for before
another machine made it may stay missing for a minute.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FOLDER = "folds"
MARKER = "fold.json"
_NAME = re.compile(r"i(\d+)-f(\d+)")


def folders(run: Path) -> list[Path]:
    """List the folders of a run's folds, by name."""
    return [run / FOLDER / name for name in _names(run / FOLDER)]


def finished(run: Path, record: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the folds that are finished, in the order in which the record names all folds.

    A fold counts when the record says so or its marker is there: the record follows the marker, and a process may die
    between the two.
    """
    told = set(shared_names(record, "finished"))
    told |= {folder.name for folder in folders(run) if MARKER in _names(folder)}
    return tuple(name for name in shared_names(record, "folds") if name in told)


def shared_names(record: Mapping[str, Any], key: str) -> list[str]:
    """Read a list of folds (``folds`` or ``finished``) that a shared run's record holds; empty where it holds none."""
    shared = record.get("shared")
    names = shared.get(key) if isinstance(shared, Mapping) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def how_many(run: Path, record: Mapping[str, Any]) -> str:
    """Count in words: ``3 of 4 folds``."""
    return f"{len(finished(run, record))} of {len(shared_names(record, 'folds'))} folds"


def words(name: str, every: Iterable[str]) -> str:
    """Name a fold as people do: ``fold 3``, or ``fold 3 of iteration 2`` where there are several iterations."""
    match = _NAME.fullmatch(name)
    if not match:
        return f"fold {name}"
    iterations = {other.group(1) for each in every if (other := _NAME.fullmatch(each))}
    return f"fold {match[2]} of iteration {match[1]}" if len(iterations) > 1 else f"fold {match[2]}"


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
