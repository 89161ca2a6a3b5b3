"""What ``model.compile`` takes: a fresh optimiser, loss and training metrics for each fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlrun.models.completing import head_in
from dlrun.models.losses import takes_logits
from dlrun.models.names import loss_name, snake_case
from dlrun.models.tasks import NO_ACTIVATION
from dlrun.models.train_metrics import Trained, TrainMetric, train_metrics
from dlrun.registry import instantiate
from dlrun.spec.sections import ExperimentSpec

if TYPE_CHECKING:
    from dlrun.models.facts import DataFacts

_MARGINS = frozenset({"hinge", "squared_hinge", "categorical_hinge"})


def compile_arguments(spec: ExperimentSpec, facts: DataFacts) -> dict[str, Any]:
    """Make ``optimizer``, ``loss`` and ``metrics`` for ``model.compile``, new ones at every call.

    Args:
        spec: complete.
        facts: about the data that it was completed with.

    Raises:
        SpecError: Keras refuses an argument.
    """
    assert spec.loss is not None
    return {
        "optimizer": _optimiser(spec),
        "loss": instantiate("losses", spec.loss.name, spec.loss.arguments, ("loss",)),
        "metrics": [metric.make() for metric in _train_metrics(spec, facts)],
    }


def train_metric_names(spec: ExperimentSpec, facts: DataFacts) -> tuple[str, ...]:
    """Name the metrics of `compile_arguments`, in their order: those of the spec that have a column while training."""
    return tuple(metric.name for metric in _train_metrics(spec, facts))


def gives_logits(spec: ExperimentSpec) -> bool:
    """Whether the outputs of a complete spec's model are raw: their sign decides, and a sigmoid or softmax orders them.

    So it is with ``from_logits``, and with the hinge losses under a linear output layer.
    """
    head = head_in(spec)
    hinged = spec.loss is not None and loss_name(spec.loss) in _MARGINS
    return takes_logits(spec.loss) or (hinged and head is not None and head.name == NO_ACTIVATION)


def output_activation(spec: ExperimentSpec) -> str:
    """Name the activation that a complete spec's model ends in, also with ``output: false``; ``none`` if unknown."""
    head = head_in(spec)
    return head.name if head else NO_ACTIVATION


def _optimiser(spec: ExperimentSpec) -> Any:
    """Make the optimiser; a schedule takes the place of its learning rate."""
    optimiser = instantiate("optimisers", spec.optimiser.name, spec.optimiser.arguments, ("optimiser",))
    # Keras counts: the name, which model.keras holds, would say how many a process had made before.
    optimiser.name = spec.optimiser.arguments.get("name") or snake_case(type(optimiser).__name__)
    schedule = spec.training.schedule
    if schedule is not None:
        optimiser.learning_rate = instantiate("schedules", schedule.name, schedule.arguments, ("training", "schedule"))
    return optimiser


def _train_metrics(spec: ExperimentSpec, facts: DataFacts) -> tuple[TrainMetric, ...]:
    if spec.targets:  # Keras would compute them in the units that the net trains on, beside scores in the original ones
        return ()
    head = head_in(spec)
    raw = gives_logits(spec) or (head is not None and head.name == "tanh")
    return train_metrics(spec.metrics or (), Trained(facts.targets, spec.labels, head, 0.0 if raw else 0.5))
