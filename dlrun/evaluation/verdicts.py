"""The comparisons in words: does the model have statistical power, and is it better than a linear one?"""

from __future__ import annotations

from dlrun.evaluation.baselines import LINEAR, WORDS
from dlrun.evaluation.results import Comparison, EvaluationResult


def power(result: EvaluationResult) -> str:
    """Say whether the model beats its best naive baseline by a paired difference whose interval clears 0.

    Empty where there is nothing to compare: no baseline, or no score.
    """
    best = best_naive(result)
    if best is None:
        return ""
    bar = WORDS.get(best.baseline, best.baseline)
    if best.low is None or best.high is None:
        return f"not known beside {bar}: {_within(best, result)}, without an interval"
    if best.low > 0:
        return f"beats {bar} by {_size(best, result)}"
    if best.high < 0 or best.low == best.high == 0:
        return f"does not beat {bar}: " + (f"worse by {_size(best, result)}" if best.difference else "no difference")
    return f"may not beat {bar}: {_within(best, result)}"


def against_linear(result: EvaluationResult) -> str:
    """Say how the model stands to the linear one, in the same way; empty where there is nothing to compare."""
    linear = result.comparisons.get(LINEAR)
    if linear is None:
        return ""
    low, high = _ends(linear)
    if low > 0:
        return f"better than a linear model by {_size(linear, result)}"
    if high < 0:
        return f"worse than a linear model by {_size(linear, result)}"
    return f"no better than a linear model: {_within(linear, result)}"


def best_naive(result: EvaluationResult) -> Comparison | None:
    """Return the comparison with the naive baseline that is hardest to beat; None where there is none."""
    naive = [each for each in result.comparisons.values() if each.baseline != LINEAR]
    return min(naive, key=lambda each: each.difference, default=None)


def has_power(result: EvaluationResult) -> bool | None:
    """Tell whether the model is surely better than every naive baseline; None where there is nothing to compare."""
    best = best_naive(result)
    return None if best is None else best.low is not None and best.low > 0


def figure(value: float) -> str:
    """Write a score with about three digits that count: 0.889, 2.38, 53.2, 1,204."""
    (text,) = figures(value)
    return text


def figures(*values: float) -> list[str]:
    """Write values that stand beside each other, with the decimals that the largest of them needs."""
    size = max(map(abs, values))
    if 0 < size < 0.001:
        return [f"{value:.2g}" for value in values]
    digits = 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    return [f"{value:,.{digits}f}" for value in values]


def _ends(comparison: Comparison) -> tuple[float, float]:
    """Return the interval's ends; the difference itself stands in where there is no interval."""
    low, high = comparison.low, comparison.high
    return (comparison.difference,) * 2 if low is None or high is None else (low, high)


def _size(comparison: Comparison, result: EvaluationResult) -> str:
    """Write the size of a difference, which the words before it call better or worse."""
    sign = 1 if comparison.difference > 0 else -1
    size, low, high = figures(abs(comparison.difference), *sorted(sign * end for end in _ends(comparison)))
    interval = "" if comparison.low is None else f" (95 % {low} to {high})"
    return f"{size} {result.primary}{interval}"


def _within(comparison: Comparison, result: EvaluationResult) -> str:
    """Write a difference that chance could have made; negative means that the model is worse."""
    folds = result.validation[result.primary].n
    who = f"{folds} folds" if folds > 1 else "these validation rows"
    if comparison.low is None or comparison.high is None:
        return f"the difference is {figure(comparison.difference)}"
    size, low, high = figures(comparison.difference, comparison.low, comparison.high)
    return f"the difference {size} is within what {who} can show (95 % {low} to {high})"
