"""Which way is up, by name: the same that metrics say of themselves."""

from __future__ import annotations

import pytest

from dlrun.evaluation.exact import OWN
from dlrun.evaluation.keras_metric import snake_case
from dlrun.registry import registry
from dlrun.registry.direction import LOWER_IS_BETTER, is_higher_better_by_name


@pytest.mark.parametrize("metric", OWN, ids=lambda metric: str(metric.name))
def test_our_own_metrics_say_the_same(metric: type) -> None:
    assert is_higher_better_by_name(metric.name) is metric.higher_is_better  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [entry.name for entry in registry("metrics").values() if entry.origin == "keras"])
def test_a_column_of_a_keras_metric_says_what_its_class_says(name: str) -> None:
    expected = not LOWER_IS_BETTER.search(name)

    assert is_higher_better_by_name(snake_case(name)) is expected
    assert is_higher_better_by_name(f"keras_{snake_case(name)}") is expected


def test_a_loss_is_better_when_lower() -> None:
    assert not is_higher_better_by_name("loss")
