from __future__ import annotations

import inspect
from typing import get_args

import pytest

from dlrun.spec.sources import GENERATOR_OPTIONS, SOURCES, GeneratedSource
from dlrun.spec.steps import STEPS, StepSpec

# What would change the kind of thing that comes back, and what the section has a field for.
NOT_OFFERED = {
    "return_centers",
    "return_X_y",
    "return_indicator",
    "return_distributions",
    "sparse",
    "coef",
    "random_state",
}


def test_every_generator_has_its_options() -> None:
    assert set(GENERATOR_OPTIONS) == {name for name, source in SOURCES.items() if source is GeneratedSource}


@pytest.mark.parametrize("name", sorted(GENERATOR_OPTIONS))
def test_the_options_of_generators_are_scikit_learns(name: str) -> None:
    from sklearn import datasets

    offered = set(inspect.signature(getattr(datasets, name)).parameters)

    assert set(GENERATOR_OPTIONS[name]) == offered - NOT_OFFERED


def test_every_step_is_in_the_table_under_its_own_name() -> None:
    classes = get_args(get_args(StepSpec)[0])

    assert {step: STEPS[step.model_fields["step"].default][0] for step in classes} == {step: step for step in classes}
