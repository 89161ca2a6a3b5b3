"""What a spec says once for all hidden layers, written out layer by layer: activation, regularisation, dropout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.errors import Problem
from dlrun.models.kinds import (
    ACTIVATIONS,
    DROPOUT,
    NORMALISING,
    as_value,
    core,
    head_index,
    is_dense_or_conv,
    with_core_arguments,
)
from dlrun.models.names import free_name, parameter_names
from dlrun.spec.sections import ExperimentSpec, Layer, Regularisation
from dlrun.spec.wiring import sources_of

KERNELS = ("kernel_regularizer", "depthwise_regularizer", "pointwise_regularizer")

PATH = ("regularisation",)


@dataclass(frozen=True)
class Spread:
    """Layers with everything written out.

    Args:
        layers: all of them, in the order of the model.
        origins: for each layer, which one of the spec as written it is, or comes after.
        warnings: what was left as the spec has it, and why.
        problems: what could have no effect.
    """

    layers: tuple[Layer, ...]
    origins: tuple[int, ...]
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def spread(spec: ExperimentSpec) -> Spread:
    """Write hidden activation, weight penalties and dropout into the layers. Idempotent."""
    hidden = hidden_indices(spec)
    layers = [_activated(layer, spec) if index in hidden else layer for index, layer in enumerate(spec.layers)]
    layers, kept_penalty, problems = _penalised(layers, hidden, spec.regularisation)
    after, kept_dropout, more = _dropout_places(layers, hidden, spec.regularisation.dropout)
    layers, origins = _with_dropout(layers, after, spec.regularisation.dropout)
    return Spread(tuple(layers), origins, (*kept_penalty, *kept_dropout), (*problems, *more))


def hidden_indices(spec: ExperimentSpec) -> frozenset[int]:
    """All layers of the list are hidden, but for the head of a model with ``output: false``."""
    head = None if spec.output else head_index(spec.layers)
    return frozenset(range(len(spec.layers))) - {head}


def _activated(layer: Layer, spec: ExperimentSpec) -> Layer:
    """Give a Dense or Conv layer the hidden activation unless it names its own."""
    kind, arguments = core(layer)
    if not is_dense_or_conv(kind) or "activation" in arguments:
        return layer
    return with_core_arguments(layer, {"activation": as_value(spec.hidden_activation)})


def penalty(regularisation: Regularisation) -> dict[str, Any] | None:
    """Write l1 and l2 as the Keras regulariser that means them, or None where both are 0."""
    l1, l2 = regularisation.l1, regularisation.l2
    if l1 and l2:
        return {"L1L2": {"l1": l1, "l2": l2}}
    if l1:
        return {"L1": {"l1": l1}}
    return {"L2": {"l2": l2}} if l2 else None


def _penalised(
    layers: Sequence[Layer], hidden: frozenset[int], regularisation: Regularisation
) -> tuple[list[Layer], list[str], list[Problem]]:
    """Put the weight penalty on every kernel of the hidden layers that names none of its own."""
    value = penalty(regularisation)
    if value is None:
        return list(layers), [], []
    done, warnings, kernels = list(layers), [], 0
    for index in sorted(hidden):
        kind, arguments = core(layers[index])
        takes = [name for name in KERNELS if name in parameter_names("layers", kind)]
        kernels += len(takes)
        own = [name for name in takes if name in arguments]
        done[index] = with_core_arguments(layers[index], {name: value for name in takes if name not in own})
        if own:
            warnings.append(f"layers[{index}] ({kind}) keeps its own {own[0]}; regularisation does not add to it")
    problems = [] if kernels else [_no_effect("l1 and l2", "with a kernel")]
    return done, warnings, problems


def _dropout_places(
    layers: Sequence[Layer], hidden: frozenset[int], rate: float
) -> tuple[list[int], list[str], list[Problem]]:
    """Choose the hidden Dense layers that get a Dropout layer after them."""
    dense = [index for index in sorted(hidden) if core(layers[index])[0] == "Dense"] if rate else []
    own = [index for index in dense if _has_dropout(layers, index)]
    warnings = [
        f"layers[{index}] (Dense) already has a dropout layer of its own after it; regularisation adds none there"
        for index in own
    ]
    problems = [_no_effect("dropout", "of kind Dense")] if rate and not dense else []
    return [index for index in dense if index not in own], warnings, problems


def _no_effect(what: str, lack: str) -> Problem:
    """Word a regularisation that no layer can take."""
    return Problem(f"{what} would have no effect: there is no hidden layer {lack}", PATH, hint="leave it out")


def _has_dropout(layers: Sequence[Layer], index: int) -> bool:
    """Whether a layer's output goes through dropout before the next layer with weights to learn."""
    takers = [taker for taker, sources in enumerate(sources_of(layers)) if index in sources]
    return any(
        layers[taker].kind in DROPOUT
        or (layers[taker].kind in ACTIVATIONS | NORMALISING and _has_dropout(layers, taker))
        for taker in takers
    )


def _with_dropout(layers: Sequence[Layer], after: Sequence[int], rate: float) -> tuple[list[Layer], tuple[int, ...]]:
    """Insert Dropout layers; whoever took a Dense layer by its name takes the dropout's output instead."""
    names = {layer.name for layer in layers if layer.name}
    renamed: dict[str, str] = {}
    for index in after:
        name = layers[index].name
        if name:
            renamed[name] = free_name(f"{name[:150]}_dropout", names)
            names.add(renamed[name])
    done: list[Layer] = []
    origins: list[int] = []
    for index, layer in enumerate(layers):
        inputs = tuple(renamed.get(name, name) for name in layer.inputs)
        done.append(layer.model_copy(update={"inputs": inputs}))
        origins.append(index)
        if index in after:
            name = renamed.get(layer.name) if layer.name else None
            done.append(Layer(kind="Dropout", arguments={"rate": rate}, name=name))
            origins.append(index)
    return done, tuple(origins)
