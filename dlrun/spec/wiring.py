"""How the layers of a spec hang together: who takes whose output.

A layer without ``from`` takes the layer before it, the first one the model's input. The name ``input`` always means the
model's input, ``output`` is kept for the output layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from dlrun.errors import Problem
from dlrun.registry.nearest import nearest
from dlrun.spec.document import MOST
from dlrun.spec.sections import Layer

INPUT = "input"
OUTPUT = "output"
MODEL_INPUT = -1
"""Stands for the model's input where layers are counted from 0."""

Sources = tuple[tuple[int, ...], ...]


def sources_of(layers: Sequence[Layer]) -> Sources:
    """Give, for each layer, the indices of the layers whose outputs it takes; ``-1`` is the model's input.

    Call it on layers without wiring problems.
    """
    known = {INPUT: MODEL_INPUT}
    sources: list[tuple[int, ...]] = []
    for index, layer in enumerate(layers):
        sources.append(tuple(known[name] for name in layer.inputs) or (index - 1,))
        if layer.name:
            known[layer.name] = index
    return tuple(sources)


def is_chain(layers: Sequence[Layer]) -> bool:
    """Whether every layer takes the one before it."""
    return all(sources == (index - 1,) for index, sources in enumerate(sources_of(layers)))


def wiring_problems(layers: Sequence[Layer], output: bool) -> list[Problem]:
    """Find names that clash or lead nowhere, and layers whose output nobody takes."""
    problems = [*_clashes(layers, output), *islice(_loose_ends(layers), MOST)]
    return problems or _dead_ends(layers)


def _clashes(layers: Sequence[Layer], output: bool) -> list[Problem]:
    """Find names given twice, and names that are already taken."""
    problems: list[Problem] = []
    taken = {INPUT: "the model's input"} | ({OUTPUT: "the output layer"} if output else {})
    for index, layer in enumerate(layers):
        if layer.name in taken:
            message = f"the name '{layer.name}' already means {taken[layer.name]}"
            problems.append(Problem(message, ("layers", index, layer.kind, "name"), hint="give the layer another name"))
        elif layer.name:
            taken[layer.name] = f"layers[{index}]"
    return problems


def _loose_ends(layers: Sequence[Layer]) -> Iterator[Problem]:
    """Find ``from`` entries that name no layer above."""
    above = {INPUT: None}  # a set that keeps its order
    for index, layer in enumerate(layers):
        for name in layer.inputs:
            if name not in above:
                yield _unknown(name, index, list(above), layers)
        if layer.name:
            above[layer.name] = None


def _unknown(name: str, index: int, above: Sequence[str], layers: Sequence[Layer]) -> Problem:
    """Word one ``from`` that leads nowhere."""
    if any(layer.name == name for layer in layers[index:]):
        hint = "a layer can only take layers that stand above it"
    else:
        near = nearest(name, above)
        hint = f"did you mean '{near}'?" if near else f"names so far: {', '.join(above)}"
    return Problem(f"no layer above is named '{name}'", ("layers", index, "from"), hint=hint)


def _dead_ends(layers: Sequence[Layer]) -> list[Problem]:
    """Find layers that nobody takes: they would silently be no part of the model."""
    taken = {source for sources in sources_of(layers) for source in sources}
    return [
        Problem(
            f"nothing takes the output of this {layer.kind}, so it would have no effect",
            ("layers", index),
            hint="name it in the `from` of a later layer, or leave it out",
        )
        for index, layer in enumerate(layers[:-1])
        if index not in taken
    ]
