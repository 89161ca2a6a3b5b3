"""Gates: what they may say, and when a record passes them."""

from __future__ import annotations

from typing import Any

import pytest

from dlrun.cli.require import check_gate_names, missed_gates, parse_gate, refuse_missed
from dlrun.errors import GateError, UsageError


def record(mean: float | None = 0.9, low: float | None = 0.8) -> dict[str, Any]:
    return {
        "scores": {
            "validation": {"accuracy": {"mean": mean, "low": low, "high": 0.95}},
            "baselines": {"majority": {"accuracy": 0.6}, "linear": {"accuracy": 0.9}},
        }
    }


@pytest.mark.parametrize(
    "text", ["accuracy>=0.9", "accuracy<=.9", "accuracy > 0.89", "accuracy.high<0.96", "accuracy.low>=0.8",
             "accuracy.mean>=9e-1", "accuracy>majority", "accuracy.low > majority", "accuracy>=linear"],
)  # fmt: skip
def test_a_gate_that_is_met(text: str) -> None:
    assert missed_gates([parse_gate(text)], record()) == ()


@pytest.mark.parametrize("text", ["accuracy>=0.9000001", "accuracy.low>0.8", "accuracy.low>=linear", "accuracy>linear"])
def test_a_gate_that_is_missed(text: str) -> None:
    gate = parse_gate(text)

    assert missed_gates([gate], record()) == (gate,)


@pytest.mark.parametrize("text", ["accuracy>=0", "accuracy<=1", "accuracy.low>=0", "accuracy.low<=1"])
def test_a_score_without_a_value_meets_no_gate(text: str) -> None:
    gate = parse_gate(text)

    assert missed_gates([gate], record(mean=None, low=None)) == (gate,)


def test_a_baseline_that_was_left_out_meets_no_gate() -> None:
    gate = parse_gate("accuracy>median")

    assert missed_gates([gate], record()) == (gate,)


def test_missed_gates_are_told_with_both_values() -> None:
    gates = [parse_gate("accuracy.low>=0.85"), parse_gate("accuracy>linear"), parse_gate("accuracy>median")]

    with pytest.raises(GateError) as refused:
        refuse_missed(gates, record())

    assert str(refused.value) == (
        "required, and not reached: accuracy.low>=0.85 (it is 0.8); accuracy>linear (it is 0.9, linear is 0.9); "
        "accuracy>median (it is 0.9, median is unknown)"
    )


@pytest.mark.parametrize("text", ["accuracy>=0.12345678", "accuracy.low>0.5", "mae<linear", "loss<=1e-07"])
def test_a_gate_is_shown_as_it_was_written(text: str) -> None:
    assert str(parse_gate(text)) == text


@pytest.mark.parametrize(
    "text", ["", "accuracy", "accuracy>", ">0.5", "accuracy==1", "accuracy.std<1", "accuracy.low.low>0", "a>b>c",
             "scores.validation.accuracy>1", "accuracy>0.9 ; rm", "accuracy>0x10", "accuracy>nan()"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a metric, a comparison and a number"):
        parse_gate(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mae<1", "names 'mae'; this run scores loss, accuracy"),
        ("accuracy>median", "compares with 'median'; the baselines of this run are majority, linear"),
        ("accuracy>nan", "compares with 'nan'"),
        ("loss<linear", "baselines have no loss"),
    ],
)
def test_a_gate_on_what_a_run_does_not_have_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_gate_names([parse_gate(text)], ["loss", "accuracy"], ["majority", "linear"])
