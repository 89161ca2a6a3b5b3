from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.spec import ExperimentSpec, dump_spec, load_spec
from dlrun.spec.sections import EarlyStopping, Evaluation, Layer, Named, Regularisation, SplitsFile, Training
from dlrun.spec.sources import BundledSource, NpySource, TableSource, TokenSource
from dlrun.spec.steps import Derive, DropColumns, DropMissing, Impute, MultiHot, Normalise, OneHot, Pad, Rescale, Scale
from dlrun.spec.wiring import wiring_problems

Load = Callable[..., Any]

# Everything that YAML can hold: half surrogates are no characters, NUL stands in no file's name.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
tricky = st.sampled_from(
    ["no", "on", "1e-3", "010", "1:30", "~", "", "null", "a: b", "a #b", "- a", "'", '"', "\x1b[0m"]
)
columns = st.lists(texts | tricky, min_size=1, max_size=3, unique=True).map(tuple)
numbers = st.floats(1e-300, 1e300)
counts = st.integers(1, 2**40)
shares = st.floats(0.001, 0.999) | counts
names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,20}", fullmatch=True)

steps = st.one_of(
    st.builds(Normalise, columns=st.none() | columns),
    st.builds(Scale, columns=st.none() | columns),
    st.builds(Rescale, factor=numbers | st.integers(2, 300).map(lambda whole: 1 / whole)),
    st.builds(OneHot, columns=st.none() | columns),
    st.builds(
        Derive,
        expressions=st.dictionaries(
            texts | tricky.filter(bool), st.sampled_from(["a / 2", "x == 'a #b'", "1"]), min_size=1
        ),
    ),
    st.builds(DropColumns, columns=columns),
    st.builds(
        Impute,
        strategy=st.sampled_from(["mean", "median", "most_frequent"]),
        columns=st.none() | columns,
        indicator=st.booleans(),
    ),
    st.builds(MultiHot, size=st.none() | counts),
    st.builds(Pad, length=counts, padding=st.sampled_from(["pre", "post"])),
)
filled_steps = st.tuples(
    st.builds(DropMissing, share=st.floats(0.001, 0.999), columns=st.none() | columns),
    st.builds(Impute, strategy=st.just("zero"), missing=st.none() | numbers, indicator=st.booleans()),
)
datasets = st.one_of(
    st.builds(TokenSource, source=st.sampled_from(["imdb", "reuters"]), num_words=st.none() | counts),
    st.builds(BundledSource, source=st.sampled_from(["iris", "wine"])),
    st.builds(NpySource, source=st.just("npy"), path=st.just("/x y/\u00e9.npy"), targets=st.just("/a#b.npy")),
    st.builds(
        TableSource,
        source=st.just("csv"),
        path=st.lists(
            texts.filter(lambda text: not set(text) & set("\0/.~")).map("/{}".format), min_size=1, max_size=2
        ).map(tuple),
        target=columns,
        missing=st.lists(texts | tricky, max_size=3).map(tuple),
        separator=st.sampled_from([",", ";", "\t", "|", ":", "#"]),
    ),
)
layers = st.one_of(
    st.builds(Layer, kind=st.just("Dense"), arguments=st.fixed_dictionaries({"units": counts})),
    st.builds(Layer, kind=st.just("Flatten")),
    st.builds(
        Layer,
        kind=st.just("LSTM"),
        arguments=st.fixed_dictionaries(
            {"units": counts},
            optional={"kernel_regularizer": st.builds(lambda l2: {"L2": {"l2": l2}}, numbers), "dropout": st.just(0.5)},
        ),
        inputs=st.just(()) | st.just(("input",)) | st.just(("input", "input")),
    ),
)
early_stopping = st.one_of(
    st.builds(EarlyStopping, patience=counts, on=st.just("validation"), inner=st.just(0.2)),
    st.builds(EarlyStopping, patience=counts, on=st.just("inner"), inner=shares, min_delta=numbers),
)
column = texts | tricky.filter(bool)
maybe = st.none()
drawn = {
    "test": maybe | shares | st.sampled_from(["provided", "none"]),
    "stratify": maybe | st.booleans(),
    "group": maybe | column,
    "duplicates": maybe | st.sampled_from(["together", "drop", "allow"]),
    "split_seed": st.integers(0, 2**32 - 1),
}
folds = maybe | st.integers(2, 2**40)
hash_digits = st.text("0123456789abcdef", min_size=64, max_size=64)
evaluations = st.one_of(
    st.builds(
        Evaluation, protocol=maybe | st.just("holdout"), validation=maybe | shares | st.just("provided"), **drawn
    ),
    st.builds(Evaluation, protocol=st.just("kfold"), k=folds, shuffle=maybe | st.just(True), **drawn),
    st.builds(Evaluation, protocol=st.just("iterated_kfold"), k=folds, iterations=maybe | counts, **drawn),
    st.builds(
        Evaluation,
        protocol=maybe | st.just("kfold"),
        time=column | st.just(True),
        gap=maybe | st.integers(0, 2**40),
        group=maybe | column,
        shuffle=maybe | st.just(False),
        stratify=maybe | st.just(False),
        duplicates=maybe | st.just("allow"),
    ),
    st.builds(Evaluation, fold=column.map("fold {}".format), group=maybe | column, time=maybe | column),
    st.builds(Evaluation, splits=st.builds(SplitsFile, path=st.just("/x y/\u00e9#.npz"), sha256=maybe | hash_digits)),
)
specs = st.builds(
    ExperimentSpec,
    name=names,
    task=st.none() | st.just("regression"),
    dataset=datasets,
    preprocessing=(st.lists(steps, max_size=3) | filled_steps).map(tuple),
    layers=st.lists(layers, max_size=3).map(tuple).filter(lambda chain: not wiring_problems(chain, True)),
    targets=st.sampled_from([(), ("log",), ("log1p", "normalise"), ("scale",)]),
    last_activation=st.none() | st.just(Named(name="none")),
    loss=st.none() | st.builds(lambda delta: Named(name="Huber", arguments={"delta": delta}), numbers),
    optimiser=st.builds(lambda rate: Named(name="adam", arguments={"learning_rate": rate}), numbers),
    metrics=st.none() | st.just(()) | st.just((Named(name="mae"),)),
    regularisation=st.builds(Regularisation, l1=numbers, l2=numbers),
    evaluation=evaluations,
    training=st.builds(
        Training,
        epochs=counts,
        early_stopping=st.none() | early_stopping,
        class_weight=st.none()
        | st.just("balanced")
        | st.dictionaries(texts | tricky.filter(bool), numbers, max_size=3),
    ),
    seed=st.integers(0, 2**32 - 1),
)


