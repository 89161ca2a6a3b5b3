from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Complain = Callable[..., str]
Load = Callable[..., Any]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("[{Dense: 3, name: a}, {Dense: 3, name: a}]", "the name 'a' already means layers[0]"),
        ("[{Dense: 3, name: input}]", "the name 'input' already means the model's input"),
        ("[{Dense: 3, name: output}]", "the name 'output' already means the output layer"),
        ("[{Dense: 3, name: a}, {Dense: 3, from: b}]", "no layer above is named 'b'"),
        ("[{Dense: 3, name: first}, {Dense: 3, from: frist}]", "did you mean 'first'?"),
        ("[{Dense: 3, from: a}, {Dense: 3, name: a}]", "a layer can only take layers that stand above it"),
        ("[{Dense: 3, name: a, from: a}]", "a layer can only take layers that stand above it"),
        ("[{Dense: 3, from: []}]", "'from' names no layer"),
    ],
)
def test_names_and_from_must_lead_to_a_layer_above(complain: Complain, layers: str, expected: str) -> None:
    assert expected in complain(f"dataset: iris\nlayers: {layers}\n")


@pytest.mark.parametrize(
    ("labels", "loss", "task"),
    [("integer", "categorical_crossentropy", "multiclass"), ("one_hot", "SparseCategoricalCrossentropy", "multiclass")],
)
def test_labels_must_be_what_the_loss_takes(complain: Complain, labels: str, loss: str, task: str) -> None:
    message = complain(f"labels: {labels}\nloss: {loss}\ntask: {task}\n", minimal=True)

    assert message.startswith("spec.yaml:1:1  labels: the loss")


def test_labels_of_numbers_would_have_no_effect(complain: Complain) -> None:
    assert "would have no effect" in complain("labels: integer\ntask: regression\n", minimal=True)


@pytest.mark.parametrize("monitor", ["loss", "mae", "mean_absolute_error", "MeanAbsoluteError"])
def test_early_stopping_may_watch_what_is_measured(load: Load, monitor: str) -> None:
    spec = load(f"metrics: [mae]\ntraining: {{early_stopping: {{monitor: {monitor}}}}}\n", minimal=True)

    assert spec.training.early_stopping.monitor == monitor


@pytest.mark.parametrize(("monitor", "expected"), [("accuracy", "is not measured"), ("val_loss", "write 'loss'")])
def test_early_stopping_cannot_watch_anything_else(complain: Complain, monitor: str, expected: str) -> None:
    message = complain(f"metrics: [mae]\ntraining: {{early_stopping: {{monitor: {monitor}}}}}\n", minimal=True)

    assert "training.early_stopping.monitor" in message
    assert expected in message


def test_what_early_stopping_watches_is_left_open_where_no_metrics_are_given(load: Load) -> None:
    assert load("training: {early_stopping: {monitor: accuracy}}\n", minimal=True).metrics is None


def test_inner_rows_without_on_inner_would_have_no_effect(complain: Complain, load: Load) -> None:
    assert "no effect" in complain("training: {early_stopping: {inner: 0.1, on: validation}}\n", minimal=True)
    assert (
        load("training: {early_stopping: {inner: 0.1, on: inner}}\n", minimal=True).training.early_stopping.inner == 0.1
    )


def test_a_last_activation_without_an_output_layer_is_refused(complain: Complain) -> None:
    message = complain("dataset: iris\nlayers: [{Dense: 3}]\noutput: false\nlast_activation: softmax\n")

    assert message.startswith("spec.yaml:4:1  last_activation: it would have no effect")


def test_no_layers_and_no_output_make_no_model(complain: Complain) -> None:
    assert "there is no model" in complain("output: false\n", minimal=True)


def test_dropout_without_a_dense_layer_would_have_no_effect(complain: Complain, load: Load) -> None:
    assert "no hidden Dense layer" in complain("regularisation: {dropout: 0.5}\n", minimal=True)
    wrapped = "dataset: iris\nregularisation: {dropout: 0.5}\nlayers: [{TimeDistributed: {layer: {Dense: 3}}}]\n"
    assert load(wrapped).regularisation.dropout == 0.5


def test_an_explicit_null_is_no_way_to_say_no_activation(complain: Complain) -> None:
    message = complain("last_activation: null\n", minimal=True)

    assert "write 'none' for no activation" in message


def test_the_same_metric_twice_is_noticed_under_any_name(complain: Complain) -> None:
    assert "is listed twice" in complain("metrics: [mae, mean_absolute_error]\n", minimal=True)
