from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from dlrun.spec import dump_spec, json_schema, load_spec
from dlrun.spec.reader import parse, read_file

REPO = Path(__file__).parents[2]
CONFIGS = sorted((REPO / "configs").rglob("*.yaml"))

GOOD = """\
name: boston
task: regression
dataset: boston_housing
preprocessing:
  - normalise
layers:
  - Dense: 64
  - Dense: 64
hidden_activation: relu
last_activation: none
loss: mse
optimiser: {name: rmsprop, learning_rate: 0.001}
regularisation: {l2: 0.0, dropout: 0.0}
metrics: [mae]
training: {epochs: 100, batch_size: 1}
seed: 0
"""


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    return Draft7Validator(json_schema())


def fits(validator: Draft7Validator, text: str) -> bool:
    return bool(validator.is_valid(parse(text, "f.yaml").value))


def test_the_schema_is_one(validator: Draft7Validator) -> None:
    Draft7Validator.check_schema(validator.schema)
    assert json.loads(json.dumps(validator.schema)) == validator.schema


def test_every_reference_in_it_leads_somewhere(validator: Draft7Validator) -> None:
    text = json.dumps(validator.schema)
    wanted = {part.split('"')[0] for part in text.split('"#/definitions/')[1:]}

    assert wanted
    assert wanted <= validator.schema["definitions"].keys()  # type: ignore[operator,index]


def test_there_are_configs() -> None:
    assert CONFIGS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_fits_and_loads(validator: Draft7Validator, path: Path) -> None:
    spec = load_spec(path).spec

    assert list(validator.iter_errors(read_file(str(path)).value)) == []
    assert fits(validator, dump_spec(spec))


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("optimiser", "optimizer").replace("regularisation", "regularization"),
        GOOD.replace("normalise", "normalize"),
        GOOD.replace("  - Dense: 64", "  - Dense: {units: 64, kernel_initialiser: he_normal, name: a, from: input}", 1),
        GOOD.replace("  - Dense: 64", "  - Dense: {units: 64, kernel_regularizer: {L2: 0.01}, activation: none}", 1),
        GOOD.replace("  - Dense: 64", "  - Flatten", 1),
        GOOD.replace("  - Dense: 64", "  - Dense: 64\n    name: a\n    from: [input]", 1),
        GOOD.replace("- normalise", "- rescale: 1/255\n  - pad: 20\n  - one_hot: [sex, 3]\n  - multi_hot"),
        GOOD.replace("- normalise", "- {step: pad, length: 3}\n  - pad: {length: 3, padding: post}"),
        GOOD.replace(
            "- normalise",
            "- derive: {c: a + b, d: 1}\n  - drop_missing: 0.1\n  - impute: zero\n"
            "  - impute: {with: mean, indicator: true}",
        ),
        GOOD.replace("{name: rmsprop, learning_rate: 0.001}", "{RMSprop: {learning_rate: 0.001}}"),
        GOOD.replace("epochs: 100", "early_stopping: 3, class_weight: {0: 1.5}"),
        GOOD.replace(
            "boston_housing", "{source: csv, path: heart.csv, target: target, features: [age, sex], ids: [id]}"
        ),
        GOOD.replace("boston_housing", "{source: csv, path: [train.csv, test.csv], target: [Y1, Y2]}"),
        GOOD.replace("boston_housing", "{source: parquet, path: table.parquet, target: y}"),
        GOOD.replace("boston_housing", "{source: npz, path: arrays.npz, inputs: x, targets: y}"),
        GOOD.replace("boston_housing", "{source: make_moons, n_samples: 500, noise: 0.1}"),
        GOOD + "evaluation: {protocol: iterated_kfold, k: 4, iterations: 3, group: 2, duplicates: drop}\n",
        GOOD + "targets: [log, normalize]\n",
        GOOD + "targets: scale\n",
        GOOD + "evaluation: {protocol: kfold, time: true, gap: 3}\n",
        GOOD + "evaluation: {time: date, group: null}\n",
        GOOD + "evaluation: {time: false, fold: part}\n",
        GOOD + "evaluation: {splits: folds.json}\n",
        GOOD + f"evaluation: {{splits: {{path: folds.npz, sha256: {'0a' * 32}}}}}\n",
        "extends: other.yaml\nseed: 3\n",
    ],
)
def test_what_may_be_written_fits(validator: Draft7Validator, text: str) -> None:
    assert [error.message[:200] for error in validator.iter_errors(parse(text, "f.yaml").value)] == []


@pytest.mark.parametrize(
    "change",
    [
        ("seed: 0", "sed: 0"),
        ("seed: 0", "seed: -1"),
        ("seed: 0", "seed: 0\noptimizer: adam"),
        ("Dense: 64", "Dens: 64"),
        ("Dense: 64", "Dense: {unts: 64}"),
        ("boston_housing", "boston_houses"),
        ("boston_housing", "{source: imdb, numwords: 3}"),
        ("boston_housing", "{source: csv, target: y}"),
        ("epochs: 100", "epoch: 100"),
        ("epochs: 100", "epochs: 0"),
        ("epochs: 100", "epochs: true"),
        ("normalise", "normalis"),
        ("normalise", "pad: {length: 3, leng: 3}"),
        ("normalise", "impute: {strategy: mean}"),
        ("normalise", "derive: {c: [a]}"),
        ("normalise", "derive: {}"),
        ("seed: 0", "targets: one_hot"),
        ("normalise", "drop_missing: 1"),
        ("rmsprop", "rmspropp"),
        ("learning_rate", "learning_rat"),
        ("loss: mse", "loss: mze"),
        ("[mae]", "[mea]"),
        ("task: regression", "task: clustering"),
        ("dataset: boston_housing\n", ""),
        ("l2: 0.0", "l3: 0.0"),
        ("seed: 0", "evaluation: {protocol: cv}"),
        ("seed: 0", "evaluation: {protocol: kfold, k: 1}"),
        ("seed: 0", "evaluation: {folds: 4}"),
        ("seed: 0", "evaluation: {time: 1.5}"),
        ("seed: 0", "evaluation: {duplicates: keep}"),
        ("seed: 0", "evaluation: {splits: {file: a.npz}}"),
        ("seed: 0", "evaluation: {splits: 3}"),
    ],
)
def test_what_may_not_be_written_does_not_fit(validator: Draft7Validator, change: tuple[str, str]) -> None:
    assert fits(validator, GOOD)
    assert not fits(validator, GOOD.replace(*change))


def test_an_editor_finds_help_at_every_key(validator: Draft7Validator) -> None:
    properties: Any = validator.schema["properties"]  # type: ignore[index]

    assert [key for key, schema in properties.items() if not schema.get("description")] == []
    definitions: Any = validator.schema["definitions"]  # type: ignore[index]
    assert definitions["layers.Dense"]["description"]


def test_the_schema_and_the_loader_know_the_same_keys(validator: Draft7Validator, complain: Callable[..., str]) -> None:
    properties: Any = validator.schema["properties"]  # type: ignore[index]

    listed = complain("qqqqqq: 1\n", minimal=True).split("the keys are: ")[1].split(", ")

    assert {key.strip() for key in listed} | {"extends", "optimizer", "regularization"} == set(properties)
