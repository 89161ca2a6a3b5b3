"""One run as a row of a list: what its record says in a few words and figures, and the spec's values by path.

`facts_of` takes from a record what a list shows, as plain JSON that can be kept; `row_of` makes the row of it. A record
may have been edited by hand, so what is not of the kind that it should be is taken for missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeGuard

Scalar = str | int | float | bool | None
Facts = dict[str, Any]
"""Fields of a `RunRow` by name."""
_BEYOND_USE = 10**18
"""A longer whole number was not written by us, and may break ``float()``."""


@dataclass(frozen=True)
class RunRow:
    """One run in a list.

    Args:
        run: the folder's name.
        status: ``running``, ``running on HOST``, ``waiting (3 of 4 folds)``, ``done``, ``partial``, ``failed``,
            ``interrupted``, ``dead`` or ``damaged``.
        name: of the experiment.
        created: UTC, ISO 8601; None when unknown.
        dataset: the source of the data, as a spec names it.
        metric: the primary metric; ``score`` is its validation score at the last epoch.
        layers: the net in a line: ``Dense 16 → Dense 1``.
        tested: whether its test rows were looked at.
        note: what is wrong with a damaged folder.
        tags: that somebody gave it, in alphabetical order.
        scores: the mean validation score at the last epoch by metric; those that have a value.
        selected: the same at the best epoch.
        baselines: by baseline and metric.
        higher_is_better: which way is up, by metric, as far as the record says it.
        rows: names the rows that it was scored on: data and splits; None when unknown.
        loss: by which it was trained.
        spec: the values of the complete spec by path; empty where the record has none.
    """

    run: str
    status: str
    path: Path
    name: str | None = None
    created: str | None = None
    task: str | None = None
    dataset: str | None = None
    protocol: str | None = None
    k: int | None = None
    iterations: int | None = None
    metric: str | None = None
    score: float | None = None
    seed: int | None = None
    engine: str | None = None
    seconds: float | None = None
    parameters: int | None = None
    layers: str | None = None
    tested: bool = False
    note: str = ""
    tags: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict, repr=False)
    selected: Mapping[str, float] = field(default_factory=dict, repr=False)
    baselines: Mapping[str, Mapping[str, float]] = field(default_factory=dict, repr=False)
    higher_is_better: Mapping[str, bool] = field(default_factory=dict, repr=False)
    rows: str | None = field(default=None, repr=False)
    loss: str | None = None
    spec: Mapping[str, Scalar] = field(default_factory=dict, repr=False)


def facts_of(record: Mapping[str, Any]) -> Facts:
    """Take from a record what a row has of it, by the row's names, as plain JSON; what is missing is left out."""
    scores = _under(record, "scores")
    validation, metric = _means(_under(scores, "validation")), _text(record.get("primary"))
    baselines = _mapping(_under(scores, "baselines"))
    higher = _mapping(record.get("higher_is_better"))
    found = {
        **{key: _text(record.get(key)) for key in ("name", "created", "task")},
        "seed": _count(record.get("seed")),
        "seconds": _number(record.get("seconds")),
        "metric": metric,
        "score": validation.get(metric) if metric is not None else None,
        "dataset": _text(_under(record, "data", "source")),
        "protocol": _text(_under(record, "protocol", "name")),
        "k": _count(_under(record, "protocol", "k")),
        "iterations": _count(_under(record, "protocol", "iterations")),
        "engine": _text(_under(record, "engine", "name")),
        "parameters": _count(_under(record, "model", "parameters")),
        "layers": _text(_under(record, "model", "outline")),
        "loss": _text(_under(record, "model", "loss")),
        "tested": _under(scores, "test") is not None or None,
        "rows": _scored_rows(record),
        "scores": validation,
        "selected": _means(_under(scores, "selected")),
        "baselines": {name: _numbers(inner) for name, inner in baselines.items()},
        "higher_is_better": {name: way for name, way in higher.items() if type(way) is bool},
        "spec": _scalars(_under(record, "spec", "values")),
    }
    return {key: value for key, value in found.items() if value not in (None, {})}


def row_of(path: Path, status: str, facts: Facts, *, tags: tuple[str, ...] = ()) -> RunRow:
    """Make the row of a run from its facts."""
    return RunRow(path.name, status, path, tags=tags, **facts)


def _scored_rows(record: Mapping[str, Any]) -> str | None:
    """Name the rows that a run was scored on: files by content (else what was loaded), and the splits of them."""
    data, splits = scored_data(record), _text(_under(record, "splits", "fingerprint"))
    return None if data is None or splits is None else f"{data}+{splits[:32]}"


def scored_data(record: Mapping[str, Any]) -> str | None:
    """Name the data by what is in their files, else by what was loaded; None where the record does not say it."""
    data = record.get("data")
    files = _under(data, "files")
    digests = [_under(file, "sha256") for file in files] if isinstance(files, list) else []
    parts = [_text(part) for part in (digests or [_under(data, "fingerprint")])]
    return None if None in parts else "+".join(part[:32] for part in parts if part is not None)


def _means(scores: Any) -> dict[str, float]:
    return _numbers({metric: _under(score, "mean") for metric, score in _mapping(scores).items()})


def _under(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _numbers(value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        return {}
    return {name: number for name, inner in value.items() if (number := _number(inner)) is not None}


def _scalars(value: Any) -> Mapping[str, Scalar]:
    return {path: inner for path, inner in _mapping(value).items() if _is_scalar(inner)}


def _is_scalar(value: Any) -> bool:
    """Tell what a spec can hold: no NaN, which JSON has no word for, and no number beyond a float."""
    if isinstance(value, str | bool) or value is None:
        return True
    return _is_count(value) or (isinstance(value, float) and math.isfinite(value))


def _number(value: Any) -> float | None:
    if type(value) is float:
        return value if math.isfinite(value) else None
    return float(value) if _is_count(value) else None


def _count(value: Any) -> int | None:
    return value if _is_count(value) else None


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and abs(value) < _BEYOND_USE


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


FACTS = frozenset(each.name for each in fields(RunRow)) - {"run", "status", "path", "tags", "note"}
"""The names that facts may have."""
