"""Steps for numeric targets, as ``targets:`` lists them: fitted on training rows, and undone on what a net predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import CLASSIFICATION, Array, Dataset
from dlrun.errors import DataError, Problem, SpecError

Floats = npt.NDArray[np.float64]
PATH = ("targets",)


class _Step(Protocol):
    def transform(self, values: Floats) -> Floats: ...

    def inverse(self, values: Floats) -> Floats: ...

    def state(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class _Logarithm:
    """``log(x)`` or ``log(1 + x)``."""

    step: str

    def transform(self, values: Floats) -> Floats:
        return np.asarray(np.log(values) if self.step == "log" else np.log1p(values))

    def inverse(self, values: Floats) -> Floats:
        return np.asarray(np.exp(values) if self.step == "log" else np.expm1(values))

    def state(self) -> dict[str, Any]:
        return {"step": self.step}


@dataclass(frozen=True)
class _ShiftAndDivide:
    """``(x - offset) / divisor``, target by target; both of shape () or (outputs,), the divisor never 0."""

    step: str
    offset: Floats
    divisor: Floats

    def transform(self, values: Floats) -> Floats:
        return (values - self.offset) / self.divisor

    def inverse(self, values: Floats) -> Floats:
        return values * self.divisor + self.offset

    def state(self) -> dict[str, Any]:
        return {"step": self.step, "offset": self.offset.tolist(), "divisor": self.divisor.tolist()}


@dataclass(frozen=True)
class FittedTargets:
    """Target steps that have been fitted. Without any, targets and predictions stay as they are."""

    steps: tuple[_Step, ...] = ()

    def transform(self, targets: Array) -> Array:
        """Bring targets (rows,) or (rows, outputs) to what the net trains on; in float64."""
        for step in self.steps:
            with np.errstate(all="ignore"):
                targets = step.transform(targets.astype(np.float64))
        return targets

    def inverse(self, predictions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Bring predictions (rows, outputs) back to the targets' units; infinite where they leave float32."""
        if not self.steps:
            return predictions
        values = predictions.astype(np.float64)
        with np.errstate(all="ignore"):
            for step in reversed(self.steps):
                values = step.inverse(values)
            return values.astype(np.float32)

    def state(self) -> list[dict[str, Any]]:
        """Return each step's name and what was fitted, ready for JSON."""
        return [step.state() for step in self.steps]


AS_THEY_ARE = FittedTargets()
"""No steps: targets and predictions stay as they are."""


def check_target_steps(steps: Sequence[str], dataset: Dataset) -> None:
    """Find out whether a data set's targets can go through the steps, in every row: held-out ones are scored too.

    Raises:
        SpecError: the targets are classes, or lie in 0..1 by their task, or some have no logarithm.
    """
    if not steps:
        return
    if dataset.task in CLASSIFICATION or dataset.task in ("unit_regression", "autoencoder"):
        raise SpecError([_no_steps(dataset.task)])
    for index, step in enumerate(steps):
        lowest = {"log": 0.0, "log1p": -1.0}.get(step)
        if lowest is not None and (count := int((dataset.targets <= lowest).sum())):
            message = f"{step} needs targets above {lowest:g}, and {count:,} of {dataset.targets.size:,} are not"
            low = float(np.nanmin(dataset.targets))
            hint = "use log1p, the logarithm of 1 + x" if step == "log" and low > -1 else "leave it out"
            raise SpecError([Problem(message, (*PATH, index), hint)])


def fit_targets(steps: Sequence[str], train_targets: Array) -> FittedTargets:
    """Fit target steps, each on what the steps before it leave.

    Args:
        steps: ``log``, ``log1p``, ``normalise`` or ``scale``.
        train_targets: of the training rows, (rows,) or (rows, outputs).

    Raises:
        DataError: targets so large that their squares or their range leave float64.
    """
    fitted = AS_THEY_ARE
    for step in steps:
        fitted = FittedTargets((*fitted.steps, _fit(step, fitted.transform(train_targets).astype(np.float64))))
    return fitted


def _fit(step: str, values: Floats) -> _Step:
    if step in ("log", "log1p"):
        return _Logarithm(step)
    low, high = values.min(axis=0), values.max(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        offset, divisor = (low, high - low) if step == "scale" else (values.mean(axis=0), values.std(axis=0))
    if not (np.isfinite(offset).all() and np.isfinite(divisor).all()):
        raise DataError(
            f"targets: {step} cannot compute with numbers as large as these",
            hint="numbers of this size are most likely a wrong unit or a marker for missing values",
        )
    # A constant target becomes 0 exactly, and is predicted exactly.
    constant = np.equal(low, high) | (divisor == 0)
    return _ShiftAndDivide(step, np.where(constant, low, offset), np.where(constant, 1.0, divisor))


def _no_steps(task: str) -> Problem:
    if task == "unit_regression":
        message = "targets in 0..1 are predicted as they are"
        return Problem(message, PATH, "leave `targets` out, or say task: regression")
    if task == "autoencoder":
        return Problem("an autoencoder's targets are its inputs", PATH, "put the step under `preprocessing`")
    return Problem(f"the targets of a {task} task are classes, which no step fits", PATH, "leave `targets` out")
