"""A Keras optimiser as a function of tensors: its update rules applied to values instead of variables.

``Optimizer.stateless_apply`` does this under JAX. TensorFlow's own layer of Keras's optimisers forbids it, because it
hands every update to ``tf.distribute``, which wants variables. Below that layer stand the rules of the base class,
which go through `keras.Variable` and therefore follow a `keras.StatelessScope`; here they are put back in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.tensorflow import core
from keras.src.backend.tensorflow.optimizer import TFOptimizer
from keras.src.optimizers.base_optimizer import BaseOptimizer

Tensors = Sequence[Any]

DISTRIBUTED = ("assign", "assign_add", "assign_sub", "_apply_weight_decay", "_backend_update_step")
"""What TensorFlow's layer replaces and the base class has without ``tf.distribute``."""


@contextmanager
def without_distribution(optimiser: Any) -> Iterator[None]:
    """Give Keras's optimisers the base class's update rules for a while; an optimiser's own overrides stay.

    The layer itself is changed, not the optimiser, since overrides call it by ``super()``. Nothing else may train
    meanwhile.

    Args:
        optimiser: built; the only one that is used inside.
    """
    keys = {id(variable): optimiser._var_key(variable) for variable in optimiser._trainable_variables}
    rules: dict[str, Any] = {name: getattr(BaseOptimizer, name) for name in DISTRIBUTED}
    rules["_var_key"] = lambda self, variable: keys[id(variable)]
    rules["_backend_apply_gradients"] = _apply_without_branches
    own = {name: TFOptimizer.__dict__[name] for name in rules if name in TFOptimizer.__dict__}
    for name, rule in rules.items():
        setattr(TFOptimizer, name, rule)
    try:
        yield
    finally:
        for name in rules:
            if name in own:
                setattr(TFOptimizer, name, own[name])
            else:
                delattr(TFOptimizer, name)


@contextmanager
def without_branches() -> Iterator[None]:
    """Let ``keras.ops.cond`` compute both sides and select, for a while.

    A map over lanes cannot branch where lanes differ: it would cut the lanes in two, and XLA takes no sizes that hang
    on values. Keras's losses, metrics and schedules branch between plain values only.
    """
    own = core.cond
    core.cond = _selected
    try:
        yield
    finally:
        core.cond = own


def _selected(condition: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    known = condition if isinstance(condition, bool) else tf.get_static_value(condition)
    if known is not None:
        return true_fn() if known else false_fn()
    return tf.nest.map_structure(lambda one, other: tf.where(condition, one, other), true_fn(), false_fn())


def _apply_without_branches(self: Any, gradients: Tensors, variables: Sequence[Any]) -> None:
    """Do what the base class does in ``_backend_apply_gradients``, with selections in the place of branches.

    A branch of a graph cannot assign to variables that are only values. Under JAX Keras does without, too.
    """
    steps = self.gradient_accumulation_steps
    if steps:
        due = tf.equal((self._iterations.value + 1) % steps, 0)
        before = [(variable, variable.value) for variable in (*variables, *self.variables)]
        sums = [self._accumulated_gradients[self._get_variable_index(variable)] for variable in variables]
        totals = [gradient + total.value for gradient, total in zip(gradients, sums, strict=True)]
        _update(self, [total / steps for total in totals], variables)
        for variable, old in before:
            variable.assign(tf.where(due, variable.value, old))
        for total, value in zip(sums, totals, strict=True):
            total.assign(tf.where(due, tf.zeros_like(value), value))
    else:
        _update(self, gradients, variables)
    if self.use_ema:
        self._update_model_variables_moving_average(self._trainable_variables)
        if self.ema_overwrite_frequency:
            due = tf.equal((self.iterations + 1) % self.ema_overwrite_frequency, 0)
            for variable, mean in zip(self._trainable_variables, self._model_variables_moving_average, strict=True):
                variable.assign(tf.where(due, mean.value, variable.value))


def _update(optimiser: Any, gradients: Tensors, variables: Sequence[Any]) -> None:
    clipped = optimiser._clip_gradients(gradients)
    optimiser._apply_weight_decay(variables)
    optimiser._backend_update_step(clipped, variables, optimiser.learning_rate)


def apply_gradients(
    optimiser: Any, state: Tensors, gradients: Tensors, weights: Tensors
) -> tuple[list[Any], list[Any]]:
    """Carry out one step of an optimiser: clipping, decay, update, moving averages, constraints, step counter.

    Args:
        optimiser: built on a model's trainable variables, inside `without_distribution`.
        state: the values of ``optimiser.variables``.
        gradients: of the loss, one for each trainable variable; None where it does not hang on it.
        weights: the values of the trainable variables.

    Returns:
        The new weights and the new state.
    """
    variables = optimiser._trainable_variables
    mapping = [*zip(variables, weights, strict=True), *zip(optimiser.variables, state, strict=True)]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        optimiser.apply(gradients)
    return (
        [scope.get_current_value(variable) for variable in variables],
        [scope.get_current_value(variable) for variable in optimiser.variables],
    )
