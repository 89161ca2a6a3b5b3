"""A Keras optimiser as a function of tensors: its update rules applied to values instead of variables.

``Optimizer.stateless_apply`` does this under JAX. TensorFlow's own layer of Keras's optimisers forbids it, because it
hands every update to ``tf.distribute``, which wants variables. Below that layer stand the rules of the base class,
which go through `keras.Variable` and therefore follow a `keras.StatelessScope`; here they are put back in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import MethodType
from typing import Any

import keras
from keras.src.backend.tensorflow.optimizer import TFOptimizer
from keras.src.optimizers.base_optimizer import BaseOptimizer

Tensors = Sequence[Any]

DISTRIBUTED = (
    "assign",
    "assign_add",
    "assign_sub",
    "_apply_weight_decay",
    "_backend_update_step",
    "_backend_reset_gradient_accumulators",
    "_backend_increment_gradient_accumulators",
    "_overwrite_model_variables_with_average_value",
)
"""What TensorFlow's layer replaces and the base class has without ``tf.distribute``."""


@contextmanager
def without_distribution(optimiser: Any) -> Iterator[None]:
    """Give a built optimiser the base class's update rules for a while; an optimiser's own overrides stay."""
    keys = {id(variable): optimiser._var_key(variable) for variable in optimiser._trainable_variables}
    replaced = ["_var_key"]
    optimiser.__dict__["_var_key"] = lambda variable: keys[id(variable)]
    for name in DISTRIBUTED:
        rule = getattr(BaseOptimizer, name, None)
        if rule is not None and getattr(type(optimiser), name) is getattr(TFOptimizer, name):
            optimiser.__dict__[name] = MethodType(rule, optimiser)
            replaced.append(name)
    try:
        yield
    finally:
        for name in replaced:
            del optimiser.__dict__[name]


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
