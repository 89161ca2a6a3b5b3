from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dlrun.spec import ExperimentSpec
from dlrun.spec.sections import EarlyStopping, Layer, Named
from dlrun.spec.sources import BundledSource, GeneratedSource, NpySource, TableSource, TokenSource
from dlrun.spec.steps import Derive, DropColumns, DropMissing, Impute, MultiHot, Normalise, OneHot, Pad, Rescale

Load = Callable[..., ExperimentSpec]
DENSE = Layer(kind="Dense", arguments={"units": 64})


def test_the_smallest_spec_has_every_default(load: Load) -> None:
    spec = load("dataset: iris\nlayers: []\n")

    assert spec == ExperimentSpec(name="spec", dataset=BundledSource(source="iris"), layers=())
    assert (spec.training.epochs, spec.training.batch_size) == (20, 32)
    assert spec.optimiser == Named(name="rmsprop")


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("Flatten", Layer(kind="Flatten")),
        ("Flatten:", Layer(kind="Flatten")),
        ("Flatten: {}", Layer(kind="Flatten")),
        ("Dense: 64", DENSE),
        ("Dense: {units: 64}", DENSE),
        ("dense: 64", DENSE),
        (
            "{Dense: 64, name: a, from: input}",
            Layer(kind="Dense", arguments={"units": 64}, name="a", inputs=("input",)),
        ),
        (
            "Dense: {units: 64, name: a, from: [input]}",
            Layer(kind="Dense", arguments={"units": 64}, name="a", inputs=("input",)),
        ),
        (
            "Dense: {units: 64, kernel_regulariser: l2}",
            Layer(kind="Dense", arguments={"units": 64, "kernel_regularizer": "l2"}),
        ),
        ("BatchNormalisation", Layer(kind="BatchNormalization")),
        (
            "Bidirectional: {layer: {LSTM: 32}}",
            Layer(kind="Bidirectional", arguments={"layer": {"LSTM": {"units": 32}}}),
        ),
        (
            "Bidirectional: {layer: {name: LSTM, units: 32}}",
            Layer(kind="Bidirectional", arguments={"layer": {"LSTM": {"units": 32}}}),
        ),
    ],
)
def test_every_way_to_write_a_layer(load: Load, text: str, layer: Layer) -> None:
    spec = load(f"dataset: iris\nlayers:\n  - {text}\n")

    assert spec.layers == (layer,)


def test_name_and_from_may_stand_beside_a_layer_on_lines_of_their_own(load: Load) -> None:
    spec = load(
        """\
        dataset: iris
        layers:
          - Dense: 64
            name: a
          - Dense: 32
            name: b
            from: input
          - Concatenate:
            from: [a, b]
        """
    )

    assert spec.layers[2] == Layer(kind="Concatenate", inputs=("a", "b"))
    assert spec.layers[1].inputs == ("input",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("rmsprop", Named(name="rmsprop")),
        ("{name: rmsprop, learning_rate: 1e-3}", Named(name="rmsprop", arguments={"learning_rate": 0.001})),
        ("{RMSprop: {learning_rate: 1e-3}}", Named(name="RMSprop", arguments={"learning_rate": 0.001})),
        ("{RMSprop: 1e-3}", Named(name="RMSprop", arguments={"learning_rate": 0.001})),
        ("{RMSprop: }", Named(name="RMSprop")),
        ("Adam", Named(name="Adam")),
    ],
)
def test_every_way_to_write_an_optimiser(load: Load, text: str, named: Named) -> None:
    assert load(f"optimiser: {text}\n", minimal=True).optimiser == named


