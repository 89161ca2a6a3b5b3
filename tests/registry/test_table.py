from __future__ import annotations

import pytest

from dlrun.registry import KINDS, Entry, Registry, registry

SPELLINGS = [
    ("layers", "BatchNormalisation", "BatchNormalization"),
    ("layers", "dense", "Dense"),
    ("layers", "Convolution2D", "Conv2D"),
    ("layers", "MaxPool2D", "MaxPooling2D"),
    ("layers", "batch_normalization", "BatchNormalization"),
    ("losses", "mse", "MeanSquaredError"),
    ("losses", "mean_squared_error", "MeanSquaredError"),
    ("losses", "kld", "KLDivergence"),
    ("losses", "kl_divergence", "KLDivergence"),
    ("losses", "huber", "Huber"),
    ("losses", "bce", "BinaryCrossentropy"),
    ("losses", "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
    ("optimisers", "rmsprop", "RMSprop"),
    ("optimisers", "RMSProp", "RMSprop"),
    ("optimisers", "adam", "Adam"),
    ("metrics", "auc", "AUC"),
    ("metrics", "binary_accuracy", "BinaryAccuracy"),
    ("metrics", "logcosh", "LogCoshError"),
    ("initialisers", "glorot_uniform", "GlorotUniform"),
    ("initialisers", "uniform", "RandomUniform"),
    ("regularisers", "l2", "L2"),
    ("regularisers", "l1_l2", "L1L2"),
    ("constraints", "max_norm", "MaxNorm"),
    ("activations", "ReLU", "relu"),
    ("activations", "swish", "silu"),
    ("schedules", "exponential_decay", "ExponentialDecay"),
]


@pytest.mark.parametrize(("kind", "written", "canonical"), SPELLINGS)
def test_a_name_is_found_in_every_spelling_that_people_use(kind: str, written: str, canonical: str) -> None:
    entry = registry(kind).find(written)

    assert entry is not None
    assert entry.name == canonical


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_and_alias_leads_to_its_own_entry(kind: str) -> None:
    table = registry(kind)

    stray = [alias for entry in table.values() for alias in (entry.name, *entry.aliases) if table.find(alias) != entry]

    assert not stray


@pytest.mark.parametrize("kind", KINDS)
def test_names_come_in_alphabetical_order(kind: str) -> None:
    names = list(registry(kind))

    assert names
    assert names == sorted(names, key=lambda name: (name.lower(), name))


def test_a_name_that_nobody_has_is_not_found() -> None:
    assert registry("layers").find("Transformer") is None


def test_the_suggestion_may_be_an_alias() -> None:
    assert registry("layers").suggest("Convoluton2D") == "Convolution2D"


def test_of_two_entries_the_first_has_the_spelling_that_both_fit() -> None:
    ours = Entry("metrics", "precision", "a:b", origin="dlrun")
    theirs = Entry("metrics", "Precision", "c:d")

    table = Registry((ours, theirs))

    assert (table.find("PRECISION"), table.find("Precision")) == (ours, theirs)


def test_a_kind_that_does_not_exist_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError, match="planets"):
        registry("planets")
