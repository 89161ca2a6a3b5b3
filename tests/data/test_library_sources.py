"""scikit-learn's data sets and generators, and those of installed plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import catalogue, load_dataset
from dlrun.errors import DataError, SpecError
from dlrun.registry.plugins import plugin_datasets
from dlrun.spec.sources import GENERATOR_OPTIONS, BundledSource, GeneratedSource, PluginSource

BUNDLED = [source for source in catalogue.SOURCES.values() if source.origin == "bundled"]
GENERATED = [known for known in catalogue.SOURCES.values() if known.name in GENERATOR_OPTIONS]


@pytest.mark.parametrize("known", BUNDLED, ids=lambda known: known.name)
def test_bundled_data_are_scikit_learns_own(known: catalogue.KnownSource) -> None:
    import sklearn.datasets

    theirs = getattr(sklearn.datasets, f"load_{known.name}")()

    dataset = load_dataset(BundledSource(source=known.name))

    np.testing.assert_array_equal(dataset.inputs, theirs.data)
    np.testing.assert_array_equal(dataset.targets, theirs.target)
    assert dataset.feature_names == tuple(theirs.feature_names)
    assert (dataset.rows, str(dataset.inputs.shape[1])) == (known.rows, known.features)
    assert len(dataset.test_rows) == 0


def test_bundled_classes_have_names() -> None:
    assert load_dataset(BundledSource(source="iris")).class_names == ("setosa", "versicolor", "virginica")
    assert load_dataset(BundledSource(source="linnerud")).target_names == ("Weight", "Waist", "Pulse")


@pytest.mark.parametrize("known", GENERATED, ids=lambda known: known.name)
def test_every_generator_makes_its_task_and_follows_its_seed(known: catalogue.KnownSource) -> None:
    first = load_dataset(GeneratedSource(source=known.name, n_samples=60))
    again = load_dataset(GeneratedSource(source=known.name, n_samples=60))
    other = load_dataset(GeneratedSource(source=known.name, n_samples=60, random_state=1))

    assert (first.task, first.rows) == (known.task, 60)
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_generator_options_reach_the_generator() -> None:
    from sklearn.datasets import make_moons

    theirs, labels = make_moons(n_samples=40, noise=0.1, random_state=3)

    dataset = load_dataset(GeneratedSource(source="make_moons", n_samples=40, noise=0.1, random_state=3))

    np.testing.assert_array_equal(dataset.inputs, theirs)
    np.testing.assert_array_equal(dataset.targets, labels)


def test_several_targets_are_a_vector() -> None:
    dataset = load_dataset(GeneratedSource(source="make_regression", n_targets=2))

    assert (dataset.task, dataset.outputs) == ("vector_regression", 2)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("make_moons", {"nois": 0.1}, "did you mean 'noise'"),
        ("make_moons", {"n_samples": -1}, "n_samples"),
        ("make_regression", {"coef": True}, "no argument 'coef' here"),
        ("make_classification", {"n_features": 2, "n_classes": 50}, "make_classification"),
    ],
)
def test_wrong_generator_options_are_spec_errors(source: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        load_dataset(GeneratedSource(source=source, **options))

    assert caught.value.problems[0].path[0] == "dataset"


PLUGIN = """
import numpy as np
from dlrun.data.assembly import assemble

def ramp(rows=4):
    if rows > 100:
        raise RuntimeError("too steep")
    return assemble("ramp", "regression", np.arange(rows)[:, None], np.arange(rows) * 2.0)

def nothing():
    return 7

def picky(path):
    from dlrun.errors import DataError
    raise DataError(f"'{path}' is not to its taste")
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that offers the sources ``ramp`` and ``nothing``."""
    (tmp_path / "ramps.py").write_text(PLUGIN)
    metadata = tmp_path / "ramps-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ramps\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[dlrun.datasets]\nramp = ramps:ramp\nnothing = ramps:nothing\npicky = ramps:picky\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    plugin_datasets.cache_clear()
    yield
    plugin_datasets.cache_clear()


def test_a_plugin_makes_a_data_set(plugin: None) -> None:
    dataset = load_dataset(PluginSource(source="ramp", rows=6))

    assert (dataset.rows, dataset.targets.tolist()) == (6, [0, 2, 4, 6, 8, 10])


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        (lambda: PluginSource(source="ramps"), SpecError, "did you mean 'ramp'"),
        (lambda: PluginSource(source="boston"), SpecError, "there is no data source 'boston'"),
        (lambda: PluginSource(source="ramp", slope=2), SpecError, "unexpected keyword argument 'slope'"),
        (lambda: PluginSource(source="ramp", rows=101), DataError, "failed: RuntimeError: too steep"),
        (lambda: PluginSource(source="ramp", rows=None), DataError, "failed: TypeError"),
        (lambda: PluginSource(source="picky"), SpecError, "missing a required argument: 'path'"),
        (lambda: PluginSource(source="picky", path="a"), DataError, "^'a' is not to its taste$"),
        (lambda: PluginSource(source="nothing"), DataError, "returned int, not a dlrun Dataset"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_said(
    plugin: None, source: Callable[[], PluginSource], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        load_dataset(source())


@pytest.mark.parametrize(
    ("source", "options", "task"),
    [
        ("make_classification", {"n_classes": 3, "n_informative": 4}, "multiclass"),
        ("make_blobs", {"centers": 2}, "binary"),
        ("make_gaussian_quantiles", {"n_classes": 2}, "binary"),
        ("make_regression", {"n_targets": 1}, "regression"),
    ],
)
def test_the_task_follows_what_was_generated(source: Any, options: dict[str, Any], task: str) -> None:
    assert load_dataset(GeneratedSource(source=source, **options)).task == task


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("make_multilabel_classification", {"n_classes": 1}, "a multilabel problem has several"),
        ("make_blobs", {"centers": 1}, "one value only"),
    ],
)
def test_generated_data_that_cannot_be_learned_are_refused(source: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_dataset(GeneratedSource(source=source, **options))


def test_a_plugin_is_read_as_the_task_of_the_spec(plugin: None) -> None:
    dataset = load_dataset(PluginSource(source="ramp", rows=1), task="unit_regression")

    assert dataset.task == "unit_regression"
    with pytest.raises(DataError, match="'ramp' is a regression problem"):
        load_dataset(PluginSource(source="ramp"), task="multiclass")