@settings(max_examples=150, deadline=None)
@given(specs, st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=2))
def test_what_is_dumped_loads_as_the_same_spec(spec: ExperimentSpec, comments: list[str]) -> None:
    # Empty texts and "<<" are keys that no mapping of a spec may have.
    if isinstance(spec.training.class_weight, dict) and {"", "<<"} & spec.training.class_weight.keys():
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spec.yaml"
        path.write_text(dump_spec(spec, comments), encoding="utf-8", newline="")

        assert load_spec(path).spec == spec


@settings(max_examples=100, deadline=None)
@given(texts | tricky)
def test_any_yaml_parser_reads_the_text_that_was_meant(text: str) -> None:
    source = TableSource(source="csv", path=("/a.csv",), target=(text,))

    dumped = dump_spec(ExperimentSpec(name="a", dataset=source, layers=()))

    assert yaml.safe_load(dumped)["dataset"]["target"] == [text]


@settings(max_examples=100, deadline=None)
@given(numbers)
def test_any_yaml_parser_reads_the_number_that_was_meant(number: float) -> None:
    spec = ExperimentSpec(name="a", dataset=BundledSource(source="iris"), layers=(), training=Training())

    dumped = dump_spec(spec.model_copy(update={"regularisation": Regularisation(l1=number)}))

    assert yaml.safe_load(dumped)["regularisation"]["l1"] == number


def test_a_dump_reads_as_a_person_would_write_it(load: Load) -> None:
    spec = load(
        """\
        name: boston
        task: regression
        dataset: boston_housing
        preprocessing: [normalize, {rescale: 1/255}, {pad: 200}]
        layers:
          - Dense: 64
            name: a
          - Dense: {units: 64, activation: relu, from: a}
          - Flatten: {}
        last_activation: none
        loss: mse
        optimizer: {RMSprop: {learning_rate: 1e-3}}
        metrics: mae
        evaluation: {protocol: kfold, k: 4, test: none, group: town, duplicates: allow}
        training: {early_stopping: 3}
        """
    )

    assert dump_spec(spec, ["made by hand", "two\nlines"]) == (
        "# made by hand\n"
        "# two\n"
        "# lines\n"
        "name: boston\n"
        "task: regression\n"
        "dataset: {source: boston_housing}\n"
        "preprocessing:\n"
        "  - normalise\n"
        "  - rescale: 1/255\n"
        "  - pad: {length: 200, padding: pre, truncating: pre}\n"
        "layers:\n"
        "  - Dense: {units: 64, name: a}\n"
        "  - Dense: {units: 64, activation: relu, from: a}\n"
        "  - Flatten\n"
        "output: true\n"
        "hidden_activation: relu\n"
        "last_activation: none\n"
        "loss: mse\n"
        "optimiser: {name: RMSprop, learning_rate: 0.001}\n"
        "regularisation: {l1: 0.0, l2: 0.0, dropout: 0.0}\n"
        "metrics: [mae]\n"
        "evaluation: {protocol: kfold, k: 4, test: none, group: town, duplicates: allow, split_seed: 0}\n"
        "training:\n"
        "  epochs: 20\n"
        "  batch_size: 32\n"
        '  early_stopping: {patience: 3, monitor: loss, min_delta: 0.0, "on": inner, inner: 0.2}\n'
        "  engine: auto\n"
        "seed: 0\n"
    )


def test_an_alias_is_written_out_each_time(load: Load) -> None:
    spec = load("dataset: iris\nlayers:\n  - Dense: &d {units: 3}\n  - Dense: *d\n")

    dumped = dump_spec(spec)

    assert dumped.count("units: 3") == 2
    assert not set("&*") & set(dumped)


@pytest.mark.parametrize("comment", ["\x1b[31m", "a\r\nseed: 3", "\u2028seed: 3", "\x85seed: 3"])
def test_a_comment_cannot_leave_its_line(comment: str, load: Load) -> None:
    dumped = dump_spec(load("", minimal=True), [comment])

    assert yaml.safe_load(dumped)["seed"] == 0
    assert all(character == "\n" or character.isprintable() for character in dumped)
