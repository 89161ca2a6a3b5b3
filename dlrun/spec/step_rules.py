"""Rules between the steps of ``preprocessing``, and of ``targets``: their order, and what would have no effect."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.errors import Path
from dlrun.spec.document import Findings
from dlrun.spec.steps import Augment, DropMissing, Impute, Normalise, Rescale, Scale, StepSpec

_LOGARITHMS = ("log", "log1p")
_NUMERIC = ("regression", "vector_regression", "forecasting")


def check_target_order(steps: Sequence[str], task: object, findings: Findings) -> None:
    """Note steps for targets that the task does not have, or that come where no logarithm can be taken any more."""
    path: Path = ("targets",)
    if steps and isinstance(task, str) and task not in _NUMERIC:
        hint = f"they are for {' and '.join(_NUMERIC[:2])}"
        findings.add(f"the targets of the task '{task}' are taken as they are", path, hint=hint)
    for index, step in enumerate(steps[1:], 1):
        if step in _LOGARITHMS:
            hint = f"write targets: [{step}, {', '.join(other for other in steps if other not in _LOGARITHMS)}]"
            message = f"'{step}' comes first: after '{steps[0]}' targets have no logarithm that means anything"
            findings.add(message, (*path, index), hint=hint if steps[0] not in _LOGARITHMS else "keep one of the two")


def check_steps(steps: Sequence[StepSpec], findings: Findings) -> None:
    """Note steps that contradict each other. ``findings`` gets the problems."""
    for index, step in enumerate(steps):
        if isinstance(step, DropMissing) and not any(isinstance(later, Impute) for later in steps[index + 1 :]):
            hint = "add a step below it, such as 'impute: median'"
            findings.add("what drop_missing takes away has to be filled again", ("preprocessing", index), hint=hint)
        if isinstance(step, Augment) and index + 1 < len(steps):
            findings.add("augment has to be the last step", ("preprocessing", index), hint="move it to the end")
        if isinstance(step, Impute) and step.missing is not None:
            _check_marker(step, steps[:index], index, findings)


def _check_marker(step: Impute, before: Sequence[StepSpec], index: int, findings: Findings) -> None:
    """Note a number for missing values that changes nothing, or that is another number by then."""
    path = ("preprocessing", index, "impute", "missing")
    if step.strategy == "zero" and step.missing == 0 and not step.indicator:
        hint = "use the median, or say indicator: true"
        findings.add("it would have no effect: a 0 that stands for missing would be filled with 0", path, hint=hint)
    for other in before:
        if isinstance(other, Normalise | Scale | Rescale) and _overlap(other, step):
            hint = f"put impute above {other.step}"
            message = f"after {other.step}, {step.missing:g} no longer stands for a missing value"
            findings.add(message, path, hint=hint)
            return


def _overlap(other: Normalise | Scale | Rescale, step: Impute) -> bool:
    columns = None if isinstance(other, Rescale) else other.columns
    return columns is None or step.columns is None or bool(set(columns) & set(step.columns))
