"""Optimiser, loss and training metrics against Keras's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlrun.models import DataFacts, compile_arguments, gives_logits, output_activation, train_metric_names

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)
ONE = RNG.uniform(size=(40, 1)).astype(np.float32)
MANY = RNG.dirichlet(np.ones(3), size=40).astype(np.float32)
YES = RNG.integers(0, 2, size=(40, 1)).astype(np.float32)
CLASSES = RNG.integers(0, 3, size=40)
ONE_HOT = np.eye(3, dtype=np.float32)[CLASSES]
LABELS = RNG.integers(0, 2, size=(40, 3)).astype(np.float32)
LOGITS = np.log(ONE / (1 - ONE))


def compiled(make: Any, facts: str | DataFacts, **fields: Any) -> dict[str, Any]:
    known = make.facts[facts] if isinstance(facts, str) else facts
    return compile_arguments(make.completed(known, **fields).spec, known)


def value(metric: Any, targets: Any, predictions: Any) -> float:
    metric.update_state(targets, predictions)
    return float(metric.result())


@pytest.mark.parametrize(
    ("task", "fields", "targets", "predictions", "expected"),
    [
        ("binary", {}, YES, ONE, lambda y, p: -np.log(np.where(y == 1, p, 1 - p)).mean()),
        ("multiclass", {}, ONE_HOT, MANY, lambda y, p: -np.log((y * p).sum(axis=1)).mean()),
        ("multiclass", {"labels": "integer"}, CLASSES, MANY, lambda y, p: -np.log(p[np.arange(40), y]).mean()),
        ("multilabel", {}, LABELS, MANY, lambda y, p: -np.log(np.where(y == 1, p, 1 - p)).mean()),
        ("regression", {}, YES, ONE, lambda y, p: np.square(y - p).mean()),
        ("vector_regression", {}, LABELS, MANY, lambda y, p: np.square(y - p).mean()),
        ("unit_regression", {}, YES, ONE, lambda y, p: np.square(y - p).mean()),
        ("regression", {"loss": {"Huber": {"delta": 0.1}}}, YES, ONE, lambda y, p: (0.1 * (abs(y - p) - 0.05)).mean()),
        (
            "binary",
            {"loss": {"BinaryCrossentropy": {"from_logits": True}}},
            YES,
            LOGITS,
            lambda y, p: np.log1p(np.exp(np.where(y == 1, -p, p))).mean(),
        ),
    ],
)
def test_the_loss_is_what_its_formula_says(
    make: Any, task: str, fields: dict[str, Any], targets: Any, predictions: Any, expected: Any
) -> None:
    far = predictions if "Huber" not in str(fields) else np.clip(predictions, 0.2, 0.8)

    loss = compiled(make, task, **fields)["loss"](targets, far)

    assert float(loss) == pytest.approx(expected(targets, far), rel=1e-4)


def test_the_optimiser_is_new_at_every_call_and_has_the_specs_arguments(make: Any) -> None:
    optimiser = {"SGD": {"learning_rate": 0.05, "momentum": 0.9}}

    first, second = (compiled(make, "binary", optimiser=optimiser)["optimizer"] for _ in range(2))

    assert first is not second
    assert (float(first.learning_rate), first.momentum) == (pytest.approx(0.05), 0.9)


def test_a_schedule_takes_the_learning_rates_place(make: Any) -> None:
    schedule = {"name": "ExponentialDecay", "arguments": {"decay_steps": 10, "decay_rate": 0.5}}

    optimiser = compiled(make, "binary", optimiser={"adam": {"learning_rate": 0.004}}, training={"schedule": schedule})[
        "optimizer"
    ]
    optimiser.iterations.assign(20)

    assert float(optimiser.learning_rate) == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("task", "fields", "targets", "predictions"),
    [
        ("binary", {}, YES, ONE),
        ("binary", {"loss": {"bce": {"from_logits": True}}}, YES, LOGITS),
        ("binary", {"loss": "hinge", "last_activation": "none"}, YES, LOGITS),
        ("binary", {"loss": "hinge", "last_activation": "tanh"}, YES, 2 * ONE - 1),
        ("binary", {"loss": "mse", "last_activation": "none"}, YES, ONE),
    ],
)
def test_accuracy_while_training_says_yes_where_the_head_does(
    make: Any, task: str, fields: dict[str, Any], targets: Any, predictions: Any
) -> None:
    (metric,) = compiled(make, task, metrics=["accuracy"], **fields)["metrics"]

    assert value(metric, targets, predictions) == pytest.approx(((ONE > 0.5) == (YES == 1)).mean())


@pytest.mark.parametrize(("labels", "targets"), [("one_hot", ONE_HOT), ("integer", CLASSES)])
def test_accuracies_of_several_classes_take_the_labels_as_they_are_written(
    make: Any, labels: str, targets: Any
) -> None:
    metrics = ["accuracy", {"top_k_accuracy": {"k": 2}}]

    accuracy, top = compiled(make, "multiclass", labels=labels, metrics=metrics)["metrics"]

    ranked = np.argsort(-MANY, axis=1)
    assert value(accuracy, targets, MANY) == pytest.approx((ranked[:, 0] == CLASSES).mean())
    assert value(top, targets, MANY) == pytest.approx((ranked[:, :2] == CLASSES[:, None]).any(axis=1).mean())


@pytest.mark.parametrize(
    ("loss", "predictions"), [("binary_crossentropy", ONE), ({"bce": {"from_logits": True}}, LOGITS)]
)
def test_the_areas_while_training_are_near_the_exact_ones(make: Any, loss: Any, predictions: Any) -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    roc, pr = compiled(make, "binary", loss=loss, metrics=["roc_auc", "pr_auc"])["metrics"]

    assert value(roc, YES, predictions) == pytest.approx(roc_auc_score(YES, ONE), abs=0.02)
    assert value(pr, YES, predictions) == pytest.approx(average_precision_score(YES, ONE), abs=0.05)


def test_counted_metrics_and_distances_while_training_are_scikit_learns(make: Any) -> None:
    from sklearn import metrics as exact

    said = ONE > 0.5
    counted = compiled(make, "binary", metrics=["precision", "recall", "f1"])["metrics"]
    distances = compiled(make, "regression", metrics=["mae", "mse", "rmse", "r2"])["metrics"]

    assert [value(metric, YES, ONE) for metric in counted] == pytest.approx(
        [exact.precision_score(YES, said), exact.recall_score(YES, said), exact.f1_score(YES, said)]
    )
    squared = exact.mean_squared_error(YES, ONE)
    assert [value(metric, YES, ONE) for metric in distances] == pytest.approx(
        [exact.mean_absolute_error(YES, ONE), squared, squared**0.5, exact.r2_score(YES, ONE)], rel=1e-4
    )


def test_areas_of_several_labels_are_averaged_over_the_labels(make: Any) -> None:
    from sklearn.metrics import roc_auc_score

    (metric,) = compiled(make, "multilabel", metrics=["roc_auc"])["metrics"]

    assert value(metric, LABELS, MANY) == pytest.approx(roc_auc_score(LABELS, MANY, average="macro"), abs=0.02)


@pytest.mark.parametrize(
    ("task", "fields", "names"),
    [
        ("multilabel", {}, ()),
        ("multiclass", {"metrics": ["accuracy", "roc_auc", "f1"]}, ("accuracy",)),
        ("multiclass", {"metrics": ["SparseCategoricalAccuracy", "CategoricalAccuracy"]}, ("categorical_accuracy",)),
        ("multiclass", {"metrics": ["F1Score", {"FBetaScore": {"average": "macro"}}]}, ("f_beta_score",)),
        ("binary", {"metrics": ["Precision", "precision", "AUC"]}, ("keras_precision", "precision", "auc")),
        ("binary", {"metrics": ["roc_auc"], "loss": "hinge", "last_activation": "tanh"}, ()),
        ("regression", {"metrics": ["mae", "LogCoshError"]}, ("mae", "log_cosh_error")),
    ],
)
def test_metrics_without_a_keras_twin_have_no_column_while_training(
    make: Any, task: str, fields: dict[str, Any], names: tuple[str, ...]
) -> None:
    spec, facts = make.completed(task, **fields).spec, make.facts[task]

    assert train_metric_names(spec, facts) == names
    assert tuple(metric.name for metric in compile_arguments(spec, facts)["metrics"]) == names


@pytest.mark.parametrize(
    ("fields", "raw"),
    [
        ({}, False),
        ({"loss": {"bce": {"from_logits": True}}}, True),
        ({"loss": "squared_hinge", "last_activation": "none"}, True),
        ({"loss": "mse", "last_activation": "none"}, False),
    ],
)
def test_outputs_are_raw_under_from_logits_and_under_a_margin(make: Any, fields: dict[str, Any], raw: bool) -> None:
    assert gives_logits(make.completed("binary", **fields).spec) is raw


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        ([("Dense", {"units": 1, "activation": "sigmoid"})], "sigmoid"),
        ([("Dense", {"units": 1}), ("Activation", {"activation": "tanh"})], "tanh"),
        ([("Dense", {"units": 1}), ("Reshape", {"target_shape": [1]})], "none"),
        ([("LSTM", {"units": 1})], "none"),
    ],
)
def test_without_output_layer_the_last_activation_is_read_off_the_layers(
    make: Any, layers: list[tuple[str, dict[str, Any]]], name: str
) -> None:
    listed = [make.layer(kind, **arguments) for kind, arguments in layers]

    assert output_activation(make.completed("binary", *listed, output=False, loss="mse").spec) == name
