"""The order of a list: metrics with the best run first, all else from small to large; what is missing comes last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlrun.errors import UsageError
from dlrun.runs.names import Names, Value
from dlrun.runs.rows import RunRow


@dataclass(frozen=True)
class Order:
    """What a list is sorted by.

    Args:
        name: what was asked for, without the sign.
        metric: the metric that it means; None where it means something else.
        reverse: the other way round.
    """

    name: str
    metric: str | None
    reverse: bool


def read_order(rows: Sequence[RunRow], text: str, *, reverse: bool = False) -> Order:
    """Say what ``--sort`` means: a name as `Names` knows it, with ``-`` before it for the other way round.

    Raises:
        UsageError: no run has anything of that name, or ``score`` means a metric here and another one there.
    """
    name = text.removeprefix("-") if text not in ("", "-") else text
    backwards = reverse != (name != text)
    names = Names(rows)
    try:
        names.getter(name)
    except UsageError as error:
        raise UsageError(f"--sort: {error.message}", hint=error.hint) from None
    if name != "score":
        return Order(name, name if names.is_metric(name) else None, backwards)
    primary = sorted({row.metric for row in rows if row.score is not None and row.metric is not None})
    if len(primary) > 1:
        raise UsageError(
            f"--sort score: the runs are scored by different metrics ({', '.join(primary)})",
            hint=f"name one, as in --sort {primary[0]}, or pick runs with --where",
        )
    return Order(name, primary[0] if primary else None, backwards)


def sort_runs(rows: Sequence[RunRow], order: Order) -> list[RunRow]:
    """Sort runs; those that are equal stay as they are, and those that lack the value come last."""
    get = Names(rows).getter(order.metric or order.name)
    firsts = [(min(values), row) if (values := get(row)) else (None, row) for row in rows]
    there = [(value, row) for value, row in firsts if value is not None]
    backwards = order.reverse != (order.metric is not None and is_higher_better(rows, order.metric))
    there.sort(key=lambda pair: _key(pair[0]), reverse=backwards)  # equal ones stay in order backwards, too
    return [row for _, row in there] + [row for value, row in firsts if value is None]


def is_higher_better(rows: Sequence[RunRow], metric: str) -> bool:
    """Tell which way is up: as a record says it, else by the metric's name."""
    for row in rows:
        if (way := row.higher_is_better.get(metric)) is not None:
            return way
    from dlrun.registry.direction import is_higher_better_by_name

    return is_higher_better_by_name(metric)


def _key(value: Value) -> tuple[int, Value]:
    """Numbers stand before texts, which they cannot be compared with."""
    is_text = isinstance(value, str)
    return (int(is_text), value)
