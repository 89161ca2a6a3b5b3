"""Rules between sections that need neither data nor a model: what contradicts itself, and what would have no effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.registry.lookup import registry
from dlrun.registry.nearest import nearest
from dlrun.spec.document import Findings
from dlrun.spec.evaluation_rules import check_columns, check_evaluation
from dlrun.spec.files import printable
from dlrun.spec.sections import Evaluation, Layer, Named, Regularisation, Training
from dlrun.spec.sources import NpySource, ParquetSource, TableSource, Windows
from dlrun.spec.step_rules import check_steps, check_target_order
from dlrun.spec.window_rules import check_windows
from dlrun.spec.wiring import wiring_problems

_ONLY_INPUTS = "only task: autoencoder works on inputs alone"

_INTEGER_LOSS = "SparseCategoricalCrossentropy"
_ONE_HOT_LOSSES = frozenset(
    {
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
        "CategoricalHinge",
        "CategoricalGeneralizedCrossEntropy",
    }
)


def cross_check(values: Mapping[str, Any], findings: Findings) -> None:
    """Note what does not go together, among the sections that could be read.

    Args:
        values: by the spec's keys: what was given, as the spec's classes.
        findings: gets the problems.
    """
    layers: Sequence[Layer] = values.get("layers") or ()
    output = values.get("output") is not False
    findings.extend(wiring_problems(layers, output))
    check_steps(values.get("preprocessing") or (), findings)
    check_target_order(values.get("targets") or (), values.get("task"), findings)
    _check_labels(values, findings)
    _check_targets(values, findings)
    _check_codes(values, layers, findings)
    _check_monitor(values.get("training"), values.get("metrics"), findings)
    if isinstance(training := values.get("training"), Training):
        _check_lanes(training, findings)
    if isinstance(evaluation := values.get("evaluation"), Evaluation):
        if isinstance(windows := values.get("dataset"), Windows):
            check_windows(evaluation, windows, findings)
        else:
            check_evaluation(evaluation, findings)
        check_columns(evaluation, values.get("dataset"), findings)
    if not output:
        _check_own_output(values, findings)
    regularisation = values.get("regularisation")
    if isinstance(regularisation, Regularisation) and regularisation.dropout and "layers" in values:
        _check_dropout(layers, findings)


def _check_labels(values: Mapping[str, Any], findings: Findings) -> None:
    """Note labels that the loss cannot take, or that a task does not have."""
    labels, loss, task = values.get("labels"), values.get("loss"), values.get("task")
    if not isinstance(labels, str):
        return
    if isinstance(task, str) and (task.endswith("regression") or task in ("forecasting", "autoencoder")):
        findings.add(f"it would have no effect: the targets of the task '{task}' are numbers", ("labels",))
        return
    if not isinstance(loss, Named) or (entry := registry("losses").find(loss.name)) is None:
        return
    if labels == "integer" and entry.name in _ONE_HOT_LOSSES:
        hint = "write loss: sparse_categorical_crossentropy, or labels: one_hot"
        findings.add(f"the loss '{loss.name}' needs one_hot labels, not integer ones", ("labels",), hint=hint)
    if labels == "one_hot" and entry.name == _INTEGER_LOSS:
        hint = "write loss: categorical_crossentropy, or labels: integer"
        findings.add(f"the loss '{loss.name}' needs integer labels, not one_hot ones", ("labels",), hint=hint)


def _check_targets(values: Mapping[str, Any], findings: Findings) -> None:
    """Note a file without targets, where a task needs them."""
    source, key = values.get("dataset"), "targets" if isinstance(values.get("dataset"), NpySource) else "target"
    if values.get("task") == "autoencoder":
        if getattr(source, "next_step", False):
            message = "it would have no effect: an autoencoder's targets are its inputs"
            findings.add(message, ("dataset", "next_step"), hint="leave it out, or leave 'task' out to forecast")
        return
    if not isinstance(source, TableSource | ParquetSource | NpySource):
        return
    if not getattr(source, key) and not getattr(source, "next_step", False):
        findings.add(f"'{key}' is missing", ("dataset",), hint=f"say what is to be predicted; {_ONLY_INPUTS}")


def _check_codes(values: Mapping[str, Any], layers: Sequence[Layer], findings: Findings) -> None:
    """Note codes of a layer that there is not."""
    codes, named = values.get("codes"), [layer.name for layer in layers if layer.name]
    if isinstance(codes, str) and "layers" in values and codes not in named:
        close = nearest(codes, named)
        hint = f"did you mean '{close}'?" if close else "give the layer a name: Dense: {units: 8, name: code}"
        findings.add(f"there is no layer named '{printable(codes)}'", ("codes",), hint=hint)


def _check_monitor(training: Any, metrics: Sequence[Named] | None, findings: Findings) -> None:
    """Note an early stop that watches what is not measured."""
    stop = training.early_stopping if isinstance(training, Training) else None
    if stop is None or stop.monitor == "loss":
        return
    path = ("training", "early_stopping", "monitor")
    if stop.monitor.startswith("val_"):
        hint = f"write '{stop.monitor[4:]}'; 'on:' says on which rows it is watched"
        findings.add("scores have no 'val_' in front here", path, hint=hint)
    elif metrics is not None and not any(_same_metric(stop.monitor, metric.name) for metric in metrics):
        names = ", ".join(f"'{name}'" for name in ["loss", *(metric.name for metric in metrics)])
        message = f"'{printable(stop.monitor)}' is not measured"
        findings.add(message, path, hint=f"watch one of {names}, or add it to the metrics")


def _check_lanes(training: Training, findings: Findings) -> None:
    """Note settings of the compiled engine that another one would ignore, or that contradict each other."""
    for key, value in (("program", training.program), ("lanes", training.lanes)):
        if value is not None and training.engine != "compiled":
            hint = "write engine: compiled, or leave it out"
            findings.add(f"it would have no effect with 'engine: {training.engine}'", ("training", key), hint=hint)
    if training.lanes is not None and training.engine == "compiled":
        if training.program is None:
            findings.add("lanes need to know of which program", ("training", "lanes"), hint="name the program")
        elif training.program == "graph" and training.lanes > 1:
            hint = "write lanes: 1, or program: unrolled"
            findings.add("the program 'graph' trains one fit at a time", ("training", "lanes"), hint=hint)
        elif training.program == "vectorized" and training.lanes < 2:
            hint = "write lanes: 2 or more, or program: unrolled"
            findings.add("the program 'vectorized' needs at least two lanes", ("training", "lanes"), hint=hint)


def _same_metric(one: str, other: str) -> bool:
    found = registry("metrics").find(one)
    return one == other or (found is not None and found is registry("metrics").find(other))


def _check_own_output(values: Mapping[str, Any], findings: Findings) -> None:
    """Note what only makes sense where the output layer is added to the list."""
    if values.get("last_activation") is not None:
        hint = "give the last layer of the list its activation there"
        findings.add("it would have no effect with 'output: false'", ("last_activation",), hint=hint)
    if "layers" in values and not values["layers"]:
        findings.add("without layers and with 'output: false' there is no model", ("layers",))


def _check_dropout(layers: Sequence[Layer], findings: Findings) -> None:
    """Note dropout that no layer can get. Which layers are hidden is the model's business; here, if there is any."""
    if not any(_has_dense(layer.kind, layer.arguments) for layer in layers):
        message = "it would have no effect: there is no hidden Dense layer"
        hint = "leave it out, or put a Dropout layer into the list"
        findings.add(message, ("regularisation", "dropout"), hint=hint)


def _has_dense(kind: str, arguments: Mapping[str, Any]) -> bool:
    """Look for a Dense layer, in wrappers such as TimeDistributed too."""
    inner = arguments.get("layer")
    calls = {inner: {}} if isinstance(inner, str) else inner if isinstance(inner, Mapping) else {}
    return kind == "Dense" or any(_has_dense(str(name), inside) for name, inside in calls.items())
