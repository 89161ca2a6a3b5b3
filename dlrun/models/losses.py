"""What each loss asks of targets, labels and last activation, and the problems and warnings that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Literal

from dlrun.errors import Problem
from dlrun.models.heads import Head
from dlrun.models.names import loss_name, parameter_names
from dlrun.models.tasks import TASKS, Labels, Targets
from dlrun.spec.sections import Named

Needs = Literal["anything", "probabilities", "distribution", "positive"]

_CLASSES = frozenset({"binary", "multiclass", "multilabel"})
_NUMBERS = frozenset({"regression", "vector_regression", "unit_regression", "forecasting", "autoencoder"})
_ONE_OF_SEVERAL = frozenset({"multiclass", "vector_regression"})


@dataclass(frozen=True)
class LossRule:
    """What one loss asks for.

    Args:
        why: what is particular about it, as a clause; said when a task's table row does not have the loss.
        tasks: whose targets it can work with.
        needs: what the last activation must give.
        labels: how the classes of a multi-class problem must be written.
        low: the smallest numeric target it can work with.
        high: the largest one.
    """

    why: str
    tasks: frozenset[str] = _CLASSES | _NUMBERS
    needs: Needs = "anything"
    labels: Labels = "one_hot"
    low: float = -inf
    high: float = inf


_OVERLAP = "it measures the overlap of a whole batch, so a batch is one sample to it"
_ANGLE = "it compares directions only, so the size of a prediction means nothing"
_MARGIN = "it only asks for a margin, so the outputs are no probabilities"

LOSSES: Mapping[str, LossRule] = MappingProxyType(
    {
        "binary_crossentropy": LossRule(
            "it takes each output for the probability of a yes",
            _NUMBERS | {"binary", "multilabel"},
            "probabilities",
            low=0,
            high=1,
        ),
        "binary_focal_crossentropy": LossRule(
            "it plays down easy rows, so the outputs are no calibrated probabilities",
            frozenset({"binary", "multilabel"}),
            "probabilities",
        ),
        "categorical_crossentropy": LossRule(
            "it takes a row's outputs for one distribution over classes",
            _ONE_OF_SEVERAL,
            "distribution",
            low=0,
            high=1,
        ),
        "sparse_categorical_crossentropy": LossRule(
            "it takes a row's outputs for one distribution over classes",
            frozenset({"multiclass"}),
            "distribution",
            "integer",
        ),
        "categorical_focal_crossentropy": LossRule(
            "it plays down easy rows, so the outputs are no calibrated probabilities",
            frozenset({"multiclass"}),
            "distribution",
        ),
        "categorical_generalized_crossentropy": LossRule(
            "it trades speed of learning for robustness against wrong labels",
            frozenset({"multiclass"}),
            "distribution",
            "integer",
        ),
        "kl_divergence": LossRule(
            "on one-hot labels it is categorical_crossentropy under another name",
            _ONE_OF_SEVERAL,
            "distribution",
            low=0,
            high=1,
        ),
        "hinge": LossRule(_MARGIN, _CLASSES),
        "squared_hinge": LossRule(_MARGIN, _CLASSES),
        "categorical_hinge": LossRule(_MARGIN, frozenset({"multiclass"})),
        "dice": LossRule(_OVERLAP, _CLASSES, "probabilities"),
        "tversky": LossRule(_OVERLAP, _CLASSES, "probabilities"),
        "cosine_similarity": LossRule(_ANGLE, frozenset({"multiclass", "multilabel", "vector_regression"})),
        "poisson": LossRule("it takes the targets for counts", _NUMBERS, "positive", low=0),
        "mse": LossRule("its gradient vanishes where the model is confidently wrong"),
        "mae": LossRule("it is met by the median, not the mean, and its gradient does not shrink near the optimum"),
        "huber": LossRule("beyond delta it grows like the absolute error, so outliers count for less"),
        "log_cosh": LossRule("far from the target it grows like the absolute error, so outliers count for less"),
        "mape": LossRule("it divides by the target, so targets near zero outweigh all others", _NUMBERS),
        "msle": LossRule("it compares logarithms, so it judges ratios and not differences", low=0),
    }
)

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "ctc": "it aligns sequences of labels, and no task here has a sequence for a target",
        "circle": "it compares embeddings of rows with each other, and no task here is metric learning",
    }
)

PATH = ("loss",)


def rule_of(loss: Named) -> LossRule | None:
    """Look up a loss; None for one that a plugin brought, of which nothing is known."""
    return LOSSES.get(loss_name(loss))


def takes_logits(loss: Named | None) -> bool:
    """Whether the loss turns raw outputs into probabilities itself."""
    return loss is not None and loss.arguments.get("from_logits") is True


def loss_problem(loss: Named, head: Head | None, targets: Targets) -> Problem | None:
    """Say what keeps a loss from working with these targets and this last activation. The first reason is enough."""
    name = loss_name(loss)
    if name in REFUSED:
        return Problem(f"the loss '{loss.name}' is not supported: {REFUSED[name]}", PATH, hint=_use(targets))
    rule = rule_of(loss)
    if rule is None:
        return None
    if targets.task not in rule.tasks:
        return Problem(
            f"the loss '{loss.name}' does not fit {targets.task} targets: {_misfit(rule, targets)}",
            PATH,
            hint=_use(targets),
        )
    return _range_problem(loss, rule, targets) or (_head_problem(loss, rule, head) if head else None)


def _misfit(rule: LossRule, targets: Targets) -> str:
    """Say why a task's targets are the wrong kind, as a clause."""
    if targets.task in _NUMBERS:
        return "it is made for classes, and these targets are numbers"
    if rule.tasks <= _NUMBERS:
        return "it is made for numbers, and these targets are classes"
    if targets.task == "multiclass":
        return "it judges every class by itself, and exactly one class of a row is right"
    if targets.task == "multilabel":
        return "it expects exactly one right class in a row, and a row may have several labels or none"
    return "it compares several outputs of a row with each other, and there is only one"


