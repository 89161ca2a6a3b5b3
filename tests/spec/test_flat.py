"""A spec as values by path: the paths that ``--set`` takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlrun.spec import flat_values, load_spec

ROOT = Path(__file__).parents[2]


def test_every_value_stands_under_its_path(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "dataset: {source: make_moons, n_samples: 50}\n"
        "layers: [Dense: 16, Flatten, {Dropout: 0.5}]\n"
        "optimiser: {name: adam, learning_rate: 1e-3}\n"
        "metrics: [accuracy, roc_auc]\n"
    )

    values = flat_values(load_spec(path).spec)

    assert values["dataset.n_samples"] == 50
    assert values["layers.0.Dense.units"] == 16
    assert values["layers.1"] == "Flatten"
    assert values["layers.2.Dropout.rate"] == 0.5
    assert (values["optimiser.name"], values["optimiser.learning_rate"]) == ("adam", 0.001)
    assert (values["metrics.0"], values["metrics.1"]) == ("accuracy", "roc_auc")


@pytest.mark.parametrize("config", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_paths_are_those_of_set(config: Path) -> None:
    values = flat_values(load_spec(config).spec)
    numbers = {path: value for path, value in values.items() if type(value) is int and path.startswith("training.")}

    assert numbers
    for path, value in numbers.items():
        again = flat_values(load_spec(config, overrides=(f"{path}={value + 1}",)).spec)
        assert again == values | {path: value + 1}
