"""Taking over a run that has not come to its end: locked again, and `running` again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlrun.errors import RunFolderError
from dlrun.runs import atomic, fold_states, lock
from dlrun.runs.creation import busy, hold, point_latest
from dlrun.runs.folder import RunFolder
from dlrun.runs.record import read_record, stored_record, utc

SPEC = "spec.yaml"
_CLOSING = ("scores", "primary", "higher_is_better", "comparisons", "diagnosis", "failures")
"""What a run says when it has come to its end: it is said anew."""


def check_unfinished(path: Path, *, again: bool = False) -> None:
    """Refuse a run that cannot be resumed, as `resume_run` does, without a lock and without writing.

    Raises:
        RunFolderError: see `resume_run`.
    """
    facts = read_record(path)
    if str(facts["status"]).startswith("running") and "shared" not in facts:
        raise busy(path)
    _check(path, facts, again=again)


def is_resumable(facts: Mapping[str, Any]) -> bool:
    """Tell from a record, as `read_record` gives it, whether `resume_run` has something to go on with."""
    return facts["status"] in ("dead", "interrupted") or (facts["status"] == "failed" and not facts.get("failures"))


def resume_run(path: Path, how: Mapping[str, Any], *, again: bool = False) -> RunFolder:
    """Lock a run that was killed, interrupted, or ended by an error, to bring it to its end.

    The record says ``running`` once more, and its ``resumed`` has one more entry: when, what the run was by then, how
    many seconds had been spent on it, and what ``how`` says. Half-written files are swept away. Used as
    `create_run`'s folder is.

    Args:
        path: the run's folder.
        how: more for that entry: by which command, with what other versions.
        again: also where folds failed, so that they can be tried again.

    Raises:
        RunFolderError: the run has come to its end, has nothing to go on from, or another process is at work in it.
    """
    held = hold(path, lock.BRIEFLY)
    try:
        facts = stored_record(path)
        _check(path, facts, again=again)
        atomic.sweep(path, below=True)
        spent = _spent(path, facts)
        was = "dead" if facts["status"] == "running" else facts["status"]
        resumed = [*(facts.get("resumed") or []), {"when": utc(), "was": was, "seconds": spent, **how}]
        kept = {key: value for key, value in facts.items() if key not in _CLOSING}
        kept |= {"status": "running", "finished": None, "failure": None, "resumed": resumed}
        run = RunFolder(path, kept, held, spent=spent)
        run.update({})
        point_latest(path.parent, path.name)
    except BaseException:
        held.close()
        raise
    return run


def missing_folds(path: Path) -> list[int]:
    """Number the folds of a shared run that are not finished, from 1 in the order of all folds.

    Raises:
        RunFolderError: the record cannot be read.
    """
    record = stored_record(path)
    finished = fold_states.finished(path, record)
    names = fold_states.shared_names(record, "folds")
    return [number for number, name in enumerate(names, start=1) if name not in finished]


def _check(path: Path, facts: dict[str, Any], *, again: bool) -> None:
    status, failures = facts["status"], facts.get("failures")
    if "test" in facts or status == "done":
        what = "was tested" if "test" in facts else "is done"
        raise RunFolderError(f"the run {path} {what}: there is nothing to resume", hint="'dlrun rerun' repeats a run")
    if status == "partial" and not again:
        raise RunFolderError(
            f"the run {path} has come to its end: {len(failures or [])} of its folds failed",
            hint="--force tries those once more",
        )
    if status == "failed" and failures and not again:
        raise RunFolderError(
            f"the run {path} failed: {facts.get('failure')}",
            hint="it would end so again: change the spec and run that; --force tries once more all the same",
        )
    if not (path / SPEC).is_file():
        raise RunFolderError(
            f"the run {path} has no {SPEC}: it ended before anything was trained, or the file was removed",
            hint="run the spec again",
        )


def _spent(path: Path, facts: dict[str, Any]) -> float:
    """Tell how many seconds were spent on a run so far; of one that was killed, up to the last line of its log."""
    if facts["status"] != "running":
        return float(facts.get("seconds") or 0.0)
    resumed = facts.get("resumed") or []
    before = float(resumed[-1]["seconds"]) if resumed else 0.0
    began = resumed[-1]["when"] if resumed else facts.get("created")
    with suppress(OSError, ValueError):
        last = datetime.fromtimestamp((path / "log.txt").stat().st_mtime, UTC)
        before += max(0.0, (last - datetime.fromisoformat(str(began))).total_seconds())
    return round(before, 3)
