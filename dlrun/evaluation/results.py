"""What an evaluation comes to: scores at the last epoch, scores at the selected one, and the baselines beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dlrun.evaluation.curve import Curve


@dataclass(frozen=True)
class Score:
    """The value of a metric. NaN (null in JSON) where there is no such score.

    Args:
        mean: over iterations, of the mean over folds; with one fold, its score. NaN where a fold failed.
        std: over all folds, with n - 1 in the denominator; None with one fold, or where one failed.
        low: lower end of the 95 % interval; None where there is none.
        high: upper end of it.
        n: folds that have a score: 1 for hold-out.
        per_fold: one list an iteration, one score a fold; NaN for a fold that failed.
    """

    mean: float
    std: float | None
    low: float | None
    high: float | None
    n: int
    per_fold: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class SelectedScore(Score):
    """A score at the best epoch: chosen with the same rows that it is computed on, so it is optimistic.

    Args:
        epoch: the epoch that was chosen, one for all folds; None where every fold failed.
    """

    epoch: int | None


@dataclass(frozen=True)
class Comparison:
    """The model beside one baseline on the same rows, by the primary metric.

    Args:
        baseline: its name.
        difference: of the two scores; positive means that the model is better, whichever way is up.
        low: lower end of the difference's 95 % interval; None where there is none.
        high: upper end of it.
    """

    baseline: str
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Failure:
    """A fold without a score, and why."""

    iteration: int
    fold: int
    reason: str


@dataclass(frozen=True)
class EvaluationResult:
    """Every score of a run but the test score.

    Args:
        validation: by metric, ``loss`` among them, at the last epoch trained (or the one gone back to).
        selected: by metric, at the best epoch: of the fold (hold-out), or of the mean curve (all folds at that one).
        baselines: by baseline and metric, averaged over folds.
        comparisons: by baseline, of the primary metric; empty where a fold failed.
        curve: the mean curve over folds.
        primary: the metric that names the best epoch; the first of the spec's, or ``loss`` if it has none.
        higher_is_better: which way is up for the primary metric.
        notes: why a score has no value, one sentence each.
        failures: folds that have no score.
    """

    validation: Mapping[str, Score]
    selected: Mapping[str, SelectedScore]
    baselines: Mapping[str, Mapping[str, float]]
    comparisons: Mapping[str, Comparison]
    curve: Curve
    primary: str
    higher_is_better: bool
    notes: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the ``scores`` of a record: plain dicts, lists and numbers, and None for what is not finite."""
        scores: dict[str, Any] = _plain(
            {
                "validation": {name: asdict(score) for name, score in self.validation.items()},
                "selected": {name: asdict(score) for name, score in self.selected.items()},
                "baselines": self.baselines,
            }
        )
        return scores

    def comparisons_as_json(self) -> dict[str, Any]:
        """Return the ``comparisons`` of a record in the same form."""
        comparisons: dict[str, Any] = _plain({name: asdict(each) for name, each in self.comparisons.items()})
        return comparisons

    def failures_as_json(self) -> list[dict[str, Any]]:
        """Return the ``failures`` of a record."""
        return [asdict(failure) for failure in self.failures]


def _plain(value: Any) -> Any:
    """Turn tuples into lists, and what is not finite into None."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value
