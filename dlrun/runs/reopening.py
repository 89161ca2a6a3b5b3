"""Opening a finished run again, to add what comes after it: a test score, a model retrained on more rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.runs import atomic, fold_states, lock
from dlrun.runs.creation import hold
from dlrun.runs.folder import RunFolder
from dlrun.runs.record import read_record, stored_record
from dlrun.runs.resuming import is_resumable

_REPEAT = "repeat the run from its spec.yaml"
_RESUME = "'dlrun resume' brings it to its end"


def reopen_run(path: Path) -> RunFolder:
    """Lock a run that is ``done`` or ``partial``, to write into it and to add to its record with ``update_done``.

    Everything that the record says stays, ``created`` and ``finished`` as well. Used as a context manager, as
    `create_run`'s.

    Raises:
        RunFolderError: the run is not finished, or another process is at work in it.
    """
    _check_finished(path, read_record(path))
    held = hold(path, lock.BRIEFLY)
    try:
        facts = stored_record(path)  # again: another process may have added to it before it let go
        _check_finished(path, facts)
        atomic.sweep(path)
        return RunFolder(path, facts, held)
    except BaseException:
        held.close()
        raise


def _check_finished(path: Path, facts: dict[str, Any]) -> None:
    status = str(facts["status"])
    if status in ("done", "partial"):
        return
    reason = f"the run {path} {'' if status == 'failed' else 'is '}{status}"
    hint = _RESUME if is_resumable(facts) else _REPEAT
    if status.startswith("running"):
        hint = "wait until it is done"
    elif status == "waiting":
        reason = f"the run {path} is waiting for folds: {fold_states.how_many(path, facts)} are there"
        hint = "run the others with --fold I --into"
    elif status == "dead":
        reason = f"the run {path} was killed before it was done"
    elif facts.get("failure"):
        reason += f": {facts['failure']}"
    raise RunFolderError(f"{reason}; only a finished run can be opened again", hint=hint)
