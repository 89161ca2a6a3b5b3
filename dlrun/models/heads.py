"""The last activation: which values it can give, and which targets it can therefore reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

from dlrun.errors import Problem
from dlrun.models.names import activation_name
from dlrun.models.tasks import NO_ACTIVATION, Targets
from dlrun.spec.sections import Named


@dataclass(frozen=True)
class Head:
    """What is known of the values that an output layer gives.

    Args:
        name: the activation, as our tables name it; ``none`` for a linear layer.
        low: the smallest value it can approach.
        high: the largest one.
        sums_to_one: whether a row's values compete: the outputs are one distribution over classes.
        logits: whether the loss turns the values into probabilities itself (``from_logits``).
    """

    name: str
    low: float = -inf
    high: float = inf
    sums_to_one: bool = False
    logits: bool = False

    @property
    def probabilities(self) -> bool:
        """Whether every value lies in 0..1."""
        return self.low >= 0 and self.high <= 1


_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "sigmoid": (0, 1),
        "hard_sigmoid": (0, 1),
        "sparse_sigmoid": (0, 1),
        "softmax": (0, 1),
        "sparsemax": (0, 1),
        "tanh": (-1, 1),
        "hard_tanh": (-1, 1),
        "softsign": (-1, 1),
        "relu": (0, inf),
        "relu6": (0, 6),
        "softplus": (0, inf),
        "squareplus": (0, inf),
        "sparse_plus": (0, inf),
        "exponential": (0, inf),
        "log_sigmoid": (-inf, 0),
        "log_softmax": (-inf, 0),
        "elu": (-1, inf),
        "celu": (-1, inf),
        "selu": (-1.7581, inf),
        "silu": (-0.2785, inf),
        "hard_silu": (-0.375, inf),
        "gelu": (-0.17, inf),
        "mish": (-0.3089, inf),
    }
)
_COMPETING = frozenset({"softmax", "sparsemax", "log_softmax"})

PATH = ("last_activation",)


def head_of(activation: Named, from_logits: bool = False) -> Head:
    """Look up what an activation can give. One with arguments of its own, or an unknown one, can give anything."""
    name = activation_name(activation)
    competing = name in _COMPETING
    if activation.arguments and not competing:
        return Head(name, logits=from_logits)
    low, high = _RANGES.get(name, (-inf, inf))
    return Head(name, low, high, sums_to_one=competing, logits=from_logits)


def head_problem(head: Head, targets: Targets) -> Problem | None:
    """Say what makes a last activation impossible for the targets, whatever the loss."""
    if head.sums_to_one and targets.outputs == 1:
        return _one_unit(head, targets)
    if head.name in {"log_softmax", "log_sigmoid"}:
        return Problem(
            f"'{head.name}' gives logarithms, which no loss of Keras takes",
            PATH,
            hint=f"use '{head.name[4:]}', or 'none' and a loss with from_logits: true",
        )
    return _out_of_range(head, targets)


def _one_unit(head: Head, targets: Targets) -> Problem:
    """Word the classic mistake: a softmax over one value is always 1."""
    hints = {
        "binary": "use sigmoid; or say task: multiclass, which gives each of the two classes a unit",
        "multiclass": "the targets have only one class: there is nothing to tell apart",
    }
    return Problem(
        f"'{head.name}' makes the outputs of a row sum to 1, so a single unit always gives the same value",
        PATH,
        hint=hints.get(targets.task, f"use '{targets.row.last_activation}'"),
    )


def _out_of_range(head: Head, targets: Targets) -> Problem | None:
    """Compare the range of numeric targets with what a bounded activation can give."""
    if targets.low is None or targets.high is None or head.high == inf:
        return None
    if targets.low >= head.low and targets.high <= head.high:
        return None
    return Problem(
        f"'{head.name}' gives values in {head.low:g}..{head.high:g}, but the targets lie in "
        f"{targets.low:.6g}..{targets.high:.6g}",
        PATH,
        hint="use 'none', or bring the targets into that range",
    )


def head_warning(head: Head, targets: Targets) -> str | None:
    """Say why a last activation is unusual for a task, or None where it is the table's own."""
    usual = targets.usual_activation
    gives_back = targets.task == "autoencoder" and head.name in ("sigmoid", NO_ACTIVATION)  # both may do; data decide
    ahead = targets.task == "forecasting" and head.probabilities and _in_unit(targets)  # such as the pixels of a frame
    if gives_back or ahead or head.name == usual or (head.logits and head.name == NO_ACTIVATION):
        return None
    return (
        f"last_activation '{head.name}' is unusual for a {targets.task} task (usual: '{usual}'): {_why(head, targets)}"
    )


def _in_unit(targets: Targets) -> bool:
    """Whether targets lie in 0..1, as far as that is known."""
    return (targets.low is None or targets.low >= 0) and (targets.high is None or targets.high <= 1)


def _why(head: Head, targets: Targets) -> str:
    """Give the reason, in one clause."""
    if targets.low is not None and targets.low < head.low:
        return f"it never goes below {head.low:g}, but targets go down to {targets.low:.6g}"
    if targets.task == "multiclass":
        return "the outputs of a row do not sum to 1, so they are no distribution over the classes"
    if head.sums_to_one:
        return "the outputs of a row must sum to 1, so one can only rise when another falls"
    if targets.row.classification:
        return "the outputs are no probabilities" if not head.probabilities else "its gradient is zero outside a band"
    if targets.task == "unit_regression":
        return "predictions can leave the range 0..1 of the targets" if not head.probabilities else "it is not smooth"
    if head.probabilities:
        said = "" if targets.task == "forecasting" else "; task: unit_regression says so"
        return f"predictions stay within 0..1{said}"
    return f"it bends or bounds the predictions (from {head.low:g} to {head.high:g})"
