"""Warnings about layers and inputs: what works, but is rarely meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlrun.models.kinds import DROPOUT, NORMALISING, RECURRENT, core
from dlrun.models.tasks import Targets
from dlrun.spec.sections import Layer, Regularisation
from dlrun.spec.wiring import MODEL_INPUT, is_chain, sources_of

if TYPE_CHECKING:
    from dlrun.models.facts import DataFacts

USUAL_DROPOUT = (0.2, 0.5)
LARGE_INPUT = 10.0
"""Inputs beyond this are large: weights start out for inputs of about 1."""
LARGE_SPREAD = 256.0
"""Features whose ranges differ by more than this factor are on different scales; eight-bit pixels never are."""

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


def bottleneck_warnings(layers: Sequence[Layer], targets: Targets) -> list[str]:
    """Find layers of a chain that are narrower than the number of classes.

    What such a layer drops, no later layer can bring back. Only layers that hold one vector a row are judged: after the
    last Flatten or global pooling, where there is one.
    """
    classes = targets.outputs
    if targets.task != "multiclass" or classes is None or classes <= 2 or not is_chain(layers):
        return []
    start = max((index for index, layer in enumerate(layers) if layer.kind.startswith(_COLLAPSING)), default=0)
    narrow = [(index, *core(layer)) for index, layer in enumerate(layers) if index >= start]
    return [
        f"layers[{index}] ({kind} {arguments['units']}) is narrower than the {classes} classes: an information "
        "bottleneck, since what it drops no later layer can bring back"
        for index, kind, arguments in narrow
        if isinstance(arguments.get("units"), int) and arguments["units"] < classes and _one_vector(kind, layers, index)
    ]


def _one_vector(kind: str, layers: Sequence[Layer], index: int) -> bool:
    """Whether a layer gives one vector a row: Dense with no sequence around it, or a recurrent layer's last state."""
    if kind == "Dense":
        return not any(layer.kind in RECURRENT for layer in layers[index + 1 :])
    return kind in RECURRENT and not core(layers[index])[1].get("return_sequences", False)


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
