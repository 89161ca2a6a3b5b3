"""How layers hang together, and what is wrong with names and branches."""

from __future__ import annotations

import pytest

from dlrun.errors import Path
from dlrun.spec.sections import Layer
from dlrun.spec.wiring import is_chain, sources_of, wiring_problems


def layer(kind: str, name: str | None = None, *inputs: str) -> Layer:
    return Layer(kind=kind, name=name, inputs=inputs)


def problems(*layers: Layer, output: bool = True) -> dict[Path, str]:
    return {problem.path: f"{problem.message} | {problem.hint}" for problem in wiring_problems(layers, output)}


def test_a_layer_takes_the_one_before_it_unless_it_says_otherwise() -> None:
    layers = [layer("Dense", "a"), layer("Dense"), layer("Add", None, "a", "input")]

    assert sources_of(layers) == ((-1,), (0,), (0, -1))
    assert is_chain(layers[:2])
    assert not is_chain(layers)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("b", "stand above it"), ("fist", "did you mean 'first'?"), ("zzz", "names so far: input, first")],
)
def test_a_source_that_is_not_above_is_an_error(name: str, hint: str) -> None:
    found = problems(layer("Dense", "first"), layer("Dense", "b", name))

    assert hint in found[("layers", 1, "from")]


@pytest.mark.parametrize("name", ["a", "input", "output"])
def test_a_name_that_is_taken_is_an_error(name: str) -> None:
    found = problems(layer("Dense", "a"), layer("Dense", name))

    assert f"the name '{name}' already means" in found[("layers", 1, "Dense", "name")]


def test_the_name_output_is_free_where_there_is_no_output_layer() -> None:
    assert problems(layer("Dense", "output"), output=False) == {}


def test_a_layer_that_nobody_takes_is_an_error() -> None:
    found = problems(layer("Dense"), layer("Dense", "b", "input"))

    assert "no effect" in found[("layers", 0)]