def test_loss_activation_metrics_and_schedule_are_written_alike(load: Load) -> None:
    spec = load(
        """\
        loss: {Huber: {delta: 2}}
        hidden_activation: {name: leaky_relu, negative_slope: 0.1}
        last_activation: none
        metrics: [mae, {name: top_k_accuracy, k: 3}, {TopKAccuracy: {k: 4}}]
        training: {schedule: {ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.9}}}
        """,
        minimal=True,
    )

    assert spec.loss == Named(name="Huber", arguments={"delta": 2})
    assert spec.hidden_activation == Named(name="leaky_relu", arguments={"negative_slope": 0.1})
    assert spec.last_activation == Named(name="none")
    assert spec.metrics is not None
    assert [metric.arguments for metric in spec.metrics] == [{}, {"k": 3}, {"k": 4}]
    assert spec.training.schedule is not None
    assert spec.training.schedule.name == "ExponentialDecay"


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("targets: log", ("log",)),
        ("targets: [log1p, normalize]", ("log1p", "normalise")),
        ("targets: [scale]", ("scale",)),
        ("targets: []", ()),
    ],
)
def test_every_way_to_write_steps_for_targets(load: Load, text: str, steps: Any) -> None:
    assert load(text + "\n", minimal=True).targets == steps


def test_one_metric_needs_no_list(load: Load) -> None:
    assert load("metrics: mae\n", minimal=True).metrics == (Named(name="mae"),)


def test_no_as_an_activation_is_the_text_no_and_unknown(complain: Callable[..., str]) -> None:
    assert "unknown activation 'no'" in complain("last_activation: no\n", minimal=True)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("normalise", Normalise()),
        ("normalize", Normalise()),
        ("normalise: [age, sex]", Normalise(columns=("age", "sex"))),
        ("rescale: 1/255", Rescale(factor=1 / 255)),
        ("rescale: 0.5", Rescale(factor=0.5)),
        ("rescale: {factor: 1 / 4}", Rescale(factor=0.25)),
        ("pad: 200", Pad(length=200)),
        ("pad: {length: 200, padding: post}", Pad(length=200, padding="post")),
        ("{step: pad, length: 200}", Pad(length=200)),
        ("one_hot: [sex, cp]", OneHot(columns=("sex", "cp"))),
        ("one_hot: sex", OneHot(columns=("sex",))),
        ("one_hot: [3]", OneHot(columns=("3",))),
        ("one_hot", OneHot()),
        ("derive: {c: a + b, one: 1}", Derive(expressions={"c": "a + b", "one": "1"})),
        ("derive: {expressions: a + b}", Derive(expressions={"expressions": "a + b"})),
        ("derive: {expressions: {c: a + b}}", Derive(expressions={"c": "a + b"})),
        ("{step: derive, expressions: {colour: 2}}", Derive(expressions={"colour": "2"})),
        ("drop_columns: a", DropColumns(columns=("a",))),
        ("drop_columns: [a, 3]", DropColumns(columns=("a", "3"))),
        ("impute", Impute(strategy="median")),
        ("impute: zero", Impute(strategy="zero")),
        ("impute: {with: mean, columns: [1], missing: 0}", Impute(strategy="mean", columns=("1",), missing=0.0)),
        ("{step: impute, with: most_frequent, indicator: true}", Impute(strategy="most_frequent", indicator=True)),
        ("multi_hot", MultiHot()),
        ("multi_hot: 10000", MultiHot(size=10000)),
    ],
)
def test_every_way_to_write_a_step(load: Load, text: str, step: Any) -> None:
    assert load(f"preprocessing:\n  - {text}\n", minimal=True).preprocessing == (step,)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("drop_missing: 0.1", DropMissing(share=0.1)),
        ("drop_missing: {share: 0.1, columns: age}", DropMissing(share=0.1, columns=("age",))),
    ],
)
def test_every_way_to_write_a_step_that_another_follows(load: Load, text: str, step: Any) -> None:
    assert load(f"preprocessing:\n  - {text}\n  - impute\n", minimal=True).preprocessing == (step, Impute())


