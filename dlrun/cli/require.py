"""``--require 'mae<=2.6'``: a gate that a validation score must pass. Parsed, never evaluated."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.errors import GateError, UsageError

OPERATORS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_GATE = re.compile(r"\s*([A-Za-z_]\w*)\s*(<=|>=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")


@dataclass(frozen=True)
class Gate:
    """A metric, a comparison and a bound."""

    metric: str
    comparison: str
    bound: float

    def __str__(self) -> str:
        return f"{self.metric}{self.comparison}{self.bound:g}"


def parse_gate(text: str) -> Gate:
    """Read ``metric<=number`` (or >=, <, >). Raises UsageError for anything else."""
    match = _GATE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"--require cannot read {text!r}; expected a metric, a comparison and a number",
            hint="quote it, as in --require 'mae<=2.6'",
        )
    metric, comparison, bound = match.groups()
    return Gate(metric, comparison, float(bound))


def check_gate_names(gates: Sequence[Gate], measured: Sequence[str]) -> None:
    """Refuse a gate on what a run does not measure, before it trains. Raises UsageError."""
    for gate in gates:
        if gate.metric not in measured:
            raise UsageError(f"--require names '{gate.metric}'; this run scores {', '.join(measured)}")


def check_gates(gates: Sequence[Gate], record: Mapping[str, Any]) -> None:
    """Compare each gate with the record's validation scores. Raises GateError naming all that are missed."""
    scores: Mapping[str, Mapping[str, Any]] = record["scores"]["validation"]
    missed = []
    for gate in gates:
        value = scores[gate.metric]["mean"]
        if value is None or not OPERATORS[gate.comparison](value, gate.bound):
            missed.append(f"{gate} (it is {'unknown' if value is None else format(value, '.4g')})")
    if missed:
        raise GateError(f"required, and not reached: {'; '.join(missed)}")
