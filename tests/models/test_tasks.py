"""Every sentence of the task table: what a task fills in, what cannot work, and what is unusual."""

from __future__ import annotations

from typing import Any

import pytest

from dlrun.models import TASKS, DataFacts


@pytest.mark.parametrize(
    ("task", "activation", "loss", "metrics"),
    [
        ("binary", "sigmoid", "binary_crossentropy", ["accuracy", "roc_auc"]),
        ("multiclass", "softmax", "categorical_crossentropy", ["accuracy"]),
        ("multilabel", "sigmoid", "binary_crossentropy", ["mean_average_precision"]),
        ("regression", "none", "mse", ["mae"]),
        ("vector_regression", "none", "mse", ["mae"]),
        ("unit_regression", "sigmoid", "mse", ["mae"]),
        ("forecasting", "none", "mse", ["mae"]),
        ("autoencoder", "none", "mse", ["mse"]),
    ],
)
def test_a_task_fills_in_activation_loss_and_metrics(
    make: Any, task: str, activation: str, loss: str, metrics: list[str]
) -> None:
    done = make.completed(task)

    assert done.spec.task == task
    assert done.spec.last_activation.name == activation
    assert done.spec.loss.name == loss
    assert [metric.name for metric in done.spec.metrics] == metrics
    assert done.warnings == ()


def test_the_table_has_every_task_of_the_grammar(make: Any) -> None:
    assert set(TASKS) == set(make.facts)


def test_integer_labels_take_the_sparse_loss(make: Any) -> None:
    assert make.completed("multiclass", labels="integer").spec.loss.name == "sparse_categorical_crossentropy"


@pytest.mark.parametrize(
    ("loss", "labels"),
    [("SparseCategoricalCrossentropy", "integer"), ("categorical_crossentropy", "one_hot"), ("mse", "one_hot")],
)
def test_the_loss_decides_how_labels_are_written(make: Any, loss: str, labels: str) -> None:
    assert make.completed("multiclass", loss=loss).spec.labels == labels


@pytest.mark.parametrize(
    "given",
    [{"loss": "sparse_categorical_crossentropy", "labels": "one_hot"}, {"loss": "mse", "labels": "integer"}],
)
def test_a_loss_that_takes_other_labels_is_an_error(make: Any, given: dict[str, str]) -> None:
    problems = make.problems("multiclass", **given)

    assert "labels: " in problems[("loss",)]


@pytest.mark.parametrize("task", ["binary", "multilabel", "regression"])
def test_labels_mean_nothing_without_several_classes(make: Any, task: str) -> None:
    assert ("labels",) in make.problems(task, labels="integer")


@pytest.mark.parametrize("task", ["binary", "regression", "unit_regression"])
def test_softmax_on_one_unit_is_an_error(make: Any, task: str) -> None:
    assert "always gives the same value" in make.problems(task, last_activation="softmax")[("last_activation",)]


def test_softmax_on_one_unit_suggests_what_a_binary_task_can_have(make: Any) -> None:
    text = make.problems("binary", last_activation="softmax")[("last_activation",)]

    assert "sigmoid" in text
    assert "task: multiclass" in text


def test_a_multiclass_task_with_one_class_is_an_error(make: Any) -> None:
    assert ("task",) in make.problems(DataFacts("multiclass", 1, (4,), 30))


def test_a_task_that_the_data_contradict_is_an_error(make: Any) -> None:
    assert "the data make a regression task" in make.problems("regression", task="multiclass")[("task",)]


@pytest.mark.parametrize(
    ("task", "loss"),
    [
        ("binary", "categorical_crossentropy"),
        ("binary", "sparse_categorical_crossentropy"),
        ("binary", "kl_divergence"),
        ("binary", "poisson"),
        ("binary", "cosine_similarity"),
        ("regression", "categorical_crossentropy"),
        ("regression", "hinge"),
        ("regression", "Dice"),
        ("multiclass", "binary_crossentropy"),
        ("multiclass", "BinaryFocalCrossentropy"),
        ("multilabel", "categorical_crossentropy"),
        ("vector_regression", "sparse_categorical_crossentropy"),
        ("multiclass", "CTC"),
        ("regression", "Circle"),
    ],
)
def test_a_loss_that_does_not_fit_the_targets_is_an_error(make: Any, task: str, loss: str) -> None:
    text = make.problems(task, loss=loss)[("loss",)]

    assert all(usual in text for usual in TASKS[task].losses)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "hard_sigmoid"])
def test_targets_that_a_bounded_activation_cannot_reach_are_an_error(make: Any, activation: str) -> None:
    assert "-5..50" in make.problems("regression", last_activation=activation)[("last_activation",)]


def test_targets_that_a_bounded_activation_can_reach_are_allowed(make: Any) -> None:
    within = DataFacts("regression", 1, (4,), 30, target_low=-0.9, target_high=0.9)

    assert make.completed(within, last_activation="tanh").spec.last_activation.name == "tanh"


def test_relu_with_negative_targets_is_a_warning_that_says_why(make: Any) -> None:
    (warning,) = make.completed("regression", last_activation="relu").warnings

    assert "never goes below 0, but targets go down to -5" in warning


def test_binary_crossentropy_needs_targets_of_0_to_1(make: Any) -> None:
    text = make.problems("regression", loss="binary_crossentropy", last_activation="none")[("loss",)]

    assert "needs targets of 0..1" in text


