from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.spec import load_spec
from dlrun.spec.sections import EarlyStopping, Layer, Named
from dlrun.spec.sources import TokenSource
from dlrun.spec.steps import Pad

Load = Callable[..., Any]
Complain = Callable[..., str]

SPEC = """\
dataset: imdb
preprocessing:
  - multi_hot: 100
layers:
  - Dense: 64
  - Flatten
  - LSTM: {units: 8, dropout: 0.1}
optimiser: rmsprop
training: {epochs: 5, early_stopping: 3, class_weight: {0: 1}}
metrics: [accuracy]
"""


def units(spec: Any) -> int:
    return int(spec.layers[0].arguments["units"])


@pytest.mark.parametrize("path", ["layers.0.Dense.units", "layers.0.units", "layers.0.Dense", "layers.0.dense.units"])
def test_a_short_layer_is_reached_into(load: Load, path: str) -> None:
    assert units(load(SPEC, f"{path}=32")) == 32


@pytest.mark.parametrize(
    ("override", "layers"),
    [
        ("layers.1=Dropout: 0.5", (1, Layer(kind="Dropout", arguments={"rate": 0.5}))),
        ("layers.3={Dense: 10}", (3, Layer(kind="Dense", arguments={"units": 10}))),
        ("layers.1.name=flat", (1, Layer(kind="Flatten", name="flat"))),
        ("layers.0.from=input", (0, Layer(kind="Dense", arguments={"units": 64}, inputs=("input",)))),
        ("layers.2.LSTM.units=9", (2, Layer(kind="LSTM", arguments={"units": 9, "dropout": 0.1}))),
        ("layers.2.LSTM={units: 9}", (2, Layer(kind="LSTM", arguments={"units": 9}))),
    ],
)
def test_a_layer_is_replaced_changed_or_appended(load: Load, override: str, layers: tuple[int, Layer]) -> None:
    index, layer = layers

    assert load(SPEC, override).layers[index] == layer


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("optimiser.learning_rate=1e-2", Named(name="rmsprop", arguments={"learning_rate": 0.01})),
        ("optimizer.learning_rate=1e-2", Named(name="rmsprop", arguments={"learning_rate": 0.01})),
        ("optimiser.RMSprop.rho=0.8", Named(name="rmsprop", arguments={"rho": 0.8})),
        ("optimiser.name=adam", Named(name="adam")),
        ("optimiser=adam", Named(name="adam")),
        ("optimiser={Adam: {beta_1: 0.8}}", Named(name="Adam", arguments={"beta_1": 0.8})),
    ],
)
def test_an_optimiser_is_changed_or_replaced(load: Load, override: str, named: Named) -> None:
    assert load(SPEC, override).optimiser == named


def test_an_optimiser_that_the_spec_does_not_name_is_the_default_one(load: Load) -> None:
    spec = load("", "optimiser.learning_rate=0.5", minimal=True)

    assert spec.optimiser == Named(name="rmsprop", arguments={"learning_rate": 0.5})


def test_sections_steps_datasets_and_lists_are_reached_into(load: Load) -> None:
    spec = load(
        SPEC,
        "dataset.num_words=500",
        "preprocessing.0.size=500",
        "preprocessing.1={pad: 10}",
        "preprocessing.1.pad.padding=post",
        "training.early_stopping.on=inner",
        "training.class_weight.1=2",
        "metrics.1=mae",
        "evaluation.validation=100",
        "seed=7",
        "name=other",
    )

    assert spec.dataset == TokenSource(source="imdb", num_words=500)
    assert spec.preprocessing[0].size == 500
    assert spec.preprocessing[1] == Pad(length=10, padding="post")
    assert spec.training.early_stopping == EarlyStopping(patience=3, on="inner")
    assert spec.training.class_weight == {"0": 1.0, "1": 2.0}
    assert [metric.name for metric in spec.metrics] == ["accuracy", "mae"]
    assert (spec.evaluation.validation, spec.seed, spec.name) == (100, 7, "other")


@pytest.mark.parametrize("path", ["preprocessing.0.derive.rate", "preprocessing.0.rate"])
def test_an_expression_is_changed_or_added(load: Load, path: str) -> None:
    text = (
        "dataset: {source: csv, path: a.csv, target: y}\npreprocessing: [derive: {ratio: a / b}]\nlayers: [Dense: 2]\n"
    )

    spec = load(text, "preprocessing.0.derive.ratio=b / a", f"{path}=a * 2")

    assert spec.preprocessing[0].expressions == {"ratio": "b / a", "rate": "a * 2"}


