from __future__ import annotations

import re
from pathlib import Path

import pytest

from dlrun.errors import SpecError
from dlrun.evaluation import is_higher_better, metrics_for
from dlrun.evaluation.exact import OWN, TopKAccuracy
from dlrun.registry import registry
from dlrun.spec.sections import Named

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_metrics_come_in_the_order_of_the_spec_with_their_arguments() -> None:
    names = [Named(name="top_k_accuracy", arguments={"k": 3}), Named(name="accuracy")]

    metrics = metrics_for(names, "multiclass", 10)

    assert [metric.name for metric in metrics] == ["top_k_accuracy", "accuracy"]
    assert metrics[0] == TopKAccuracy(3)


@pytest.mark.parametrize("metric", OWN)
def test_every_metric_of_our_own_is_in_the_registry_and_fits_its_tasks(metric: type) -> None:
    for task in metric.tasks:  # type: ignore[attr-defined]
        (made,) = metrics_for([Named(name=metric.name)], task, 10)  # type: ignore[attr-defined]

        assert type(made) is metric


def test_every_metric_of_our_own_origin_is_one_of_them() -> None:
    listed = {entry.name for entry in registry("metrics").values() if entry.origin == "dlrun"}

    assert listed == {metric.name for metric in OWN}


@pytest.mark.parametrize(
    ("named", "task", "outputs", "message"),
    [
        (Named(name="accuracy"), "regression", 1, "'accuracy' does not fit a regression task"),
        (Named(name="mae"), "binary", 1, "'mae' does not fit a binary task"),
        (Named(name="top_k_accuracy"), "multiclass", 3, "always 1 with 3 classes"),
        (Named(name="recall", arguments={"positive": 0}), "multiclass", 3, "'positive' is for binary problems"),
        (Named(name="pr_auc", arguments={"positive": 2}), "binary", 1, "is class 0 or class 1, not 2"),
        (Named(name="nonsense"), "binary", 1, "no metric 'nonsense'"),
    ],
)
def test_a_metric_that_would_mislead_is_refused(named: Named, task: str, outputs: int, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        metrics_for([named], task, outputs)

    assert caught.value.problems[0].path == ("metrics", 0)


def test_a_refusal_names_metrics_that_fit() -> None:
    with pytest.raises(SpecError) as caught:
        metrics_for([Named(name="accuracy")], "regression", 1)

    assert caught.value.problems[0].hint == "these do: mae, mse, rmse, r2"


def test_the_same_metric_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="'mae' is listed twice"):
        metrics_for([Named(name="mae"), Named(name="mae")], "regression", 1)


def test_loss_is_better_when_lower_and_metrics_say_so_themselves() -> None:
    metrics = metrics_for([Named(name="r2"), Named(name="mae")], "regression", 1)

    assert [is_higher_better(metrics, name) for name in ("loss", "r2", "mae")] == [False, True, False]


def test_the_docs_have_a_row_for_every_metric_of_our_own_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert sorted(rows) == sorted(["loss", *(metric.name for metric in OWN)])
