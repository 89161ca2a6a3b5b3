from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from dlrun.errors import SpecError
from dlrun.evaluation import Metric, metrics_for
from dlrun.evaluation.keras_metric import snake_case
from dlrun.models import Targets
from dlrun.models.metrics import metric_problems
from dlrun.registry import registry
from dlrun.spec.sections import Named

RANDOM = np.random.default_rng(0)
BINARY = np.arange(40) % 2
CLASSES = np.arange(40) % 4
SOFTMAX = RANDOM.dirichlet(np.ones(4), 40).astype(np.float32)
TRUE_LOG = np.log(SOFTMAX[np.arange(40), CLASSES].astype(float))
SIGMOID = RANDOM.uniform(0.05, 0.95, (40, 1)).astype(np.float32)
LABELS = np.eye(3, dtype=np.uint8)[RANDOM.integers(0, 3, 40)]
LABEL_SIGMOIDS = RANDOM.uniform(0.05, 0.95, (40, 3)).astype(np.float32)
NUMBERS = RANDOM.uniform(3, 9, 40)
GUESSES = (NUMBERS[:, None] + RANDOM.uniform(-1, 1, (40, 1))).astype(np.float32)
REQUIRED: dict[str, dict[str, Any]] = {
    "IoU": {"num_classes": 2, "target_class_ids": [1]},
    "MeanIoU": {"num_classes": 2},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [1]},
    "OneHotMeanIoU": {"num_classes": 2},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}
CORRELATION = re.compile("Correlation$")
DISTANCE = re.compile("Error$|Similarity$|Correlation$|^Poisson$")
KERAS = sorted(entry.name for entry in registry("metrics").values() if entry.origin == "keras")


def _required(kind: str, classes: int) -> dict[str, Any]:
    arguments = REQUIRED.get(kind, {})
    return {**arguments, "num_classes": classes} if "num_classes" in arguments else arguments


def make(kind: str, task: str, outputs: int, **arguments: Any) -> Metric:
    (metric,) = metrics_for([Named(name=kind, arguments=arguments)], task, outputs)
    return metric


@pytest.mark.parametrize(
    ("kind", "name"),
    [("AUC", "auc"), ("F1Score", "f1_score"), ("KLDivergence", "kl_divergence"), ("BinaryIoU", "binary_io_u")],
)
def test_names_are_keras_own(kind: str, name: str) -> None:
    assert snake_case(kind) == name


@pytest.mark.tensorflow
def test_a_metric_that_dlrun_computes_itself_is_told_apart_from_keras_one() -> None:
    own, keras = metrics_for([Named(name="precision"), Named(name="Precision")], "binary", 1)

    assert (own.name, keras.name) == ("precision", "keras_precision")


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("kind", "higher"),
    [
        ("AUC", True),
        ("CosineSimilarity", True),
        ("F1Score", True),
        ("TruePositives", True),
        ("BinaryCrossentropy", False),
        ("FalseNegatives", False),
        ("Hinge", False),
        ("KLDivergence", False),
        ("MeanSquaredLogarithmicError", False),
        ("Poisson", False),
    ],
)
def test_errors_losses_and_divergences_are_better_when_lower(kind: str, higher: bool) -> None:
    task = "regression" if kind in ("CosineSimilarity", "MeanSquaredLogarithmicError", "Poisson") else "binary"

    assert make(kind, task, 1).higher_is_better is higher


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("kind", "targets", "predictions", "expected"),
    [
        ("BinaryAccuracy", BINARY, SIGMOID, sk.accuracy_score(BINARY, SIGMOID[:, 0] > 0.5)),
        ("BinaryCrossentropy", BINARY, SIGMOID, sk.log_loss(BINARY, SIGMOID[:, 0].astype(float))),
        ("Precision", BINARY, SIGMOID, sk.precision_score(BINARY, SIGMOID[:, 0] > 0.5)),
        ("F1Score", BINARY, SIGMOID, sk.f1_score(BINARY, SIGMOID[:, 0] > 0.5, average="macro")),
        ("CategoricalAccuracy", BINARY, SIGMOID, sk.accuracy_score(BINARY, SIGMOID[:, 0] > 0.5)),
        ("CategoricalAccuracy", CLASSES, SOFTMAX, sk.accuracy_score(CLASSES, SOFTMAX.argmax(axis=1))),
        ("SparseCategoricalAccuracy", CLASSES, SOFTMAX, sk.accuracy_score(CLASSES, SOFTMAX.argmax(axis=1))),
        ("SparseCategoricalCrossentropy", CLASSES, SOFTMAX, -TRUE_LOG.mean()),
        ("F1Score", CLASSES, SOFTMAX, sk.f1_score(CLASSES, SOFTMAX.argmax(axis=1), average="macro")),
        ("BinaryAccuracy", LABELS, LABEL_SIGMOIDS, ((LABEL_SIGMOIDS > 0.5) == LABELS).mean()),
        ("PearsonCorrelation", NUMBERS, GUESSES, np.corrcoef(NUMBERS, GUESSES[:, 0])[0, 1]),
    ],
)
def test_each_kind_gets_targets_in_the_shape_that_it_needs(
    kind: str, targets: np.ndarray, predictions: np.ndarray, expected: float
) -> None:
    task = "regression" if targets is NUMBERS else "multilabel" if targets.ndim == 2 else None
    task = task or ("binary" if targets is BINARY else "multiclass")

    score = make(kind, task, predictions.shape[1]).score(targets, predictions)

    assert score == pytest.approx(expected, rel=1e-4)


