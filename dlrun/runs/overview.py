"""The runs of a list as they are shown: picked, sorted, with the best marked and what differs between their specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.runs.best import Best, best_runs
from dlrun.runs.differences import differing
from dlrun.runs.matching import select_runs
from dlrun.runs.names import Names, short_forms
from dlrun.runs.rows import RunRow
from dlrun.runs.sorting import Order, read_order, sort_runs

_DETAILS = ("name", "created", "task", "engine", "seconds", "parameters", "layers", "tested")


@dataclass(frozen=True)
class Overview:
    """A list of runs.

    Args:
        rows: of each run what a list shows, as plain JSON.
        found: how many runs there are that the condition picks; ``rows`` may be the first of them.
        total: how many runs there are.
        labels: short forms of the paths in ``differs``, which mean nothing else in any spec.
        sorted_by: what the list is sorted by and has no column for; None where there is nothing.
    """

    rows: tuple[dict[str, Any], ...]
    found: int
    total: int
    labels: Mapping[str, str]
    sorted_by: str | None = None


def overview(
    runs: Sequence[RunRow],
    *,
    where: str | None = None,
    sort: str | None = None,
    reverse: bool = False,
    limit: int | None = None,
    details: bool = True,
) -> Overview:
    """Pick and sort runs; they come as the newest first where nothing else is asked for.

    Sorted by a metric, the list shows that metric's scores. The best is marked among all runs that the condition picks,
    and differences are those between the runs that are shown. Without ``details`` the rows have what a table shows.

    Raises:
        UsageError: ``where`` or ``sort`` cannot be read, or name what no run has.
    """
    picked = list(runs) if where is None else select_runs(runs, where)
    order = None if sort is None else read_order(picked or runs, sort, reverse=reverse)
    if order is not None:
        picked = sort_runs(picked, order) if picked else []
    elif reverse:
        picked.reverse()
    metric = order.metric if order is not None else None
    best, shown = best_runs(picked, metric), picked[:limit]
    extra = _extra_column(order)
    get = None if extra is None else Names(picked or runs).getter(extra)
    rows = [_shown(row, metric, best, differs) for row, differs in zip(shown, differing(shown), strict=True)]
    for row, told in zip(shown, rows, strict=True) if details else ():
        told |= {"path": str(row.path), "scores": row.scores, **{name: getattr(row, name) for name in _DETAILS}}
    if get is not None and extra is not None:
        for row, told in zip(shown, rows, strict=True):
            told[extra] = _first(get(row))
    labels = short_forms({path for row in rows for path in row["differs"]}, Names(runs).paths)
    return Overview(tuple(rows), len(picked), len(runs), labels, extra)


def _shown(row: RunRow, metric: str | None, best: Best, differs: Mapping[str, Any]) -> dict[str, Any]:
    measure = metric or row.metric
    return {
        "run": row.run,
        "status": row.status,
        "note": row.note,
        "dataset": row.dataset,
        "protocol": row.protocol,
        "k": row.k,
        "iterations": row.iterations,
        "seed": row.seed,
        "metric": measure,
        "score": row.scores.get(measure) if measure is not None else None,
        "best": row.run in best.runs,
        "best_of": best.among.get(row.run),
        "tags": list(row.tags),
        "differs": differs,
    }


def _extra_column(order: Order | None) -> str | None:
    """Name what a list is sorted by, where no column of it shows that."""
    columns = ("run", "status", "dataset", "protocol", "metric", "score", "seed", "tag")
    return None if order is None or order.metric is not None or order.name in columns else order.name


def _first(values: tuple[Any, ...] | None) -> Any:
    return values[0] if values else None
