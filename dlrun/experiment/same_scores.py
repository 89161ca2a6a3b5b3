"""The scores of two records side by side, and the rest of what they say came of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dlrun.experiment.differences import Cell, leaves

Record = Mapping[str, Any]
RESULTS = ("primary", "training", "failures", "comparisons")
"""Parts of a record, beside its scores, that say what came of a run."""


@dataclass(frozen=True)
class ScoreVerdict:
    """A score of the first run beside that of the second.

    Args:
        same: whether all of it is the same, bit by bit; None where the first record lacks it.
        before: the first run's: a mean over folds, or the score of the one split.
        after: that of the second.
        difference: how much the second is above the first; None where one of them has no value.
        parts: what of it differs, such as ``mean``, ``low`` and ``per_fold``.
    """

    same: bool | None
    before: float | None
    after: float | None
    difference: float | None
    parts: tuple[str, ...] = ()


def compare_scores(first: Record, second: Record) -> dict[str, ScoreVerdict]:
    """Compare the scores of two records: ``validation.mae``, ``selected.mae``, ``baselines.linear.mae``, ...

    Scores of test rows are left out: those are looked at once.
    """
    before, after = (dict(_scores(record)) for record in (first, second))
    return {name: _compare(before.get(name), after.get(name)) for name in dict.fromkeys((*before, *after))}


def differing_results(first: Record, second: Record) -> tuple[str, ...]:
    """Name the other parts of the first record that the second has otherwise; a part that it lacks is not compared."""
    return tuple(name for name in RESULTS if name in first and _differing_leaves(first[name], second.get(name)) != ())


def _scores(record: Record) -> Iterator[tuple[str, Any]]:
    scores = record.get("scores")
    for kind, inner in scores.items() if isinstance(scores, Mapping) else ():
        if kind == "test" or not isinstance(inner, Mapping):
            continue
        for name, each in inner.items():
            if kind == "baselines" and isinstance(each, Mapping):
                yield from ((f"{kind}.{name}.{metric}", value) for metric, value in each.items())
            else:
                yield f"{kind}.{name}", each


def _compare(before: Any, after: Any) -> ScoreVerdict:
    ours, theirs = _mean(before), _mean(after)
    difference = None if ours is None or theirs is None else theirs - ours
    if before is None:
        return ScoreVerdict(None, ours, theirs, difference)
    parts = tuple(dict.fromkeys(path.partition(".")[0] or "mean" for path in _differing_leaves(before, after)))
    return ScoreVerdict(not parts, ours, theirs, difference, parts)


def _differing_leaves(before: Any, after: Any) -> tuple[str, ...]:
    """List the paths of what the first has and the second has otherwise, or not at all."""
    ours, theirs = dict(leaves(before)), dict(leaves(after))
    missing: Cell = "\0none"
    return tuple(path for path, value in ours.items() if repr(theirs.get(path, missing)) != repr(value))


def _mean(score: Any) -> float | None:
    value = score.get("mean") if isinstance(score, Mapping) else score
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
