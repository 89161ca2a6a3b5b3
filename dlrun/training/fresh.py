"""The state in which an optimiser begins: mostly the same for every fit, and for some it hangs on the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlrun.data.dataset import Array
from dlrun.training.contract import TrainingPlan


class FreshOptimiser:
    """Knows the values with which the optimiser of each fit begins.

    Args:
        plan: makes fresh optimisers.
        model: compiled, its optimiser built and unused.
    """

    def __init__(self, plan: TrainingPlan, model: Any) -> None:
        self._plan = plan
        self._values = values_of(model.optimizer.variables)
        self._hangs_on_weights = _repeats(self._values, values_of(model.trainable_variables))

    def values(self, model: Any) -> list[Array]:
        """Return the values for a fit that begins with this model's weights."""
        if not self._hangs_on_weights:
            return self._values
        optimiser = self._plan.compile_arguments()["optimizer"]
        optimiser.build(model.trainable_variables)
        return values_of(optimiser.variables)


def values_of(variables: Sequence[Any]) -> list[Array]:
    """Copy the values of Keras variables."""
    return [np.array(variable.numpy()) for variable in variables]


def _repeats(values: Sequence[Array], weights: Sequence[Array]) -> bool:
    """Whether a weight that is not all zeros stands among the values, as in schedule-free optimisers."""
    drawn = [weight for weight in weights if weight.any()]
    return any(np.array_equal(value, weight) for value in values for weight in drawn)
