"""The entries that come with dlrun: Keras's, out of signatures.json, and dlrun's own exact metrics."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dlrun.registry.entry import Entry, Parameter, nested_kind

_SIGNATURES = Path(__file__).with_name("signatures.json")

_REQUIRED = {
    "CategoryEncoding": ("num_tokens",),
    "Discretization": ("bin_boundaries",),
    "IntegerLookup": ("vocabulary",),
    "Normalization": ("mean", "variance"),
    "StringLookup": ("vocabulary",),
    "TextVectorization": ("vocabulary",),
}
"""What Keras's signatures call optional and a spec has to give. Keras would ``adapt`` most of these layers to data, and
so show them rows that they must not see; CategoryEncoding fails without.
"""


@dataclass(frozen=True)
class _Exact:
    name: str
    reference: str
    summary: str
    aliases: tuple[str, ...] = ()
    replaces: str | None = None
    parameters: tuple[Parameter, ...] = ()


_POSITIVE = (Parameter("positive", default=1),)
_EXACT_METRICS = (
    _Exact("accuracy", "Accuracy", "Share of rows that are classified correctly", ("acc",), "Accuracy"),
    _Exact("f1", "F1", "Harmonic mean of precision and recall", parameters=_POSITIVE),
    _Exact("mae", "MeanAbsoluteError", "Mean absolute error", ("mean_absolute_error",), "MeanAbsoluteError"),
    _Exact("mean_average_precision", "MeanAveragePrecision", "Mean over labels of the average precision"),
    _Exact("mse", "MeanSquaredError", "Mean squared error", ("mean_squared_error",), "MeanSquaredError"),
    _Exact("pr_auc", "PrAuc", "Area under the precision-recall curve (average precision)", parameters=_POSITIVE),
    _Exact("precision", "Precision", "Share of the rows called positive that are", parameters=_POSITIVE),
    _Exact("r2", "R2", "Coefficient of determination", ("r2_score",), "R2Score"),
    _Exact("recall", "Recall", "Share of the positive rows that are found", parameters=_POSITIVE),
    _Exact(
        "rmse",
        "RootMeanSquaredError",
        "Root of the mean squared error",
        ("root_mean_squared_error",),
        "RootMeanSquaredError",
    ),
    _Exact("roc_auc", "RocAuc", "Area under the ROC curve"),
    _Exact(
        "top_k_accuracy",
        "TopKAccuracy",
        "Share of rows whose class is among the k most probable",
        parameters=(Parameter("k", default=5),),
    ),
)
"""Computed on the predictions of all rows, where Keras averages over batches or estimates with thresholds."""

_REPLACED = frozenset(metric.replaces for metric in _EXACT_METRICS if metric.replaces)


def builtin(kind: str) -> tuple[Entry, ...]:
    """List the built-in entries of a kind, dlrun's own first."""
    rows: dict[str, dict[str, Any]] = _signatures()[kind]
    if kind != "metrics":
        return tuple(_keras_entry(kind, name, row) for name, row in rows.items())
    keras = (_keras_entry(kind, name, row) for name, row in rows.items() if name not in _REPLACED)
    return (*(_own_entry(metric) for metric in _EXACT_METRICS), *keras)


def keras_version() -> str:
    """Return the version of Keras that the table was generated from."""
    return str(_signatures()["keras"])


@cache
def _signatures() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_SIGNATURES.read_text(encoding="utf-8"))
    return content


def _keras_entry(kind: str, name: str, row: dict[str, Any]) -> Entry:
    required = set(row["required"]) | set(_REQUIRED.get(name, ()))
    parameters = {**dict.fromkeys(row["required"]), **row["optional"]}
    return Entry(
        kind=kind,
        name=name,
        reference=row["reference"],
        parameters=tuple(_parameters(parameters.items(), required)),
        inputs=tuple(row.get("inputs", ())),
        summary=row["summary"],
        aliases=tuple(row["aliases"]),
    )


def _parameters(defaults: Iterable[tuple[str, Any]], required: set[str]) -> Iterable[Parameter]:
    for name, default in defaults:
        yield Parameter(name, name in required, default, nested_kind(name))


def _own_entry(metric: _Exact) -> Entry:
    names = (*metric.aliases, metric.replaces) if metric.replaces else metric.aliases
    return Entry(
        kind="metrics",
        name=metric.name,
        reference=f"dlrun.evaluation.exact:{metric.reference}",
        parameters=metric.parameters,
        summary=metric.summary,
        origin="dlrun",
        aliases=tuple(alias for alias in names if alias.lower() != metric.name),
    )
