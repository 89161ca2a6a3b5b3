"""Runs as tidy tables: a row a run, a value of a spec, a score, a fold's score, an epoch; ``run`` joins them.

Rows are made one run after another, so thousands of runs with long histories need no more memory than one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from dlrun.errors import DlrunError, RunFolderError
from dlrun.runs.history import NAME as HISTORY
from dlrun.runs.history import read_history
from dlrun.runs.names import as_text
from dlrun.runs.record import stored_record
from dlrun.runs.rows import RunRow, Scalar

Kind = Literal["text", "whole", "real", "flag"]
Row = tuple[Any, ...]
Record = Mapping[str, Any]
_BEYOND_USE = 2**63
_values_of = attrgetter(
    "run", "name", "status", "created", "task", "dataset", "protocol", "k", "iterations", "seed", "engine", "seconds",
    "parameters", "layers", "loss", "metric", "score", "tested",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A tidy table.

    Args:
        name: of its file, without the ending.
        columns: names and kinds.
        rows: gives a run's rows; a note about what cannot be read goes into the list.
    """

    name: str
    columns: Mapping[str, Kind]
    rows: Callable[[RunRow, list[str]], Iterator[Row]]


def spec_values(row: RunRow) -> Mapping[str, Scalar]:
    """Return the values of a run's spec: those of the record, else those of its spec.yaml.

    Raises:
        DlrunError: neither has one that can be read.
    """
    if row.spec:
        return row.spec
    from dlrun.spec import flat_values, load_spec

    return flat_values(load_spec(row.path / "spec.yaml").spec)


def _run(row: RunRow, _: list[str]) -> Iterator[Row]:
    yield (*_values_of(row), " ".join(row.tags))


def _spec(row: RunRow, notes: list[str]) -> Iterator[Row]:
    try:
        values = spec_values(row)
    except DlrunError:
        notes.append(f"the spec of {row.run} cannot be read")
        return
    for path, value in values.items():
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        yield (row.run, path, "null" if value is None else as_text(value), number)


def _scores(row: RunRow, _: list[str]) -> Iterator[Row]:
    record = _record(row)
    for kind, scores in _mapping(record.get("scores")).items():
        if kind == "baselines":
            yield from _baselines(row, "validation", scores)
            continue
        for metric, score in _mapping(scores).items():
            found = _mapping(score)
            figures = [_real(found.get(name)) for name in ("mean", "std", "low", "high")]
            yield (row.run, kind, None, metric, *figures, _whole(found.get("n")), _whole(found.get("epoch")))
    yield from _baselines(row, "test", _mapping(record.get("test")).get("baselines"))


def _baselines(row: RunRow, kind: str, baselines: Any) -> Iterator[Row]:
    for name, scores in _mapping(baselines).items():
        for metric, score in _mapping(scores).items():
            yield (row.run, kind, name, metric, _real(score), None, None, None, None, None)


def _folds(row: RunRow, _: list[str]) -> Iterator[Row]:
    for kind, scores in _mapping(_record(row).get("scores")).items():
        for metric, score in _mapping(scores).items() if kind != "baselines" else ():
            for iteration, folds in enumerate(_list(_mapping(score).get("per_fold")), 1):
                for fold, value in enumerate(_list(folds), 1):
                    yield (row.run, kind, metric, iteration, fold, _real(value))


def _history(row: RunRow, notes: list[str]) -> Iterator[Row]:
    if not (row.path / HISTORY).is_file():
        return  # a run that has not come that far
    try:
        rows = read_history(row.path)
    except RunFolderError:
        notes.append(f"the history of {row.run} cannot be read")
        return
    yield from ((row.run, *epoch) for epoch in rows)


TABLES = (
    Table(
        "runs",
        {
            "run": "text", "name": "text", "status": "text", "created": "text", "task": "text", "dataset": "text",
            "protocol": "text", "k": "whole", "iterations": "whole", "seed": "whole", "engine": "text",
            "seconds": "real", "parameters": "whole", "layers": "text", "loss": "text", "metric": "text",
            "score": "real", "tested": "flag", "tags": "text",
        },
        _run,
    ),
    Table("spec", {"run": "text", "path": "text", "value": "text", "number": "real"}, _spec),
    Table(
        "scores",
        {
            "run": "text", "kind": "text", "baseline": "text", "metric": "text", "mean": "real", "std": "real",
            "low": "real", "high": "real", "n": "whole", "epoch": "whole",
        },
        _scores,
    ),
    Table(
        "folds",
        {"run": "text", "kind": "text", "metric": "text", "iteration": "whole", "fold": "whole", "value": "real"},
        _folds,
    ),
    Table(
        "history",
        {
            "run": "text", "iteration": "whole", "fold": "whole", "epoch": "whole", "metric": "text", "train": "real",
            "validation": "real",
        },
        _history,
    ),
)  # fmt: skip


def _record(row: RunRow) -> Record:
    try:
        return stored_record(row.path)
    except RunFolderError:
        return {}  # listed as damaged


def _mapping(value: Any) -> Record:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(value: Any) -> int | None:
    return value if type(value) is int and abs(value) < _BEYOND_USE else None


def _real(value: Any) -> float | None:
    return value if isinstance(value, float) else None if (number := _whole(value)) is None else float(number)
