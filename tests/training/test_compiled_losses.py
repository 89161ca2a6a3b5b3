"""Losses and metrics of Keras inside the compiled engine against the same ones in a fit by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlrun.data.dataset import Array
from tests.training.by_hand import (
    EVEN,
    assert_as_by_hand,
    coins,
    compiled,
    dense,
    folds_of,
    labels,
    one_hot,
    one_value,
    plan_of,
    positive_values,
    several_coins,
    shares,
    themselves,
    three_values,
)

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("float64")]

Draw = Callable[[np.random.Generator, Array], Array]


def signs(random: np.random.Generator, inputs: Array) -> Array:
    return 2 * several_coins(random, inputs) - 1


LOSSES: dict[str, tuple[Draw, str | None, dict[str, Any]]] = {
    "MeanSquaredError": (three_values, None, {}),
    "MeanAbsoluteError": (three_values, None, {}),
    "MeanAbsolutePercentageError": (three_values, None, {}),
    "MeanSquaredLogarithmicError": (positive_values, "sigmoid", {}),
    "LogCosh": (three_values, None, {}),
    "Huber": (three_values, None, {"delta": 0.5}),
    "CosineSimilarity": (three_values, None, {}),
    "Poisson": (positive_values, "softplus", {}),
    "Hinge": (signs, "tanh", {}),
    "SquaredHinge": (signs, "tanh", {}),
    "CategoricalHinge": (one_hot, "softmax", {}),
    "KLDivergence": (shares, "softmax", {}),
    "BinaryCrossentropy": (several_coins, None, {"from_logits": True, "label_smoothing": 0.1}),
    "BinaryFocalCrossentropy": (several_coins, "sigmoid", {"apply_class_balancing": True}),
    "CategoricalCrossentropy": (one_hot, "softmax", {"label_smoothing": 0.1}),
    "CategoricalFocalCrossentropy": (one_hot, "softmax", {}),
    "CategoricalGeneralizedCrossEntropy": (labels, "softmax", {}),
    "SparseCategoricalCrossentropy": (labels, None, {"from_logits": True, "ignore_class": 1}),
    "Dice": (several_coins, "sigmoid", {}),
    "Tversky": (several_coins, "sigmoid", {"alpha": 0.3, "beta": 0.7}),
    "Circle": (labels, None, {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_minimised_as_by_hand(name: str) -> None:
    import keras

    targets, activation, options = LOSSES[name]
    plan = plan_of(
        dense(3, activation),
        loss=lambda: getattr(keras.losses, name)(**options),
        optimiser=lambda: keras.optimizers.SGD(0.001),
        epochs=2,
    )

    assert_as_by_hand(compiled("vectorized", 2), folds_of(targets, EVEN[:2]), plan)


METRICS: dict[str, tuple[Draw, int, str | None, str, list[tuple[str, dict[str, Any]]]]] = {
    "binary": (
        coins,
        1,
        "sigmoid",
        "binary_crossentropy",
        [
            ("BinaryAccuracy", {"threshold": 0.4}),
            ("AUC", {}),
            ("AUC", {"curve": "PR", "num_thresholds": 20}),
            ("Precision", {}),
            ("Recall", {"thresholds": 0.3}),
            ("TruePositives", {}),
            ("TrueNegatives", {}),
            ("FalsePositives", {}),
            ("FalseNegatives", {}),
            ("PrecisionAtRecall", {"recall": 0.5}),
            ("RecallAtPrecision", {"precision": 0.5}),
            ("SensitivityAtSpecificity", {"specificity": 0.5}),
            ("SpecificityAtSensitivity", {"sensitivity": 0.5}),
            ("BinaryIoU", {"target_class_ids": [0, 1], "threshold": 0.5}),
            ("BinaryCrossentropy", {}),
            ("Hinge", {}),
            ("SquaredHinge", {}),
            ("Accuracy", {}),
        ],
    ),
    "multiclass": (
        one_hot,
        3,
        "softmax",
        "categorical_crossentropy",
        [
            ("CategoricalAccuracy", {}),
            ("F1Score", {"average": "macro"}),
            ("FBetaScore", {"average": "weighted", "beta": 2.0}),
            ("OneHotIoU", {"num_classes": 3, "target_class_ids": [0, 2]}),
            ("OneHotMeanIoU", {"num_classes": 3}),
            ("CategoricalCrossentropy", {}),
            ("CategoricalHinge", {}),
            ("KLDivergence", {}),
            ("Precision", {"class_id": 1}),
            ("Recall", {"top_k": 2}),
            ("AUC", {"multi_label": True, "num_thresholds": 20}),
        ],
    ),
    "sparse": (
        labels,
        3,
        "softmax",
        "sparse_categorical_crossentropy",
        [
            ("SparseCategoricalAccuracy", {}),
            ("SparseCategoricalCrossentropy", {}),
            ("MeanIoU", {"num_classes": 3, "sparse_y_pred": False}),
            ("IoU", {"num_classes": 3, "target_class_ids": [0], "sparse_y_pred": False}),
        ],
    ),
    "multilabel": (
        several_coins,
        3,
        "sigmoid",
        "binary_crossentropy",
        [
            ("BinaryAccuracy", {}),
            ("F1Score", {"threshold": 0.5, "average": "micro"}),
            ("AUC", {"multi_label": True, "num_labels": 3}),
        ],
    ),
    "regression": (
        one_value,
        1,
        None,
        "mse",
        [
            ("MeanAbsoluteError", {}),
            ("MeanAbsolutePercentageError", {}),
            ("MeanSquaredError", {}),
            ("MeanSquaredLogarithmicError", {}),
            ("RootMeanSquaredError", {}),
            ("R2Score", {}),
            ("LogCoshError", {}),
            ("Poisson", {}),
        ],
    ),
    "vector regression": (
        three_values,
        3,
        None,
        "mse",
        [
            ("MeanAbsoluteError", {}),
            ("R2Score", {}),
            ("CosineSimilarity", {}),
            ("PearsonCorrelation", {}),
            ("ConcordanceCorrelation", {}),
        ],
    ),
    "unit regression": (positive_values, 3, "sigmoid", "mse", [("MeanAbsoluteError", {})]),
    "autoencoder": (themselves, 4, None, "mse", [("RootMeanSquaredError", {})]),
}


PROGRAMS = [
    *((task, "vectorized") for task in METRICS),
    *itertools.product(["binary", "sparse", "vector regression"], ["unrolled", "graph"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("task", "program"), PROGRAMS)
def test_every_task_is_trained_and_measured_as_by_hand(task: str, program: str) -> None:
    import keras

    targets, outputs, activation, loss, named = METRICS[task]

    def metrics() -> list[Any]:
        return [
            getattr(keras.metrics, name)(name=f"{name}_{number}", **options)
            for number, (name, options) in enumerate(named)
        ]

    plan = plan_of(dense(outputs, activation), loss=loss, metrics=metrics)

    assert_as_by_hand(compiled(program, 2), folds_of(targets)[1:], plan)


@pytest.fixture
def float32(float64: None) -> None:
    """Single precision again, for what TensorFlow has no kernel for in double."""
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.mark.slow
@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("program", ["vectorized", "graph"])
@pytest.mark.parametrize("name", ["TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"])
def test_accuracy_among_the_first_few_is_counted_as_by_hand(name: str, program: str) -> None:
    import keras

    sparse = name.startswith("Sparse")
    plan = plan_of(
        dense(3, "softmax"),
        loss="sparse_categorical_crossentropy" if sparse else "categorical_crossentropy",
        metrics=lambda: [getattr(keras.metrics, name)(k=2, name="top_2")],
    )

    assert_as_by_hand(compiled(program, 2), folds_of(labels if sparse else one_hot, EVEN[:2]), plan, tolerance=1e-5)
