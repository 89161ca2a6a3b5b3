"""Warnings about layers and inputs: what works, but is rarely meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlrun.models.kinds import ACTIVATIONS, DROPOUT, NORMALISING, RECURRENT, core, is_dense_or_conv
from dlrun.models.names import activation_name
from dlrun.models.tasks import NO_ACTIVATION, Targets
from dlrun.spec.sections import Layer, Named, Regularisation
from dlrun.spec.wiring import MODEL_INPUT, is_chain, sources_of

if TYPE_CHECKING:
    from dlrun.models.facts import DataFacts

USUAL_DROPOUT = (0.2, 0.5)
LARGE_INPUT = 10.0
"""Inputs beyond this are large: weights start out for inputs of about 1."""
LARGE_SPREAD = 256.0
"""Features whose ranges differ by more than this factor are on different scales; eight-bit pixels never are."""

BATCH_MOMENTUM, LAGGING = 0.99, 0.01
"""Keras's momentum of batch normalisation; the share of initial values from which on moving averages lag behind."""

HEADS = ("softmax", "sigmoid")
"""Activations that a Dense layer hardly has unless it gives the predictions."""

_COLLAPSING = ("Flatten", "Reshape", "Global")
_SCALING = NORMALISING | {"Normalization", "Rescaling", "Embedding"}


def dropout_warnings(layers: Sequence[Layer], regularisation: Regularisation) -> list[str]:
    """Find dropout rates outside 0.2-0.5, in dropout layers and in ``regularisation``."""
    rates = [
        (f"layers[{index}]", layer.arguments.get("rate")) for index, layer in enumerate(layers) if layer.kind in DROPOUT
    ]
    rates.append(("regularisation", regularisation.dropout))
    low, high = USUAL_DROPOUT
    return [
        f"dropout rate {rate:g} ({where}) is outside the usual {low}-{high}: "
        + ("it hardly regularises" if rate < low else "it drops more than it keeps")
        for where, rate in rates
        if isinstance(rate, int | float) and rate and not low <= rate <= high
    ]


def lagging_warnings(layers: Sequence[Layer], steps: int) -> list[str]:
    """Find batch normalisation whose moving averages are still far from the batches' when training ends.

    Predictions are made with these averages, which after ``n`` steps still hold ``momentum ** n`` of the first.

    Args:
        layers: of the spec.
        steps: of one fit, all epochs together.
    """
    momenta = {
        index: core(layer)[1].get("momentum", BATCH_MOMENTUM)
        for index, layer in enumerate(layers)
        if core(layer)[0] == "BatchNormalization"
    }
    lagging = {
        index: float(momentum)
        for index, momentum in momenta.items()
        if isinstance(momentum, int | float) and 0 < momentum < 1 and momentum**steps > LAGGING
    }
    if not lagging:
        return []
    where, most = ", ".join(f"layers[{index}]" for index in lagging), max(lagging.values())
    return [
        f"{where} (BatchNormalization): {steps} steps are few for moving averages with momentum {most:g}, which make "
        f"the predictions: {100 * most**steps:.0f} % of them are still initial values; momentum: 0.9 follows faster"
    ]


def activation_warnings(layers: Sequence[Layer], hidden: Named) -> list[str]:
    """Find layers that are given the hidden activation, though an activation of their own follows the normalisation.

    ``Conv2D → BatchNormalization → Activation`` is rarely meant to activate twice.
    """
    if activation_name(hidden) == NO_ACTIVATION:
        return []
    takers: dict[int, list[int]] = defaultdict(list)
    for taker, taken in enumerate(sources_of(layers)):
        for index in set(taken):
            takers[index].append(taker)
    warnings = []
    for index, layer in enumerate(layers):
        kind, arguments = core(layer)
        after = takers[index] if is_dense_or_conv(kind) and "activation" not in arguments else []
        passed = after
        while len(after) == 1 and layers[after[0]].kind in NORMALISING:
            after = takers[after[0]]
        if after != passed and any(layers[taker].kind in ACTIVATIONS for taker in after):
            warnings.append(
                f"layers[{index}] ({kind}) gets the hidden activation '{hidden.name}', and another one follows its "
                "normalisation; for the second alone, write activation: none"
            )
    return warnings


def bottleneck_warnings(layers: Sequence[Layer], targets: Targets) -> list[str]:
    """Find layers of a chain that are narrower than the number of classes.

    What such a layer drops, no later layer can bring back. Only layers that hold one vector a row are judged: after the
    last Flatten or global pooling, where there is one.
    """
    classes = targets.outputs
    if targets.task != "multiclass" or classes is None or classes <= 2 or not is_chain(layers):
        return []
    start = max((index for index, layer in enumerate(layers) if layer.kind.startswith(_COLLAPSING)), default=0)
    recurrent = max((index for index, layer in enumerate(layers) if layer.kind in RECURRENT), default=-1)
    narrow = [(index, *core(layer)) for index, layer in enumerate(layers) if index >= start]
    return [
        f"layers[{index}] ({kind} {arguments['units']}) is narrower than the {classes} classes: an information "
        "bottleneck, since what it drops no later layer can bring back"
        for index, kind, arguments in narrow
        if isinstance(arguments.get("units"), int)
        and arguments["units"] < classes
        and _one_vector(kind, arguments, follows=index < recurrent)
    ]


def _one_vector(kind: str, arguments: Mapping[str, Any], *, follows: bool) -> bool:
    """Whether a layer gives one vector a row: Dense with no sequence around it, or a recurrent layer's last state.

    Args:
        kind: of the layer.
        arguments: as the spec has them.
        follows: whether a recurrent layer follows it.
    """
    return not follows if kind == "Dense" else kind in RECURRENT and not arguments.get("return_sequences", False)


def input_warnings(layers: Sequence[Layer], facts: DataFacts) -> list[str]:
    """Find inputs that a model learns badly from: large, on different scales, or token numbers taken for amounts."""
    first = [layer for layer, sources in zip(layers, sources_of(layers), strict=True) if MODEL_INPUT in sources]
    if facts.integer_inputs and not any(layer.kind == "Embedding" for layer in first):
        return [
            "the inputs are token numbers, which name words and measure nothing: begin with an Embedding layer, or "
            "use the multi_hot step"
        ]
    if facts.normalised or facts.integer_inputs or facts.inputs is None or (first and first[0].kind in _SCALING):
        return []
    ranges = facts.inputs
    if max(abs(ranges.low), abs(ranges.high)) > LARGE_INPUT:
        what = f"the inputs are large ({ranges.low:.6g} to {ranges.high:.6g})"
    elif ranges.spread > LARGE_SPREAD:
        what = f"one feature's range is {ranges.spread:.0f} times another's"
    else:
        return []
    return [f"{what} and nothing normalises them: such inputs make large, uneven gradients; add the normalise step"]


def second_output_warnings(layers: Sequence[Layer], targets: Targets) -> list[str]:
    """Find a list of layers that ends in an output layer of its own, though one is added to it."""
    if not layers or layers[-1].kind != "Dense":
        return []
    arguments = layers[-1].arguments
    ends = str(arguments.get("activation") or "").lower()
    if ends not in HEADS and not (ends in ("linear", "none") and arguments.get("units") == targets.outputs):
        return []
    return [
        f"the list ends in Dense {arguments.get('units')} {ends}, and the output layer comes after it: it is added by "
        "itself, so leave this layer out, or say output: false"
    ]
