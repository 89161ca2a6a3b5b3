"""What a registry knows of one name: where it lives, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlrun.registry.spelling import american

KINDS = (
    "layers",
    "losses",
    "optimisers",
    "metrics",
    "initialisers",
    "regularisers",
    "constraints",
    "activations",
    "schedules",
)
"""The registries, by the names that specs, plugins and ``dlrun list`` use."""

BASE_LAYER_ARGUMENTS = ("trainable", "dtype")
"""What Keras's base class takes for every layer; listed after the layer's own parameters. ``name`` is the spec's."""


@dataclass(frozen=True)
class Parameter:
    """One argument of a constructor or function.

    Args:
        required: whether it has no default.
        default: the default as a JSON value (tuples as lists); None also where it cannot be written as one.
        nested: the kind of registry that its value names, such as "initialisers"; None for a plain value.
    """

    name: str
    required: bool = False
    default: Any = None
    nested: str | None = None


@dataclass(frozen=True)
class Entry:
    """One name of a registry.

    Args:
        name: the canonical name.
        reference: where the class or function lives, as "module:attribute".
        parameters: in the order of the constructor; an activation's arguments without the tensor.
        inputs: of layers: the names of the tensors that ``call`` requires.
        summary: the first line of the docstring.
        origin: "keras", "dlrun", or the distribution that brought the plugin.
        aliases: other names for it.
        known: False for a plugin that has not been imported; its parameters are not known then.
    """

    kind: str
    name: str
    reference: str
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[str, ...] = ()
    summary: str = ""
    origin: str = "keras"
    aliases: tuple[str, ...] = ()
    known: bool = True

    def parameter(self, name: str) -> Parameter | None:
        """Find a parameter by its name or the British or American twin of it."""
        wanted = american(name)
        return next((parameter for parameter in self.parameters if american(parameter.name) == wanted), None)


_NESTED_NAMES = {
    "activation": "activations",
    "recurrent_activation": "activations",
    "initializer": "initialisers",
    "regularizer": "regularisers",
    "constraint": "constraints",
    "layer": "layers",
    "layers": "layers",
    "backward_layer": "layers",
    "cell": "layers",
    "cells": "layers",
}
_NESTED_ENDINGS = {"_initializer": "initialisers", "_regularizer": "regularisers", "_constraint": "constraints"}


def nested_kind(parameter: str) -> str | None:
    """Tell from a parameter's name which registry its value comes from, by Keras's naming."""
    name = american(parameter)
    by_ending = (kind for ending, kind in _NESTED_ENDINGS.items() if name.endswith(ending))
    return _NESTED_NAMES.get(name) or next(by_ending, None)