@pytest.mark.tensorflow
def test_mean_iou_takes_decided_classes() -> None:
    decided = SOFTMAX.argmax(axis=1)
    expected = sk.jaccard_score(CLASSES, decided, average="macro")

    score = make("MeanIoU", "multiclass", 4, num_classes=4).score(CLASSES, SOFTMAX)

    assert score == pytest.approx(expected, rel=1e-5)


@pytest.mark.tensorflow
def test_no_state_is_left_from_one_score_to_the_next() -> None:
    metric = make("AUC", "binary", 1)

    first, _, again = (metric.score(BINARY, said) for said in (SIGMOID, 1 - SIGMOID, SIGMOID))

    assert first == again


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", [kind for kind in KERAS if not CORRELATION.search(kind)])
def test_every_keras_metric_scores_binary_and_multi_class_problems(kind: str) -> None:
    cases = [("binary", 2, BINARY, SIGMOID), ("multiclass", 4, CLASSES, SOFTMAX)]

    scores = [
        make(kind, task, classes, **_required(kind, classes)).score(targets, predictions)
        for task, classes, targets, predictions in cases
    ]

    assert np.isfinite(scores).all()


def fitting(task: str) -> list[str]:
    """Keras's metrics that a spec may name for a task."""
    return [kind for kind in KERAS if not metric_problems([Named(name=kind)], Targets(task, 3))]


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", fitting("multilabel"))
def test_every_keras_metric_for_several_labels_scores_them(kind: str) -> None:
    assert np.isfinite(make(kind, "multilabel", 3, **_required(kind, 2)).score(LABELS, LABEL_SIGMOIDS))


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", [kind for kind in fitting("vector_regression") if DISTANCE.search(kind)])
def test_every_distance_and_correlation_scores_vectors(kind: str) -> None:
    targets = RANDOM.uniform(3, 9, (40, 3))
    predictions = (targets + RANDOM.uniform(-1, 1, (40, 3))).astype(np.float32)

    assert np.isfinite(make(kind, "vector_regression", 3).score(targets, predictions))


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", [kind for kind in KERAS if DISTANCE.search(kind)])
def test_every_distance_and_correlation_scores_regression(kind: str) -> None:
    assert np.isfinite(make(kind, "regression", 1).score(NUMBERS, GUESSES))


@pytest.mark.tensorflow
def test_a_number_of_classes_that_is_too_small_is_refused() -> None:
    with pytest.raises(SpecError, match="'MeanIoU' is told of 2 classes, and there are 4"):
        make("MeanIoU", "multiclass", 4, num_classes=2)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("kind", "arguments"), [("Precision", {"class_id": 7}), ("AUC", {"multi_label": True, "num_labels": 7})]
)
def test_what_keras_refuses_becomes_a_problem_of_the_spec(kind: str, arguments: dict[str, Any]) -> None:
    metric = make(kind, "multiclass", 4, **arguments)

    with pytest.raises(SpecError, match=f"Keras's '{kind}' cannot score task 'multiclass'"):
        metric.score(CLASSES, SOFTMAX)


@pytest.mark.tensorflow
def test_predictions_that_are_not_finite_have_no_score() -> None:
    assert np.isnan(make("AUC", "binary", 1).score(BINARY, np.full((40, 1), np.nan, np.float32)))
