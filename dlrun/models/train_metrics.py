"""The Keras metric that stands in for each metric of the spec while a model trains.

The validation column of the history is computed exactly, elsewhere. The training column is a running average that Keras
keeps: for each of our metrics its nearest Keras twin, and no column where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dlrun.models.heads import Head
from dlrun.models.metrics import column_name, origin_of
from dlrun.models.names import class_name
from dlrun.models.tasks import Labels, Targets
from dlrun.spec.sections import Named


@dataclass(frozen=True)
class TrainMetric:
    """A Keras metric for the training column.

    Args:
        name: the column's name.
        kind: the class in ``keras.metrics``.
        arguments: of that class.
    """

    name: str
    kind: str
    arguments: Mapping[str, Any]

    def make(self) -> Any:
        """Make a fresh ``keras.metrics.Metric`` that goes by the column's name."""
        import keras

        return getattr(keras.metrics, self.kind)(name=self.name, **self.arguments)


@dataclass(frozen=True)
class Trained:
    """What a training metric has to know.

    Args:
        targets: the task and the number of outputs.
        labels: how the classes of a multi-class problem are written.
        head: what the output layer gives; None where that is not known.
        threshold: above which value a single output means yes.
    """

    targets: Targets
    labels: Labels | None
    head: Head | None
    threshold: float

    @property
    def integer(self) -> bool:
        """Whether targets are class numbers, and not one column a class."""
        return self.labels == "integer"


def train_metrics(metrics: Sequence[Named], trained: Trained) -> tuple[TrainMetric, ...]:
    """Choose the Keras metric for each metric of the spec; those without one are left out."""
    chosen: list[TrainMetric] = []
    for metric in metrics:
        name = column_name(metric)
        twin = _twin(metric, name, trained)
        if twin:
            chosen.append(TrainMetric(name, *twin))
    return tuple(chosen)


_Twin = tuple[str, Mapping[str, Any]] | None
_Arguments = Mapping[str, Any]


def _twin(metric: Named, name: str, trained: Trained) -> _Twin:
    """Find the Keras metric, by whose metric it is: dlrun's, Keras's, or a plugin's, which has none."""
    origin = origin_of(metric)
    if origin == "dlrun":
        return _TWINS[name](metric.arguments, trained)
    return _keras_own(metric, trained) if origin == "keras" else None


def _keras_own(metric: Named, trained: Trained) -> _Twin:
    """Keep one of Keras's own metrics where it takes these labels and gives one number."""
    kind = class_name("metrics", metric.name)
    if trained.targets.task == "multiclass" and kind.startswith("Sparse") != trained.integer:
        return None
    if kind in {"F1Score", "FBetaScore"} and metric.arguments.get("average") is None:
        return None
    return None if kind in {"IoU", "MeanIoU", "Accuracy"} else (kind, metric.arguments)


def _same(kind: str) -> Callable[[_Arguments, Trained], _Twin]:
    """Make the rule of a metric that Keras has under another name."""
    return lambda arguments, trained: (kind, arguments)


def _accuracy(arguments: _Arguments, trained: Trained) -> _Twin:
    if trained.targets.task != "multiclass":
        return "BinaryAccuracy", {"threshold": trained.threshold}
    return ("SparseCategoricalAccuracy" if trained.integer else "CategoricalAccuracy"), {}


def _top_k(arguments: _Arguments, trained: Trained) -> _Twin:
    return ("SparseTopKCategoricalAccuracy" if trained.integer else "TopKCategoricalAccuracy"), arguments


def _area(curve: str) -> Callable[[_Arguments, Trained], _Twin]:
    """Make the rule of an area: Keras's AUC wants probabilities, or raw outputs and the word for it."""

    def rule(arguments: _Arguments, trained: Trained) -> _Twin:
        head = trained.head
        if (
            arguments.get("positive") == 0
            or trained.targets.task == "multiclass"
            or head is None
            or not (head.probabilities or head.logits)
        ):
            return None
        wide = {"multi_label": True, "num_labels": trained.targets.outputs}
        extra = wide if trained.targets.task == "multilabel" else {}
        return "AUC", {"curve": curve, "num_thresholds": 200, "from_logits": head.logits, **extra}

    return rule


def _counted(kind: str, arguments_there: _Arguments) -> Callable[[_Arguments, Trained], _Twin]:
    """Make the rule of what Keras counts at a threshold in 0..1, for class 1 of two."""

    def rule(arguments: _Arguments, trained: Trained) -> _Twin:
        fits = (
            trained.targets.task == "binary"
            and arguments.get("positive") != 0
            and trained.head is not None
            and trained.head.probabilities
        )
        return (kind, arguments_there) if fits else None

    return rule


def _nothing(arguments: _Arguments, trained: Trained) -> _Twin:
    return None


_TWINS: Mapping[str, Callable[[_Arguments, Trained], _Twin]] = MappingProxyType(
    {
        "accuracy": _accuracy,
        "top_k_accuracy": _top_k,
        "roc_auc": _area("ROC"),
        "pr_auc": _area("PR"),
        "precision": _counted("Precision", {"thresholds": 0.5}),
        "recall": _counted("Recall", {"thresholds": 0.5}),
        "f1": _counted("F1Score", {"threshold": 0.5, "average": "micro"}),
        "mean_average_precision": _nothing,
        "mae": _same("MeanAbsoluteError"),
        "mse": _same("MeanSquaredError"),
        "rmse": _same("RootMeanSquaredError"),
        "r2": _same("R2Score"),
    }
)
