"""How layers hang together, and what is wrong with names and branches."""

from __future__ import annotations

from typing import Any

import pytest

from dlrun.models.graph import sources_of


def test_a_layer_takes_the_one_before_it_unless_it_says_otherwise(make: Any) -> None:
    layers = [make.layer("Dense", "a", units=2), make.layer("Dense", units=2), make.layer("Add", None, ("a", "input"))]

    assert sources_of(layers) == ((-1,), (0,), (0, -1))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("b", "stand above it"), ("fist", "did you mean 'first'?"), ("zzz", "names so far: input, first")],
)
def test_a_source_that_is_not_above_is_an_error(make: Any, name: str, hint: str) -> None:
    layers = [make.layer("Dense", "first", units=2), make.layer("Dense", "b", (name,), units=2)]

    assert hint in make.problems("binary", *layers)[("layers", 1, "from")]


@pytest.mark.parametrize("name", ["a", "input", "output"])
def test_a_name_that_is_taken_is_an_error(make: Any, name: str) -> None:
    layers = [make.layer("Dense", "a", units=2), make.layer("Dense", name, units=2)]

    assert f"the name '{name}' already means" in make.problems("binary", *layers)[("layers", 1, "name")]


def test_the_name_output_is_free_where_there_is_no_output_layer(make: Any) -> None:
    done = make.completed("regression", make.layer("Dense", "output", units=1), output=False)

    assert done.spec.layers[0].name == "output"


def test_a_layer_that_nobody_takes_is_an_error(make: Any) -> None:
    layers = [make.layer("Dense", units=2), make.layer("Dense", "b", ("input",), units=2)]

    assert "no effect" in make.problems("binary", *layers)[("layers", 0)]
