"""``--require 'mae<=2.6'``: a gate that a validation score must pass. Parsed, never evaluated."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.errors import GateError, UsageError

OPERATORS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
_NAME = r"[A-Za-z_]\w*"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_GATE = re.compile(rf"\s*({_NAME})(?:\.(mean|low|high))?\s*(<=|>=|<|>)\s*(?:({_NUMBER})|({_NAME}))\s*")


@dataclass(frozen=True)
class Gate:
    """A score, a comparison and what it is compared with.

    Args:
        metric: whose validation score.
        comparison: one of `OPERATORS`.
        bound: a number, or the name of a baseline, whose score by the same metric it then is.
        part: of the score: its ``mean``, or the ``low`` or ``high`` end of its 95 % interval.
    """

    metric: str
    comparison: str
    bound: float | str
    part: str = "mean"

    def __str__(self) -> str:
        bound = self.bound if isinstance(self.bound, str) else format(self.bound, ".12g")
        return f"{self.metric}{'' if self.part == 'mean' else f'.{self.part}'}{self.comparison}{bound}"


def parse_gate(text: str) -> Gate:
    """Read ``metric<=number`` (or >=, <, >; or a baseline's name). Raises UsageError for anything else."""
    match = _GATE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"--require cannot read {text!r}; expected a metric, a comparison and a number or a baseline",
            hint="quote it, as in --require 'mae<=2.6', 'accuracy.low>=0.9' or 'mae<linear'",
        )
    metric, part, comparison, number, baseline = match.groups()
    return Gate(metric, comparison, baseline if number is None else float(number), part or "mean")


def check_gate_names(gates: Sequence[Gate], measured: Sequence[str], baselines: Sequence[str] = ()) -> None:
    """Refuse a gate on what a run does not measure, before it trains. Raises UsageError.

    Args:
        gates: as parsed.
        measured: the metrics of the run, the loss first.
        baselines: what it is compared with.
    """
    for gate in gates:
        if gate.metric not in measured:
            raise UsageError(f"--require names '{gate.metric}'; this run scores {', '.join(measured)}")
        if isinstance(gate.bound, float):
            continue
        if gate.bound not in baselines:
            raise UsageError(
                f"--require compares with '{gate.bound}'; the baselines of this run are {', '.join(baselines)}"
            )
        if gate.metric == "loss":
            raise UsageError(
                "--require compares the loss with a baseline, and baselines have no loss",
                hint=f"compare one of the metrics: {', '.join(measured[1:]) or 'this spec names none'}",
            )


def missed_gates(gates: Sequence[Gate], record: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return the gates that a record's validation scores do not pass; a score without a value passes none."""
    return tuple(gate for gate in gates if not _passes(gate, record))


def refuse_missed(missed: Sequence[Gate], record: Mapping[str, Any]) -> None:
    """Raise GateError naming the gates that were missed, if there are any."""
    if missed:
        raise GateError(f"required, and not reached: {'; '.join(_words(gate, record) for gate in missed)}")


def _words(gate: Gate, record: Mapping[str, Any]) -> str:
    values = [f"it is {_short(_value(gate, record))}"]
    if isinstance(gate.bound, str):
        values.append(f"{gate.bound} is {_short(_bound(gate, record))}")
    return f"{gate} ({', '.join(values)})"


def _short(value: float | None) -> str:
    return "unknown" if value is None else format(value, ".4g")


def _value(gate: Gate, record: Mapping[str, Any]) -> float | None:
    value: float | None = record["scores"]["validation"][gate.metric][gate.part]
    return value


def _bound(gate: Gate, record: Mapping[str, Any]) -> float | None:
    if isinstance(gate.bound, float):
        return gate.bound
    value: float | None = record["scores"]["baselines"].get(gate.bound, {}).get(gate.metric)
    return value


def _passes(gate: Gate, record: Mapping[str, Any]) -> bool:
    value, bound = _value(gate, record), _bound(gate, record)
    return value is not None and bound is not None and bool(OPERATORS[gate.comparison](value, bound))
