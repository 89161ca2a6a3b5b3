"""Turns a document into an `ExperimentSpec`: every accepted way of writing a section, into the one that the rest knows.

A section that cannot be read is noted and left out, and the others are read on: all problems come at once.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from dlrun.errors import Path
from dlrun.registry.lookup import registry
from dlrun.registry.values import show
from dlrun.spec.datasets import parse_dataset
from dlrun.spec.document import Findings, Raw
from dlrun.spec.evaluation import parse_evaluation
from dlrun.spec.fields import fields_of, parse_list
from dlrun.spec.layers import parse_layer
from dlrun.spec.named import parse_named
from dlrun.spec.paths import FolderOf
from dlrun.spec.preprocessing import parse_step, parse_target_steps
from dlrun.spec.rules import cross_check
from dlrun.spec.sections import (
    EarlyStopping,
    ExperimentSpec,
    Named,
    Regularisation,
    Section,
    Training,
)
from dlrun.spec.sources import BundledSource
from dlrun.spec.wording import build, choices, hint_of

OUT_OF_SCOPE = ("clustering", "reinforcement learning", "ranking", "object detection", "segmentation")
_NAMED = {
    "hidden_activation": "activations",
    "last_activation": "activations",
    "loss": "losses",
    "optimiser": "optimisers",
}


def parse_spec(
    raw: dict[str, Raw], default_name: str, folder_of: FolderOf, findings: Findings
) -> ExperimentSpec | None:
    """Read a whole spec.

    Args:
        raw: the file's mapping, inherited and overridden, without ``extends``.
        default_name: the experiment's name where the file gives none.
        folder_of: tells where a relative path of the spec starts from.
        findings: gets the problems.
    """
    written = fields_of(raw, dict(ExperimentSpec.model_fields), (), findings) or {}
    for key in ("dataset", "layers"):
        if key not in written:
            findings.add(f"'{key}' is missing", (), hint="a spec needs at least 'dataset' and 'layers'")
    values: dict[str, Any] = {"name": default_name}
    for key, value in written.items():
        parsed = _parse(key, value, folder_of, findings)
        if not findings.inside((key,)):
            values[key] = parsed
    spec = build(ExperimentSpec, _filled(values), (), findings)
    cross_check(values, findings)
    return None if findings.problems else spec


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """Stand in for sections that could not be read, so that the others are judged all the same."""
    return {"dataset": BundledSource(source="iris"), "layers": (), **values}


def _parse(key: str, raw: Raw, folder_of: FolderOf, findings: Findings) -> Any:
    """Read one section, by its key."""
    path: Path = (key,)
    if key in _NAMED:
        return _parse_named_section(key, raw, findings)
    match key:
        case "task":
            return _parse_task(raw, findings)
        case "dataset":
            return parse_dataset(raw, path, folder_of, findings)
        case "layers":
            return parse_list(raw, path, parse_layer, findings)
        case "preprocessing":
            return parse_list(raw, path, parse_step, findings)
        case "targets":
            return parse_target_steps(raw, path, findings)
        case "metrics":
            return _parse_metrics(raw, findings)
        case "regularisation":
            return _parse_section(Regularisation, raw, path, findings)
        case "evaluation":
            return parse_evaluation(raw, path, folder_of, findings)
        case "training":
            return _parse_training(raw, path, findings)
    return raw


def _parse_named_section(key: str, raw: Raw, findings: Findings) -> Named | None:
    if raw is None and key == "loss":
        return None
    if raw is None:
        hint = "write 'none' for no activation" if "activation" in key else "leave the key out for the default"
        findings.add("expected a name, not nothing (null)", (key,), hint=hint)
        return None
    return parse_named(raw, _NAMED[key], (key,), findings)


def _parse_metrics(raw: Raw, findings: Findings) -> tuple[Named, ...] | None:
    """Read the metrics; one alone needs no list."""
    if raw is None:
        return None
    path: Path = ("metrics",)
    if not isinstance(raw, list):
        named = parse_named(raw, "metrics", path, findings)
        return (named,) if named else None
    metrics = parse_list(raw, path, lambda item, where, notes: parse_named(item, "metrics", where, notes), findings)
    for index, metric in enumerate(metrics or ()):
        if any(_same_metric(metric, other) for other in (metrics or ())[:index]):
            findings.add(f"'{metric.name}' is listed twice", path)
    return metrics


def _same_metric(one: Named, other: Named) -> bool:
    known = registry("metrics")
    return known.find(one.name) is known.find(other.name) and one.arguments == other.arguments


def _parse_task(raw: Raw, findings: Findings) -> Raw:
    """Refuse what dlrun is not for, with a message of its own."""
    wanted = raw.lower().replace("_", " ").replace("-", " ") if isinstance(raw, str) else ""
    known = choices(hint_of(ExperimentSpec, "task"))
    if wanted in OUT_OF_SCOPE:
        tasks = ", ".join(known)
        findings.add(f"dlrun is not made for {wanted}", ("task",), hint=f"it trains and evaluates models for: {tasks}")
    return raw


def _parse_section(model: type[Section], raw: Raw, path: Path, findings: Findings) -> Section | None:
    """Read a section of plain values; an empty one means its defaults."""
    values = fields_of({} if raw is None else raw, dict(model.model_fields), path, findings)
    return None if values is None else build(model, values, path, findings)


def _parse_training(raw: Raw, path: Path, findings: Findings) -> BaseModel | None:
    values = fields_of({} if raw is None else raw, dict(Training.model_fields), path, findings)
    if values is None:
        return None
    before = len(findings.problems)
    if values.get("early_stopping") is not None:
        values["early_stopping"] = _parse_early_stopping(values["early_stopping"], (*path, "early_stopping"), findings)
    if values.get("schedule") is not None:
        values["schedule"] = parse_named(values["schedule"], "schedules", (*path, "schedule"), findings)
    training = build(Training, values, path, findings)
    return None if len(findings.problems) > before else training


def _parse_early_stopping(raw: Raw, path: Path, findings: Findings) -> Section | None:
    """Read ``3`` or ``{patience: 3}``."""
    if not isinstance(raw, dict):
        if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 1:
            return EarlyStopping(patience=raw)
        expected = "a whole number of at least 1 (the patience) or a mapping"
        findings.add(f"expected {expected}, not {show(raw)}", path, hint="leave the key out for no early stopping")
        return None
    section = _parse_section(EarlyStopping, raw, path, findings)
    if isinstance(section, EarlyStopping) and section.on == "validation" and "inner" in raw:
        hint = "write 'on: inner' to watch a part of the training rows"
        findings.add("it would have no effect with 'on: validation'", (*path, "inner"), hint=hint)
    return section