def test_a_dataset_is_a_name_or_a_mapping(load: Load) -> None:
    assert load("dataset: imdb\nlayers: []\n").dataset == TokenSource(source="imdb")
    assert load("dataset: {source: imdb, num_words: null}\nlayers: []\n").dataset == TokenSource(
        source="imdb", num_words=None
    )


def test_columns_are_one_text_or_several_and_may_be_numbers(load: Load) -> None:
    spec = load("dataset: {source: csv, path: a.csv, target: 8, features: [0, 1], header: false}\nlayers: []\n")

    assert isinstance(spec.dataset, TableSource)
    assert (spec.dataset.target, spec.dataset.features) == (("8",), ("0", "1"))


def test_a_generators_options_are_scikit_learns(load: Load) -> None:
    spec = load("dataset: {source: make_blobs, centers: 3, cluster_std: 0.5}\nlayers: []\n")

    assert isinstance(spec.dataset, GeneratedSource)
    assert spec.dataset.model_extra == {"centers": 3, "cluster_std": 0.5}


def test_early_stopping_may_be_its_patience_alone(load: Load) -> None:
    spec = load("training: {early_stopping: 3}\n", minimal=True)

    assert spec.training.early_stopping == EarlyStopping(patience=3)


def test_class_weights_may_be_given_by_index_or_name(load: Load) -> None:
    spec = load("training: {class_weight: {0: 1, no: 2.5}}\n", minimal=True)

    assert spec.training.class_weight == {"0": 1.0, "no": 2.5}


def test_a_share_and_a_count_of_rows_stay_what_they_are(load: Load) -> None:
    spec = load("evaluation: {validation: 10000, test: 0.1}\n", minimal=True)

    assert (spec.evaluation.validation, spec.evaluation.test) == (10000, 0.1)
    assert isinstance(spec.evaluation.validation, int)


def test_american_spelling_means_the_same(load: Load) -> None:
    british = load(
        """\
        optimiser: {name: adam, learning_rate: 0.1}
        regularisation: {l2: 0.1}
        preprocessing: [normalise]
        """,
        minimal=True,
    )
    american = load(
        """\
        optimizer: {name: adam, learning_rate: 0.1}
        regularization: {l2: 0.1}
        preprocessing: [normalize]
        """,
        minimal=True,
    )

    assert british == american


def test_an_empty_section_means_its_defaults(load: Load) -> None:
    assert load("training:\nevaluation:\nregularisation:\n", minimal=True) == load("", minimal=True)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("boston.yaml", "boston"),
        ("my spec (2).yaml", "my-spec-2-"),
        ("..x..y.yaml", "x.y"),
        ("\u00e4.yaml", "experiment"),
    ],
)
def test_the_name_comes_from_the_file(write: Callable[..., Any], file: str, name: str) -> None:
    from dlrun.spec import load_spec

    assert load_spec(write("dataset: iris\nlayers: []\n", file)).spec.name == name


def test_paths_start_from_the_folder_of_the_spec(write: Callable[..., Any], tmp_path: Any) -> None:
    from dlrun.spec import load_spec

    path = write("dataset: {source: csv, path: [a.csv, ../b.csv], target: y}\nlayers: []\n", "configs/one.yaml")

    dataset = load_spec(path).spec.dataset
    elsewhere = load_spec(path, data_root=tmp_path / "data" / "sets").spec.dataset

    assert isinstance(dataset, TableSource)
    assert dataset.path == (str(tmp_path / "configs" / "a.csv"), str(tmp_path / "b.csv"))
    assert isinstance(elsewhere, TableSource)
    assert elsewhere.path == (str(tmp_path / "data" / "sets" / "a.csv"), str(tmp_path / "data" / "b.csv"))


def test_both_files_of_npy_are_found(load: Load, tmp_path: Any) -> None:
    spec = load("dataset: {source: npy, path: x.npy, targets: /data/y.npy}\nlayers: []\n")

    assert spec.dataset == NpySource(source="npy", path=str(tmp_path / "x.npy"), targets="/data/y.npy")
