"""Coming back to a finished run: its experiment planned once more, and the rows that its model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.dataset import Indices
from dlrun.data.preprocessing.fitting import FittedSteps
from dlrun.errors import DataError, UsageError
from dlrun.experiment import recording
from dlrun.experiment.folds import fit_preprocessing
from dlrun.experiment.planning import Experiment, plan
from dlrun.spec import LoadedSpec, load_spec

Record = Mapping[str, Any]


def plan_again(run: Path, record: Record) -> Experiment:
    """Plan a run's experiment once more from its own spec.

    Raises:
        UsageError: the spec was edited since.
        DataError: the data or the splits that come of it are others by now.
    """
    loaded = load_spec(run / "spec.yaml")
    if not is_spec_of(loaded, record):
        raise UsageError(
            f"{loaded.file} is no longer the spec that {run.name} was run with",
            hint="put it back, or run the changed spec as a run of its own",
        )
    experiment = plan(loaded)
    if changed := changed_parts(experiment, record):
        raise DataError(
            f"the {' and the '.join(changed)} are no longer those that {run.name} was run on",
            hint="run the spec again, or put the data back as they were",
        )
    return experiment


def is_spec_of(loaded: LoadedSpec, record: Record) -> bool:
    """Tell whether a spec is, in its meaning, the complete one that a run was run with."""
    return recording.fingerprint_of(loaded.spec) == (record.get("spec") or {}).get("fingerprint")


def changed_parts(experiment: Experiment, record: Record) -> list[str]:
    """Name which of ``data`` and ``splits`` are no longer those of a run."""
    now = {"data": experiment.dataset.fingerprint, "splits": experiment.splits.fingerprint}
    return [name for name, fingerprint in now.items() if (record.get(name) or {}).get("fingerprint") != fingerprint]


def every_row(experiment: Experiment) -> Indices:
    """List all rows of an experiment, as `retrain` trains on them.

    Those in a gap before the test rows too: nothing is scored there that they could spoil.
    """
    splits = experiment.splits
    return np.setdiff1d(np.union1d(np.union1d(splits.pool, splits.test), experiment.dataset.train_rows), splits.dropped)


def steps_of_model(experiment: Experiment, record: Record) -> FittedSteps:
    """Fit the preprocessing once more as it was fitted for the model in ``model.keras``.

    That is the model of `dlrun test`, or of its ``--retrain``, or else a hold-out run's own.
    """
    if record.get("retrained"):
        return fit_preprocessing(experiment.spec, experiment.dataset, every_row(experiment))
    if "test" in record:
        return fit_preprocessing(experiment.spec, experiment.dataset, experiment.splits.pool)
    return experiment.first.fitted
