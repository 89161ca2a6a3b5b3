"""The best of runs that can be compared: of the same task, on the same rows, by the same measure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from dlrun.runs.rows import RunRow
from dlrun.runs.sorting import is_higher_better

_FEWEST = 2


@dataclass(frozen=True)
class Best:
    """The best runs of a list.

    Args:
        runs: their names; of runs that score the same, all.
        among: for each of them, how many runs it was chosen from.
    """

    runs: frozenset[str]
    among: dict[str, int]


def best_runs(rows: Sequence[RunRow], metric: str | None = None) -> Best:
    """Find the best run of each group that can be compared, where a group has two or more.

    Comparable are finished runs with the same data, splits, protocol and task, by the same metric; by ``loss`` only
    with the same loss, and autoencoders only with the same preprocessing, since their scores are in its units.

    Args:
        rows: the runs.
        metric: to compare by; default: each run's primary one.
    """
    groups: dict[Hashable, list[tuple[float, str]]] = {}
    for row in rows:
        measure = metric or row.metric
        score = row.scores.get(measure) if measure is not None else None
        if row.status == "done" and row.rows is not None and score is not None:
            groups.setdefault(_alike(row, str(measure)), []).append((score, row.run))
    higher = {
        measure: is_higher_better(rows, measure)
        for measure in {metric} | {row.metric for row in rows}
        if measure is not None
    }
    among: dict[str, int] = {}
    for key, scored in groups.items():
        if len(scored) >= _FEWEST:
            choose = max if higher[key[0]] else min  # type: ignore[index]
            top = choose(score for score, _ in scored)
            among |= {run: len(scored) for score, run in scored if score == top}
    return Best(frozenset(among), among)


def _alike(row: RunRow, metric: str) -> tuple[Hashable, ...]:
    """Return what is the same for runs whose scores can be compared; the metric first."""
    steps: tuple[Hashable, ...] = ()
    if row.task == "autoencoder":
        steps = tuple(item for item in row.spec.items() if item[0].startswith("preprocessing"))
    loss = row.loss if metric == "loss" else None
    return (metric, row.task, row.dataset, row.rows, row.protocol, row.k, row.iterations, loss, steps)
