"""What a spec alone makes certain, before any data are read: no NumPy, no TensorFlow."""

from __future__ import annotations

from dlrun.models.completing import check_layers, check_targets
from dlrun.models.tasks import known_targets
from dlrun.spec.sections import ExperimentSpec


def check_without_data(spec: ExperimentSpec) -> tuple[str, ...]:
    """Judge a spec by its task, or by what is known of its source; returns warnings, one sentence each.

    Raises:
        SpecError: with everything that cannot work.
    """
    targets = known_targets(spec.dataset.source, spec.task)
    return check_targets(spec, targets) if targets else check_layers(spec)