def test_unit_regression_takes_either_loss_without_a_word(make: Any) -> None:
    assert make.completed("unit_regression", loss="binary_crossentropy").warnings == ()


@pytest.mark.parametrize("loss", ["poisson", "msle"])
def test_a_loss_of_logarithms_needs_targets_from_0_on(make: Any, loss: str) -> None:
    text = make.problems("regression", loss=loss, last_activation="exponential")[("loss",)]

    assert "0 or more" in text


def test_poisson_needs_predictions_from_0_on(make: Any) -> None:
    counts = DataFacts("regression", 1, (4,), 30, target_low=0.0, target_high=9.0)

    assert "softplus" in make.problems(counts, loss="poisson")[("loss",)]
    assert make.completed(counts, loss="poisson", last_activation="softplus").spec.loss.name == "poisson"


@pytest.mark.parametrize("activation", ["none", "relu", "tanh"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_crossentropy_of_what_are_no_probabilities_is_an_error(make: Any, task: str, activation: str) -> None:
    assert TASKS[task].last_activation in make.problems(task, last_activation=activation)[("loss",)]


@pytest.mark.parametrize(
    ("task", "loss"),
    [("binary", "BinaryCrossentropy"), ("multiclass", "CategoricalCrossentropy"), ("multilabel", "bce")],
)
def test_from_logits_makes_the_output_layer_linear_without_a_word(make: Any, task: str, loss: str) -> None:
    done = make.completed(task, loss={loss: {"from_logits": True}})

    assert done.spec.last_activation.name == "none"
    assert done.warnings == ()


def test_from_logits_with_sigmoid_is_an_error(make: Any) -> None:
    problems = make.problems("binary", loss={"BinaryCrossentropy": {"from_logits": True}}, last_activation="sigmoid")

    assert "exclude each other" in problems[("last_activation",)]


@pytest.mark.parametrize("loss", ["accuracy", "roc_auc", "f1", "precision", "r2", "AUC"])
def test_a_metric_as_the_loss_is_an_error_that_suggests_the_tasks_loss(make: Any, loss: str) -> None:
    text = make.problems("binary", loss=loss)[("loss",)]

    assert "is a metric" in text
    assert "binary_crossentropy" in text


def test_a_metric_with_a_loss_of_its_name_can_be_the_loss(make: Any) -> None:
    assert make.completed("regression", loss="mae").spec.loss.name == "mae"


@pytest.mark.parametrize(
    ("task", "fields", "why"),
    [
        ("binary", {"loss": "mse"}, "gradient vanishes"),
        ("binary", {"loss": "hinge", "last_activation": "tanh"}, "margin"),
        ("regression", {"loss": "mae"}, "median"),
        ("multiclass", {"last_activation": "sigmoid"}, "do not sum to 1"),
        ("multilabel", {"last_activation": "softmax"}, "must sum to 1"),
        ("unit_regression", {"last_activation": "none"}, "can leave the range 0..1"),
        ("multiclass", {"loss": "tversky"}, "whole batch"),
    ],
)
def test_a_combination_outside_the_table_is_a_warning_that_says_why(
    make: Any, task: str, fields: dict[str, Any], why: str
) -> None:
    warnings = make.completed(task, **fields).warnings

    assert any("is unusual for a" in warning and why in warning for warning in warnings)


@pytest.mark.parametrize(
    ("task", "metric"),
    [
        ("regression", "accuracy"),
        ("regression", "roc_auc"),
        ("binary", "mae"),
        ("binary", "mean_average_precision"),
        ("binary", "top_k_accuracy"),
        ("multilabel", "r2"),
        ("regression", "AUC"),
        ("binary", "SparseCategoricalAccuracy"),
    ],
)
def test_a_metric_that_does_not_fit_the_task_is_an_error(make: Any, task: str, metric: str) -> None:
    assert "does not fit" in make.problems(task, metrics=["loss_of_a_plugin", metric])[("metrics", 1)]


def test_a_metric_listed_twice_under_two_names_is_an_error(make: Any) -> None:
    assert "twice" in make.problems("regression", metrics=["mae", "MeanAbsoluteError"])[("metrics", 1)]


@pytest.mark.parametrize(
    ("task", "metric"),
    [("multiclass", "roc_auc"), ("multilabel", "roc_auc"), ("binary", "f1"), ("vector_regression", "rmse")],
)
def test_a_metric_that_fits_the_task_is_kept(make: Any, task: str, metric: str) -> None:
    assert [kept.name for kept in make.completed(task, metrics=[metric]).spec.metrics] == [metric]


def test_all_problems_are_reported_at_once(make: Any) -> None:
    problems = make.problems("regression", last_activation="sigmoid", labels="one_hot", metrics=["accuracy"])

    assert set(problems) == {("last_activation",), ("labels",), ("metrics", 0)}


def test_with_output_false_a_last_activation_is_refused(make: Any) -> None:
    problems = make.problems("regression", output=False, last_activation="none")

    assert "has no effect" in problems[("last_activation",)]


def test_with_output_false_the_last_layers_own_activation_is_judged(make: Any) -> None:
    last = make.layer("Dense", units=1, activation="softmax")

    assert ("last_activation",) in make.problems("binary", last, output=False)


def test_with_output_false_loss_and_metrics_still_follow_from_the_task(make: Any) -> None:
    done = make.completed("binary", make.layer("Dense", units=1, activation="sigmoid"), output=False).spec

    assert (done.loss.name, done.last_activation) == ("binary_crossentropy", None)
