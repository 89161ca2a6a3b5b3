"""One name for one thing: Keras knows a loss as ``mse``, ``mean_squared_error`` and ``MeanSquaredError``."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from dlrun.models.tasks import NO_ACTIVATION
from dlrun.registry import read_entry, registry
from dlrun.spec.sections import Named

_WORD_START = re.compile(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")

_SHORT = {
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "mean_absolute_percentage_error": "mape",
    "mean_squared_logarithmic_error": "msle",
    "categorical_generalized_cross_entropy": "categorical_generalized_crossentropy",
}
"""Losses that the task table and our messages call by a shorter name, or by one that is spelt as its siblings are."""


def snake_case(name: str) -> str:
    """Write a class name as Keras writes the function of the same name: ``KLDivergence`` → ``kl_divergence``."""
    return _WORD_START.sub("_", name).lower()


def loss_name(loss: Named) -> str:
    """Give the one name that our tables use for a loss."""
    entry = registry("losses").find(loss.name)
    snake = snake_case(entry.name if entry else loss.name)
    return _SHORT.get(snake, snake)


def activation_name(activation: Named) -> str:
    """Give the one name that our tables use for an activation; ``none`` for Keras's ``linear``."""
    entry = registry("activations").find(activation.name)
    name = entry.name if entry else activation.name
    return NO_ACTIVATION if name in {"linear", NO_ACTIVATION} else name


def class_name(kind: str, name: str) -> str:
    """Give Keras's class name for one of the names that it goes by: ``sgd`` → ``SGD``."""
    entry = registry(kind).find(name)
    return entry.name if entry else name


def parameter_names(kind: str, name: str) -> frozenset[str]:
    """List what an entry of a registry can be given; empty for an unknown one."""
    entry = registry(kind).find(name)
    return frozenset(parameter.name for parameter in read_entry(entry).parameters) if entry else frozenset()


def default_of(kind: str, name: str, parameter: str) -> Any:
    """Look up the default of a parameter; None where there is none."""
    entry = registry(kind).find(name)
    found = read_entry(entry).parameter(parameter) if entry else None
    return found.default if found else None


def free_name(name: str, taken: Collection[str]) -> str:
    """Count up until a name is free."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
