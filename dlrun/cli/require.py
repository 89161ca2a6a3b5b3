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


def missed_gates(gates: Sequence[Gate], record: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return the gates that a record's validation scores do not pass; a score without a value passes none."""
    return tuple(gate for gate in gates if not _passes(gate, _value(gate, record)))


def refuse_missed(missed: Sequence[Gate], record: Mapping[str, Any]) -> None:
    """Raise GateError naming the gates that were missed, if there are any."""
    if missed:
        named = [(gate, _value(gate, record)) for gate in missed]
        words = [f"{gate} (it is {'unknown' if value is None else format(value, '.4g')})" for gate, value in named]
        raise GateError(f"required, and not reached: {'; '.join(words)}")


def _value(gate: Gate, record: Mapping[str, Any]) -> float | None:
    value: float | None = record["scores"]["validation"][gate.metric]["mean"]
    return value


def _passes(gate: Gate, value: float | None) -> bool:
    return value is not None and bool(OPERATORS[gate.comparison](value, gate.bound))
