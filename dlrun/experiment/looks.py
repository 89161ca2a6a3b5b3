"""How often a test set has been looked at: by the records themselves, whatever the spec or the data set is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlrun.data import record_hashes
from dlrun.experiment.planning import Experiment
from dlrun.runs import has_ledger, read_looks


def looks_record(experiment: Experiment, runs_dir: Path, *, apart_from: str = "") -> dict[str, Any]:
    """Say how often an experiment's test rows, or some of them, have been looked at so far, and by which runs.

    The rows' values are hashed only where there have been looks at all.

    Args:
        experiment: whose test rows are meant.
        runs_dir: has the ledger.
        apart_from: a run whose looks are not counted: those of a test that was killed before it was finished.
    """
    test = experiment.splits.test
    if not len(test) or not has_ledger(runs_dir):
        return {"count": 0, "shared": 0, "runs": [], "notes": []}
    found = read_looks(runs_dir, record_hashes(experiment.dataset, test))
    runs = [look.run for look in found.looks if look.run != apart_from]
    return {
        "count": len(runs),
        "shared": found.shared if runs else 0,
        "runs": runs,
        "notes": list(found.notes),
    }
