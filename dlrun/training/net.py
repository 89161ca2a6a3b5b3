"""A compiled model that one fold after another is trained with.

Building and tracing a model takes a second, and what TensorFlow traces it keeps for good. So the folds of a run share
one model, and each begins where a model of its own would: every variable is set to the value that a fresh model and a
fresh optimiser have. A fit changes nothing but variables in any layer, metric or optimiser of Keras.
"""

from __future__ import annotations

from dlrun.training.batches import row_shapes
from dlrun.training.contract import FoldData, TrainingPlan
from dlrun.training.fresh import FreshOptimiser
from dlrun.training.scoring import Forward


class Net:
    """A model, compiled, and what was traced of it.

    Args:
        data: of the first fold: inputs and targets of later ones must have the same shapes and types.
        plan: builds and compiles.
        seed: of the first fold's initial weights.
    """

    def __init__(self, data: FoldData, plan: TrainingPlan, seed: int) -> None:
        self._plan, self._shape = plan, row_shapes(data)
        self.model = plan.build(data.inputs.shape[1:], seed)
        self.model.compile(**plan.compile_arguments())
        self.model.optimizer.build(self.model.trainable_variables)
        self._optimiser = FreshOptimiser(plan, self.model)
        self.forward = Forward(self.model, data)

    def restarted(self, data: FoldData, seed: int) -> Net | None:
        """Go back to where a new net for this fold would begin; None where this one cannot take the fold's data."""
        if row_shapes(data) != self._shape:
            return None
        fresh = self._plan.build(data.inputs.shape[1:], seed)
        for variable, value in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(value)
        for variable, array in zip(self.model.optimizer.variables, self._optimiser.values(fresh), strict=True):
            variable.assign(array)
        return self
