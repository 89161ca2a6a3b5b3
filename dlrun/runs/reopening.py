"""Opening a finished run again, to add what comes after it: a test score, a model retrained on more rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.runs import atomic, fold_states, lock
from dlrun.runs.creation import hold
from dlrun.runs.folder import RunFolder
from dlrun.runs.record import read_record, stored_record
from dlrun.runs.resuming import is_resumable

_ONLY = "only a finished run can be opened again"


def reopen_run(path: Path) -> RunFolder:
    """Lock a run that is ``done`` or ``partial``, to write into it and to add to its record with ``update_done``.

    Everything that the record says stays, ``created`` and ``finished`` as well. Used as a context manager, as
    `create_run`'s.

    Raises:
        RunFolderError: the run is not finished, or another process is at work in it.
    """
    check_finished(path, read_record(path), _ONLY)
    held = hold(path, lock.BRIEFLY)
    try:
        facts = stored_record(path)  # again: another process may have added to it before it let go
        check_finished(path, facts, _ONLY)
        atomic.sweep(path)
        return RunFolder(path, facts, held)
    except BaseException:
        held.close()
        raise


def check_finished(path: Path, facts: Mapping[str, Any], otherwise: str) -> None:
    """Raise RunFolderError unless a run is ``done`` or ``partial``.

    Args:
        path: of the run.
        facts: its record, as `read_record` gives it.
        otherwise: why only such a run will do, as the end of a sentence.
    """
    status = str(facts["status"])
    if status in ("done", "partial"):
        return
    reason, hint = f"is {status}", f"'dlrun train {path / 'spec.yaml'}' runs its spec from the beginning"
    if is_resumable(facts):
        hint = "'dlrun resume' brings it to its end"
    if status.startswith("running"):
        hint = "wait until it is done"
    elif status == "waiting":
        reason = f"is waiting for folds: {fold_states.how_many(path, facts)} are there"
        hint = "run the others with --fold I --into"
    elif status == "dead":
        reason = "was killed before it was done"
    elif status == "failed":
        reason = f"failed: {facts['failure']}" if facts.get("failure") else "failed"
    elif facts.get("failure"):  # how it was interrupted
        reason = f"was {status} {facts['failure']}"
    raise RunFolderError(f"the run {path} {reason}; {otherwise}", hint=hint)
