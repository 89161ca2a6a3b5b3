"""A few real kills of real processes; ``make torture`` makes hundreds."""

from __future__ import annotations

import pytest

from tests.torture.torture import torture

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_processes_killed_at_random_instants_are_resumed_to_the_same_bits() -> None:
    tally = torture(kills=5, seed=0, jobs=1, names=("kfold-compiled", "holdout-keras"))

    assert tally.mismatches == []
    assert tally.counts["kills"] >= 5
    assert tally.counts["runs compared"] >= 1
