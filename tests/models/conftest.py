"""Short ways to write specs and facts in the tests of models."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dlrun.errors import Path, SpecError
from dlrun.models import Completed, DataFacts, complete
from dlrun.spec.sections import ExperimentSpec, Layer, Named

FACTS = {
    "binary": DataFacts("binary", 1, (13,), 300),
    "multiclass": DataFacts("multiclass", 3, (13,), 300),
    "multilabel": DataFacts("multilabel", 3, (13,), 300),
    "regression": DataFacts("regression", 1, (13,), 300, target_low=-5.0, target_high=50.0),
    "vector_regression": DataFacts("vector_regression", 2, (13,), 300, target_low=-3.0, target_high=4.0),
    "unit_regression": DataFacts("unit_regression", 1, (13,), 300, target_low=0.1, target_high=0.9),
    "forecasting": DataFacts("forecasting", 2, (24, 3), 300, target_low=-3.0, target_high=40.0),
    "autoencoder": DataFacts("autoencoder", 13, (13,), 300, target_low=-3.0, target_high=3.0),
}


def _named(value: Any) -> Named:
    """Read ``"mse"`` or ``{"Huber": {"delta": 2}}``."""
    if isinstance(value, str):
        return Named(name=value)
    ((name, arguments),) = value.items()
    return Named(name=name, arguments=arguments)


def layer(kind: str, name: str | None = None, inputs: tuple[str, ...] = (), **arguments: Any) -> Layer:
    return Layer(kind=kind, name=name, inputs=inputs, arguments=arguments)


def spec(*layers: Layer, **fields: Any) -> ExperimentSpec:
    fields.setdefault("dataset", {"source": "csv", "path": ["table.csv"], "target": ["y"]})
    for key in ("loss", "last_activation", "optimiser", "hidden_activation"):
        if key in fields:
            fields[key] = _named(fields[key])
    if "metrics" in fields:
        fields["metrics"] = tuple(_named(metric) for metric in fields["metrics"])
    return ExperimentSpec(name="test", layers=layers or (layer("Dense", units=8),), **fields)


def _facts(facts: str | DataFacts) -> DataFacts:
    return FACTS[facts] if isinstance(facts, str) else facts


def completed(facts: str | DataFacts, *layers: Layer, **fields: Any) -> Completed:
    return complete(spec(*layers, **fields), _facts(facts))


def problems(facts: str | DataFacts, *layers: Layer, **fields: Any) -> dict[Path, str]:
    """Complete a spec that cannot work; gives each problem's text, with its hint, by its path."""
    with pytest.raises(SpecError) as caught:
        complete(spec(*layers, **fields), _facts(facts))
    return {problem.path: f"{problem.message} | {problem.hint}" for problem in caught.value.problems}


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Makes layers, specs, completed specs, and the problems of specs that cannot be completed."""
    return SimpleNamespace(layer=layer, spec=spec, completed=completed, problems=problems, facts=FACTS)