def test_an_augmentation_is_reached_by_its_number(load: Load) -> None:
    text = "dataset: mnist\npreprocessing: [augment: [RandomFlip: horizontal, RandomZoom: 0.1]]\nlayers: [Flatten]\n"

    (step,) = load(text, "preprocessing.0.augment.1={RandomRotation: 0.2}").preprocessing

    assert [layer.kind for layer in step.layers] == ["RandomFlip", "RandomRotation"]


def test_the_last_of_several_overrides_wins(load: Load) -> None:
    assert units(load(SPEC, "layers.0.units=1", "layers.0.units=2")) == 2


def test_an_override_repairs_what_the_file_has_wrong(load: Load) -> None:
    assert units(load(SPEC.replace("Dense: 64", "Dense: none"), "layers.0.units=3")) == 3


def test_the_file_is_left_as_it_is(write: Callable[..., Path]) -> None:
    path = write(SPEC)
    load_spec(path, ["layers.0.units=32", "training.epochs=1"])

    assert path.read_text() == SPEC


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seed", "expected PATH=VALUE"),
        ("=3", "expected PATH=VALUE"),
        ("a..b=3", "expected PATH=VALUE"),
        ("optimisr.name=adam", "did you mean 'optimiser'?"),
        ("training.epoch=3", "did you mean 'epochs'?"),
        ("nothing=3", "the keys are: name, task"),
        ("layers.9.units=3", "9 is out of range: of the layers, there are 3, counted from 0"),
        ("layers.3.units=3", "there is no layers.3 yet"),
        ("layers.-1=Flatten", "expected a number to choose among the layers"),
        ("layers.x.units=3", "expected a number to choose among the layers"),
        ("layers.0.LSTM.units=3", "'layers.0' is a Dense layer, not LSTM"),
        ("layers.0.Dense.untis=3", "did you mean 'units'?"),
        ("layers.0.units.x=3", "'layers.0.Dense.units' is the number 64"),
        ("optimiser.Adam.beta_1=3", "'optimiser' is rmsprop, not Adam"),
        ("optimiser.learning_rat=3", "did you mean 'learning_rate'?"),
        ("loss.delta=3", "'loss' has no name yet"),
        ("seed.x=3", "seed: expected a whole number"),
        ("training.epochs.x=3", "'training.epochs' is the number 5"),
        ("preprocessing.0.multi_hot.sise=3", "did you mean 'size'?"),
        ("seed=[1", "not valid YAML"),
        ("seed=1\n---\n2", "second document"),
        ("seed=!!python/object:os.system {}", "a spec is data"),
        ("seed=1e999", "too large"),
        ("seed=\0", "a NUL byte"),
        ("name=../x", "expected 1 to 64 letters"),
        ("extends=x.yaml", "there is no key 'extends'"),
    ],
)
def test_an_override_that_leads_nowhere_is_explained(complain: Complain, override: str, expected: str) -> None:
    message = complain(SPEC, override)

    assert message.startswith("--set ")
    assert expected in message
    assert "\0" not in message


def test_a_value_that_was_set_shows_its_option_for_a_place(write: Callable[..., Path]) -> None:
    loaded = load_spec(write(SPEC), ["layers.0.Dense.units=32"])

    assert str(loaded.place(("layers", 0, "Dense", "units"))) == "--set layers.0.Dense.units=32"
    assert str(loaded.place(("layers", 0))) == "spec.yaml:5:5"


def test_what_is_wrong_in_a_set_value_shows_the_option(complain: Complain) -> None:
    message = complain(SPEC, "layers.0.Dense.units=many")

    assert message.startswith("--set layers.0.Dense.units=many  layers[0].Dense.units: expected a whole number")


def test_a_set_path_starts_from_the_specs_folder(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write("dataset: {source: csv, path: a.csv, target: y}\nlayers: []\n", "configs/one.yaml")

    dataset: Any = load_spec(path, ["dataset.path=b.csv"]).spec.dataset

    assert dataset.path == (str(tmp_path / "configs" / "b.csv"),)
