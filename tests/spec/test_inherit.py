from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlrun.errors import SpecError
from dlrun.spec import load_spec
from dlrun.spec.sections import EarlyStopping, Layer, Named
from dlrun.spec.sources import BundledSource, TokenSource

Write = Callable[..., Path]

BASE = """\
dataset: {source: imdb, num_words: 500}
layers:
  - Dense: 64
  - Dense: 64
optimizer: {name: rmsprop, learning_rate: 0.5}
loss: mse
training: {epochs: 5, batch_size: 7, early_stopping: {patience: 9, on: inner}}
"""


def inherited(write: Write, child: str, base: str = BASE) -> Any:
    write(base, "base.yaml")
    return load_spec(write(f"extends: base.yaml\n{child}", "child.yaml")).spec


def refusal(file: str | Path) -> str:
    with pytest.raises(SpecError) as caught:
        load_spec(file)
    return str(caught.value)


def test_what_the_child_does_not_say_comes_from_the_parent(write: Write) -> None:
    spec = inherited(write, "seed: 3\n")

    assert spec.layers == (Layer(kind="Dense", arguments={"units": 64}),) * 2
    assert (spec.seed, spec.training.epochs, spec.name) == (3, 5, "child")


def test_sections_merge_key_by_key_and_lists_are_replaced(write: Write) -> None:
    spec = inherited(write, "layers: [Flatten]\ntraining: {epochs: 1, early_stopping: {patience: 2}}\n")

    assert spec.layers == (Layer(kind="Flatten"),)
    assert (spec.training.epochs, spec.training.batch_size) == (1, 7)
    assert spec.training.early_stopping == EarlyStopping(patience=2, on="inner")


def test_null_takes_away_what_the_parent_has(write: Write) -> None:
    assert inherited(write, "training: {early_stopping: null}\n").training.early_stopping is None


@pytest.mark.parametrize(
    ("child", "named"),
    [
        ("optimiser: {learning_rate: 0.1}", Named(name="rmsprop", arguments={"learning_rate": 0.1})),
        ("optimiser: {rho: 0.1}", Named(name="rmsprop", arguments={"learning_rate": 0.5, "rho": 0.1})),
        ("optimiser: {RMSprop: {rho: 0.1}}", Named(name="RMSprop", arguments={"learning_rate": 0.5, "rho": 0.1})),
        ("optimiser: {name: adam}", Named(name="adam")),
        ("optimiser: {Adam: {learning_rate: 0.1, beta_1: 0.8}}", None),
        ("optimizer: adam", Named(name="adam")),
    ],
)
def test_an_optimiser_merges_while_its_name_stays(write: Write, child: str, named: Named | None) -> None:
    spec = inherited(write, f"{child}\n")

    assert spec.optimiser == (named or Named(name="Adam", arguments={"learning_rate": 0.1, "beta_1": 0.8}))


@pytest.mark.parametrize(
    ("child", "dataset"),
    [
        ("dataset: {source: imdb, maxlen: 9}", TokenSource(source="imdb", num_words=500, maxlen=9)),
        ("dataset: {maxlen: 9}", TokenSource(source="imdb", num_words=500, maxlen=9)),
        ("dataset: imdb", TokenSource(source="imdb", num_words=500)),
        ("dataset: iris", BundledSource(source="iris")),
        ("dataset: {source: reuters}", TokenSource(source="reuters")),
    ],
)
def test_a_dataset_merges_while_its_source_stays(write: Write, child: str, dataset: Any) -> None:
    assert inherited(write, f"{child}\n").dataset == dataset


def test_a_chain_is_followed_and_the_nearest_wins(write: Write) -> None:
    write("dataset: iris\nlayers: []\nseed: 1\ntraining: {epochs: 1}\n", "far/a.yaml")
    write("extends: ../far/a.yaml\nseed: 2\n", "near/b.yaml")

    spec = load_spec(write("extends: near/b.yaml\nname: c\n", "c.yaml")).spec

    assert (spec.name, spec.seed, spec.training.epochs) == ("c", 2, 1)


def test_a_circle_is_shown_as_a_chain(write: Write) -> None:
    write("extends: b.yaml\n", "a.yaml")
    write("extends: ./a.yaml\n", "b.yaml")

    message = refusal("a.yaml")

    assert "b.yaml:1:1  extends: the files inherit from each other in a circle: a.yaml → b.yaml → a.yaml" in message


def test_a_chain_without_end_is_refused(write: Write) -> None:
    for index in range(20):
        write(f"extends: s{index + 1}.yaml\n", f"s{index}.yaml")

    assert "more than 10 files inherit" in refusal("s0.yaml")


def test_a_missing_parent_is_a_problem_of_the_line_that_names_it(write: Write) -> None:
    write(BASE, "base.yaml")

    message = refusal(write("seed: 1\nextends: bsae.yaml\n", "child.yaml"))

    assert message.startswith("child.yaml:2:1  extends: 'bsae.yaml' does not exist")
    assert "did you mean 'base.yaml'?" in message


@pytest.mark.parametrize("name", ["3", "[a]", "''", "null", "{a: b}"])
def test_extends_takes_one_file(write: Write, name: str) -> None:
    assert "extends: expected the name of a file" in refusal(write(f"extends: {name}\n"))


def test_problems_in_the_parent_show_its_file_and_line(write: Write) -> None:
    write(BASE.replace("Dense: 64", "Dens: 64"), "sub/base.yaml")

    message = refusal(write("extends: sub/base.yaml\nseed: -1\n", "child.yaml"))

    assert "sub/base.yaml:3:5  layers[0]: unknown layer 'Dens'" in message
    assert "child.yaml:2:1  seed: expected" in message


def test_what_was_replaced_leaves_no_places_behind(write: Write) -> None:
    write(BASE.replace("Dense: 64", "Dense: {units: 64}"), "base.yaml")

    message = refusal(write("extends: base.yaml\nlayers:\n  - Dense: x\n", "child.yaml"))

    assert message.startswith("child.yaml:3:5  layers[0].Dense.units: expected")


def test_each_file_counts_its_paths_from_its_own_folder(write: Write, tmp_path: Path) -> None:
    write("dataset: {source: npz, path: [a.npz]}\nlayers: []\n", "sub/base.yaml")
    child = write("extends: sub/base.yaml\ndataset: {inputs: z}\n", "child.yaml")
    other = write("extends: sub/base.yaml\ndataset: {path: b.npz}\n", "other.yaml")

    first: Any = load_spec(child).spec.dataset
    second: Any = load_spec(other).spec.dataset

    assert (first.path, first.inputs) == ((str(tmp_path / "sub" / "a.npz"),), "z")
    assert second.path == (str(tmp_path / "b.npz"),)
