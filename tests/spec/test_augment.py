"""The step `augment`: Keras's layers, in every way that layers are written, and what is no augmentation."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from dlrun.errors import SpecError
from dlrun.registry import registry
from dlrun.spec import dump_spec, json_schema, load_spec
from dlrun.spec.reader import parse
from dlrun.spec.sections import Layer
from dlrun.spec.steps import AUGMENTING, Augment

SPEC = "dataset: {source: image_folder, path: pets}\nlayers: [Flatten]\npreprocessing:\n"
WRITTEN = "  - augment: [RandomFlip: horizontal, RandomRotation: {factor: 0.1, fill_mode: nearest}, RandomInvert]\n"


def load(tmp_path: Path, steps: str) -> tuple[object, ...]:
    (tmp_path / "spec.yaml").write_text(SPEC + steps)
    return load_spec(tmp_path / "spec.yaml").spec.preprocessing


def test_its_layers_are_written_as_layers_are(tmp_path: Path) -> None:
    (step,) = load(tmp_path, WRITTEN)

    assert step == Augment(
        layers=(
            Layer(kind="RandomFlip", arguments={"mode": "horizontal"}),
            Layer(kind="RandomRotation", arguments={"factor": 0.1, "fill_mode": "nearest"}),
            Layer(kind="RandomInvert"),
        )
    )


def test_it_is_written_back_as_it_was_read(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC + WRITTEN)
    spec = load_spec(tmp_path / "spec.yaml").spec

    (tmp_path / "again.yaml").write_text(dump_spec(spec))

    assert load_spec(tmp_path / "again.yaml").spec.preprocessing == spec.preprocessing
    assert Draft7Validator(json_schema()).is_valid(parse(dump_spec(spec), "f.yaml").value)


def test_one_of_its_arguments_can_be_set_from_outside(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC + WRITTEN)

    spec = load_spec(tmp_path / "spec.yaml", ["preprocessing.0.augment.layers.1.RandomRotation.factor=0.3"]).spec

    assert spec.preprocessing[0].layers[1].arguments["factor"] == 0.3  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("  - augment: [Dense: 3]\n", r"preprocessing\[0\].augment\[0\]: Dense is no augmentation"),
        ("  - augment: [RandomFlip, MixUp]\n", r"augment\[1\]: MixUp is no augmentation"),
        ("  - augment: [RandomFlop]\n", r"augment\[0\]: .*did you mean 'RandomFlip'"),
        ("  - augment: [RandomRotation: {faktor: 1}]\n", "has no argument 'faktor'; did you mean 'factor'"),
        ("  - augment: [RandomFlip: {from: input}]\n", "in which 'from' has no place"),
        ("  - augment: []\n", "augment"),
        ("  - augment\n", "'layers' is missing"),
        ("  - augment: [RandomFlip]\n  - rescale: 1/255\n", r"preprocessing\[0\]: augment has to be the last step"),
    ],
)
def test_what_it_cannot_take_is_said_with_its_place(tmp_path: Path, steps: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        load(tmp_path, steps)


def test_every_layer_that_it_offers_is_one_of_keras() -> None:
    assert {registry("layers")[name].name for name in AUGMENTING} == AUGMENTING
