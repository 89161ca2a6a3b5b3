"""Classes of very different size: what is measured then, and why."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.models.tasks import Targets
from dlrun.spec.sections import ClassWeights, Named

LARGE_CLASS = 0.8
"""A class with this share of the training rows makes accuracy say little: naming it always is right that often."""

_INSTEAD = ("pr_auc", "precision", "recall")


def default_metrics(targets: Targets) -> tuple[Named, ...]:
    """Give the metrics of a task where the spec names none.

    Where one class is large, they are about the others: first the area under the precision-recall curve, which needs
    no threshold and is what the best epoch is chosen by, then precision and recall. Of two classes all three are about
    the rare one, whichever that is; of several they are averages over classes, in which each counts the same.
    """
    if not is_imbalanced(targets):
        return tuple(Named(name=name) for name in targets.row.metrics)
    arguments = {"positive": 0} if _rare_class(targets) == 0 else {}
    return tuple(Named(name=name, arguments=arguments) for name in _INSTEAD)


def is_imbalanced(targets: Targets) -> bool:
    """Whether one class has most of the training rows."""
    return bool(targets.balance) and max(targets.balance) >= LARGE_CLASS


def imbalance_warnings(
    asked: Sequence[Named] | None, targets: Targets, weights: str | ClassWeights | None
) -> list[str]:
    """Say why accuracy is not measured, or, where the spec asks for it, why it says little.

    Args:
        asked: the metrics of the spec as written; None where it leaves them to the task.
        targets: what is known of them.
        weights: the spec's class weights.
    """
    if not is_imbalanced(targets) or (asked is not None and not any(metric.name == "accuracy" for metric in asked)):
        return []
    largest = targets.balance.index(max(targets.balance))
    always = (
        f"class {largest} has {100 * targets.balance[largest]:.1f} % of the training rows: always naming it is right"
    )
    names = f"{', '.join(_INSTEAD[:-1])} and {_INSTEAD[-1]}"
    about = f" of class {_rare_class(targets)}, the rare one," if targets.task == "binary" else ""
    if asked is None:
        what = f"so {names}{about} are measured in the place of accuracy"
    else:
        what = f"so accuracy says little; {names}{about} say more (they are the default)"
    remedy = (
        "" if weights else "; `training: {class_weight: balanced}` makes a rare class count as much as a common one"
    )
    return [f"{always} that often, {what}{remedy}"]


def _rare_class(targets: Targets) -> int | None:
    return targets.balance.index(min(targets.balance)) if targets.task == "binary" else None
