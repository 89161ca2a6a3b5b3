"""The optimiser's learning rate: where it comes from, and when it is unusually large."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dlrun.errors import Problem
from dlrun.models.names import class_name, default_of, parameter_names
from dlrun.spec.sections import Named

LARGE_BY_DEFAULT = 0.01
LARGE: Mapping[str, float] = MappingProxyType({"SGD": 0.1, "Adagrad": 0.1, "Ftrl": 0.1, "Muon": 0.1, "Adadelta": 1.0})
"""Above these a learning rate is unusually large. Most optimisers divide by the gradient's size, so that a step moves
each weight by about the learning rate: 0.01 there is already ten times Keras's default. The ones named here do not, or
shrink their steps as they go."""

RATE = "learning_rate"
INITIAL = "initial_learning_rate"


def with_rate(optimiser: Named, schedule: Named | None) -> tuple[Named, Named | None, list[Problem]]:
    """Write the learning rate out in both places it may stand: the optimiser, and a schedule that starts from it.

    Returns:
        The optimiser, the schedule, and what contradicts what.
    """
    given, start = optimiser.arguments.get(RATE), _start(schedule)
    if given is not None and start is not None and given != start:
        message = f"the schedule starts at {start}, but the optimiser's learning_rate is {given}"
        return optimiser, schedule, [Problem(message, ("training", "schedule"), hint="leave one of the two out")]
    rates = (given, start, default_of("optimisers", optimiser.name, RATE))
    rate = next((value for value in rates if value is not None), None)
    if rate is None:
        return optimiser, schedule, []
    if schedule is not None and INITIAL in parameter_names("schedules", schedule.name):
        schedule = _with(schedule, INITIAL, rate)
    return _with(optimiser, RATE, rate), schedule, []


def _start(schedule: Named | None) -> Any:
    """Give the learning rate that a schedule itself says it starts with, or None."""
    if schedule is None:
        return None
    values = schedule.arguments.get("values")
    return values[0] if isinstance(values, list | tuple) and values else schedule.arguments.get(INITIAL)


def _with(named: Named, key: str, value: Any) -> Named:
    """Set one argument."""
    return named.model_copy(update={"arguments": {**named.arguments, key: value}})


def rate_warning(optimiser: Named) -> str | None:
    """Say when a learning rate is unusually large for its optimiser."""
    rate = optimiser.arguments.get(RATE)
    limit = LARGE.get(class_name("optimisers", optimiser.name), LARGE_BY_DEFAULT)
    if not isinstance(rate, int | float) or rate <= limit:
        return None
    return (
        f"learning_rate {rate:g} is unusually large for {optimiser.name} (above {limit:g}): steps that overshoot make "
        "the loss jump or diverge"
    )
