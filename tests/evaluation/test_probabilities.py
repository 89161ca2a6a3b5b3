from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from dlrun.evaluation import as_probabilities

LOGITS = np.array([[-1000.0, 2.0, 0.5], [3.0, -1.0, 1000.0]], np.float32)


def test_multi_class_logits_become_a_softmax_that_sums_to_1() -> None:
    probabilities = as_probabilities(LOGITS, "multiclass", "linear", from_logits=True)

    assert probabilities == pytest.approx(softmax(LOGITS, axis=1))
    assert probabilities.dtype == np.float32


@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_binary_and_multi_label_logits_become_sigmoids(task: str) -> None:
    logits = LOGITS[:, :1] if task == "binary" else LOGITS

    assert as_probabilities(logits, task, "linear", from_logits=True) == pytest.approx(expit(logits))


@pytest.mark.parametrize("from_logits", [True, False])
def test_a_binary_softmax_keeps_the_column_of_class_1(from_logits: bool) -> None:
    raw = np.array([[2.0, -1.0], [0.0, 4.0]], np.float32)
    given = raw if from_logits else softmax(raw, axis=1)

    assert as_probabilities(given, "binary", "softmax", from_logits) == pytest.approx(softmax(raw, axis=1)[:, 1:])


def test_a_tanh_head_is_mapped_to_0_to_1() -> None:
    raw = np.array([[-1.0], [0.0], [0.5]], np.float32)

    assert as_probabilities(raw, "binary", "tanh", from_logits=False)[:, 0] == pytest.approx([0, 0.5, 0.75])


def test_a_linear_head_is_clipped_to_0_to_1() -> None:
    raw = np.array([[-0.2], [0.3], [1.4]], np.float32)

    assert as_probabilities(raw, "binary", "linear", from_logits=False)[:, 0] == pytest.approx([0, 0.3, 1])


@pytest.mark.parametrize(
    ("task", "activation"), [("multiclass", "softmax"), ("regression", "tanh"), ("regression", "linear")]
)
def test_everything_else_is_unchanged(task: str, activation: str) -> None:
    raw = np.array([[-2.0, 0.4], [7.0, 0.1]], np.float32)

    assert as_probabilities(raw, task, activation, from_logits=False).tolist() == raw.tolist()


def test_one_dimension_becomes_one_column() -> None:
    assert as_probabilities(np.zeros(4), "regression", "linear", from_logits=False).shape == (4, 1)


def test_what_is_not_a_number_stays_visible() -> None:
    assert np.isnan(as_probabilities(np.array([[np.nan]]), "binary", "sigmoid", from_logits=False)).all()
