"""A Keras model as pure functions of one lane's state: a training step, a prediction, the metrics' results.

They are what ``Model.train_step`` and ``Model.test_step`` compute, with Keras's own layers, losses, metrics and
optimisers; only where values live differs. A lane's state is a tuple of tensors, so a program can stack many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from dlrun.data.encoded import MultiHotRows, take
from dlrun.errors import TrainingError
from dlrun.training.batches import as_loss_takes, pick_rows, placed
from dlrun.training.compiled.stateless import apply_gradients, without_branches, without_distribution
from dlrun.training.contract import FoldData, TrainingPlan
from dlrun.training.fresh import FreshOptimiser, values_of

Tensors = Sequence[Any]

FEW_ONES = 0.05
"""Share of ones up to which sparse products beat those of unpacked rows."""


class LaneState(NamedTuple):
    """All that changes while a fit goes on. In a program each tensor has the lanes in front.

    ``others`` are the model's variables that are not trained: moving averages, the states of random streams.
    """

    weights: Tensors
    others: Tensors
    optimiser: Tensors
    metrics: Tensors


class LaneNet:
    """A compiled model, and its functions.

    Args:
        data: of any fold: its shapes and types are those of every lane.
        plan: builds and compiles.
        seed: of initial weights.
        sparse: whether sparse rows may be used where they are faster.

    Attributes:
        sparse: whether the model is given multi-hot rows as sparse tensors: they are mostly zeros, and go to Dense
            layers alone. Measured on 512 rows of 10,000 columns, 130 of them ones, and 16 units: a step takes a fifth.
    """

    def __init__(self, data: FoldData, plan: TrainingPlan, seed: int, *, sparse: bool = False) -> None:
        self._plan, self._shape = plan, data.inputs.shape[1:]
        self.model = plan.build(self._shape, seed)
        self.model.compile(**plan.compile_arguments())
        self.model.optimizer.build(self.model.trainable_variables)
        self._loss = keras.metrics.Mean(name="loss")
        rows = data.inputs
        few = sparse and isinstance(rows, MultiHotRows) and rows.share_of_ones() <= FEW_ONES
        self.sparse = few and self._takes_sparse()
        weights, others = values_of(self.model.trainable_variables), values_of(self.model.non_trainable_variables)
        self._build_metrics(data)
        self._metrics = [*self._loss.variables, *self.model.metrics_variables]
        self._optimiser, self._no_metrics = FreshOptimiser(plan, self.model), values_of(self._metrics)
        # From before the metrics were made: even a prediction moves the random streams of some layers on.
        self._first = seed, LaneState(weights, others, self._optimiser.values(self.model), self._no_metrics)

    def _takes_sparse(self) -> bool:
        """Whether the model multiplies its inputs with kernels, and does nothing else with them."""
        (tensor,) = self.model.inputs
        takers = [
            layer
            for layer in self.model.layers
            if any(taken is tensor for node in layer._inbound_nodes for taken in node.input_tensors)
        ]
        return all(type(layer) is keras.layers.Dense for layer in takers)

    def initial(self, seed: int) -> LaneState:
        """Return the state in which a fit with this seed begins, as arrays."""
        first_seed, state = self._first
        return state if first_seed == seed else self._beginning(self._plan.build(self._shape, seed))

    def put_back(self, state: LaneState, *, last: bool) -> Any:
        """Set the model's and the optimiser's variables to one lane's values; returns the model.

        Args:
            state: arrays.
            last: whether the weights are those of the last epoch. ``model.fit`` ends by putting the optimiser's moving
                averages in their place, where it keeps any.
        """
        pairs = (
            (self.model.trainable_variables, state.weights),
            (self.model.non_trainable_variables, state.others),
            (self.model.optimizer.variables, state.optimiser),
        )
        for variables, values in pairs:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        if last:
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        return self.model

    @contextmanager
    def tracing(self, *, vectorized: bool) -> Iterator[None]:
        """Surround whatever traces the functions below, for one lane or for a map over lanes."""
        (tensor,) = self.model.inputs
        with without_distribution(self.model.optimizer), without_branches() if vectorized else nullcontext():
            # What does not know of sparse inputs would be given them as arrays.
            tensor._sparse = self.sparse
            try:
                yield
            finally:
                tensor._sparse = False

    def train_step(self, state: LaneState, inputs: Any, targets: Any, row_weights: Any | None) -> LaneState:
        """Carry out one step on a batch: (batch, ...) inputs and targets, (batch,) weights of rows or None."""
        model = self.model
        with tf.GradientTape() as tape:
            tape.watch(state.weights)
            with keras.StatelessScope(state_mapping=self._model_mapping(state), collect_losses=True) as scope:
                outputs = model(inputs, training=True)
                loss = model.compute_loss(x=inputs, y=targets, y_pred=outputs, sample_weight=row_weights, training=True)
                scaled = model.optimizer.scale_loss(loss)
            others = [scope.get_current_value(variable) for variable in model.non_trainable_variables]
            for variable, value in zip(model.trainable_variables, state.weights, strict=True):
                if scope.get_current_value(variable) is not value:
                    raise TrainingError(f"'{variable.path}' is set by its layer in the middle of a step")
        gradients = tape.gradient(scaled, state.weights)
        weights, optimiser = apply_gradients(model.optimizer, state.optimiser, gradients, state.weights)
        metrics = self._updated_metrics(state.metrics, loss, inputs, targets, outputs, row_weights)
        return LaneState(weights, others, optimiser, metrics)

    def predict(self, weights: Tensors, others: Tensors, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """Return predictions (rows, outputs) and the mean loss with penalties, as ``evaluate`` computes it."""
        model = self.model
        mapping = self._model_mapping(LaneState(weights, others, (), ()))
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True):
            outputs = model(inputs, training=False)
            loss = model.compute_loss(x=inputs, y=targets, y_pred=outputs, training=False)
        return outputs, loss

    def results(self, metrics: Tensors) -> Any:
        """Return the training loss and metrics of the epoch so far, (1 + metrics,), in the order of the plan."""
        with keras.StatelessScope(state_mapping=list(zip(self._metrics, metrics, strict=True))):
            values = {**self.model.get_metrics_result(), "loss": self._loss.result()}
        names = ("loss", *self._plan.train_metrics)
        return tf.stack([tf.reshape(tf.cast(values[name], keras.config.floatx()), []) for name in names])

    def _model_mapping(self, state: LaneState) -> list[tuple[Any, Any]]:
        model = self.model
        return [
            *zip(model.trainable_variables, state.weights, strict=True),
            *zip(model.non_trainable_variables, state.others, strict=True),
        ]

    def _updated_metrics(
        self, metrics: Tensors, loss: Any, inputs: Any, targets: Any, outputs: Any, row_weights: Any | None
    ) -> list[Any]:
        with keras.StatelessScope(state_mapping=list(zip(self._metrics, metrics, strict=True))) as scope:
            self._loss.update_state(loss, sample_weight=tf.shape(targets)[0])
            self.model.compute_metrics(x=inputs, y=targets, y_pred=outputs, sample_weight=row_weights)
        return [scope.get_current_value(variable) for variable in self._metrics]

    def _build_metrics(self, data: FoldData) -> None:
        """Let Keras make the metrics' variables, which it does at their first batch; here it counts for nothing."""
        rows = data.train[:2]
        inputs = pick_rows(placed(take(data.inputs, rows)), tf.range(len(rows)))
        targets = tf.constant(as_loss_takes(data.targets[rows]))
        outputs = self.model(inputs, training=False)
        self.model.compute_loss(x=inputs, y=targets, y_pred=outputs, training=False)
        self.model.compute_metrics(x=inputs, y=targets, y_pred=outputs)
        self.model.reset_metrics()

    def _beginning(self, model: Any) -> LaneState:
        weights, others = values_of(model.trainable_variables), values_of(model.non_trainable_variables)
        return LaneState(weights, others, self._optimiser.values(model), self._no_metrics)
