"""Classes of very different size: which metrics are the default then, and what is said about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlrun.models import DataFacts
from dlrun.models.compiling import train_metric_names
from dlrun.spec.sections import Named, Training

from .conftest import FACTS, completed

PLAIN = tuple(Named(name=name) for name in ("pr_auc", "precision", "recall"))
OF_CLASS_0 = tuple(Named(name=metric.name, arguments={"positive": 0}) for metric in PLAIN)


def facts(task: str, *balance: float) -> DataFacts:
    return replace(FACTS[task], balance=balance)


@pytest.mark.parametrize(
    ("uneven", "metrics"),
    [
        (facts("binary", 0.8, 0.2), PLAIN),
        (facts("binary", 0.05, 0.95), OF_CLASS_0),
        (facts("multiclass", 0.1, 0.85, 0.05), PLAIN),
    ],
)
def test_where_one_class_is_large_the_others_are_measured(uneven: DataFacts, metrics: tuple[Named, ...]) -> None:
    made = completed(uneven)

    assert made.spec.metrics == metrics
    assert any(
        "in the place of accuracy" in warning and "class_weight: balanced" in warning for warning in made.warnings
    )


@pytest.mark.parametrize("even", [facts("binary", 0.79, 0.21), facts("multiclass", 0.5, 0.3, 0.2), FACTS["binary"]])
def test_otherwise_accuracy_is(even: DataFacts) -> None:
    made = completed(even)

    assert made.spec.metrics is not None
    assert made.spec.metrics[0] == Named(name="accuracy")
    assert not any("accuracy" in warning for warning in made.warnings)


def test_the_warning_names_the_share_and_the_rare_class() -> None:
    (warning,) = [
        warning for warning in completed(facts("binary", 0.035, 0.965)).warnings if "always naming" in warning
    ]

    assert warning.startswith("class 1 has 96.5 % of the training rows")
    assert "pr_auc, precision and recall of class 0, the rare one, are measured" in warning


def test_metrics_that_the_spec_names_stay_and_accuracy_gets_a_warning() -> None:
    uneven = facts("binary", 0.9, 0.1)

    asked, other = completed(uneven, metrics=["accuracy"]), completed(uneven, metrics=["roc_auc"])

    assert asked.spec.metrics == (Named(name="accuracy"),)
    assert any("so accuracy says little" in warning for warning in asked.warnings)
    assert not any("accuracy" in warning for warning in other.warnings)


def test_with_class_weights_the_advice_to_use_them_is_left_out() -> None:
    made = completed(facts("binary", 0.9, 0.1), training=Training(class_weight="balanced"))

    assert any("in the place of accuracy" in warning for warning in made.warnings)
    assert not any("class_weight" in warning for warning in made.warnings)


def test_keras_follows_no_metric_of_class_0_while_training() -> None:
    rare, common = facts("binary", 0.1, 0.9), facts("binary", 0.9, 0.1)

    assert train_metric_names(completed(rare).spec, rare) == ()
    assert train_metric_names(completed(common).spec, common) == ("pr_auc", "precision", "recall")