def _range_problem(loss: Named, rule: LossRule, targets: Targets) -> Problem | None:
    """Compare numeric targets with what the loss can work with."""
    if targets.low is None or targets.high is None or (targets.low >= rule.low and targets.high <= rule.high):
        return None
    allowed = f"{rule.low:g}..{rule.high:g}" if rule.high < inf else f"{rule.low:g} or more"
    return Problem(
        f"the loss '{loss.name}' needs targets of {allowed}, but they lie in {targets.low:.6g}..{targets.high:.6g}",
        PATH,
        hint=_use(Targets("regression")),
    )


def _head_problem(loss: Named, rule: LossRule, head: Head) -> Problem | None:
    """Compare what the last activation gives with what the loss takes."""
    if head.logits:
        return _logits_problem(loss, head)
    if rule.needs == "anything" or (rule.needs == "positive" and head.low >= 0) or head.probabilities:
        return None
    if rule.needs == "positive":
        return Problem(
            f"the loss '{loss.name}' takes the logarithm of the predictions, and '{head.name}' gives negative ones too",
            PATH,
            hint="use last_activation: exponential or softplus",
        )
    usual = "softmax" if rule.needs == "distribution" else "sigmoid"
    return Problem(
        f"the loss '{loss.name}' takes probabilities, and last_activation '{head.name}' does not give them",
        PATH,
        hint=f"use last_activation: {usual}{_logits_hint(loss)}",
    )


def _logits_hint(loss: Named) -> str:
    """Offer from_logits to the losses that have it."""
    return ", or 'none' with from_logits: true" if "from_logits" in parameter_names("losses", loss.name) else ""


def _logits_problem(loss: Named, head: Head) -> Problem | None:
    """With from_logits the output layer must be linear: an activation would be applied twice."""
    if head.name == "none":
        return None
    return Problem(
        f"'{head.name}' and from_logits: true exclude each other: the loss '{loss.name}' applies its own activation",
        ("last_activation",),
        hint="use last_activation: none, or leave from_logits out",
    )


def loss_warning(loss: Named, targets: Targets) -> str | None:
    """Say why a loss is unusual for a task, or None where it is in the task's row of the table."""
    rule = rule_of(loss)
    if rule is None or loss_name(loss) in targets.row.losses:
        return None
    return f"the loss '{loss.name}' is unusual for a {targets.task} task (usual: {_usual(targets)}): {rule.why}"


def _usual(targets: Targets) -> str:
    return " or ".join(f"'{name}'" for name in targets.row.losses)


def _use(targets: Targets) -> str:
    return f"use {' or '.join(TASKS[targets.task].losses)}"
