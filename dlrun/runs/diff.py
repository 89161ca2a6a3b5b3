"""Two runs side by side: what differs in spec and environment, whether data and splits are the same, and the scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dlrun.errors import DlrunError
from dlrun.runs.record import plain, read_record
from dlrun.runs.rows import RunRow, Scalar, facts_of, row_of, scored_data
from dlrun.runs.sorting import is_higher_better
from dlrun.runs.spec_diff import diff_specs
from dlrun.runs.tidy import spec_values

Record = Mapping[str, Any]
_NO_VERSIONS = frozenset({"command"})
_FACTS = ("status", "layers", "parameters", "seconds")


def diff_runs(a: Path, b: Path) -> dict[str, Any]:
    """Compare two runs, finished or not, as plain values, ready for JSON. What is equal is not listed.

    Returns:
        ``runs``; ``same``: for ``data``, ``splits``, ``spec`` and ``environment`` true, false, or null where a record
        does not say it; ``spec``, ``environment`` and ``facts``: what differs; ``scores``: by kind, baseline and
        metric, with the difference where the two are of one measure; ``notes``: sentences.

    Raises:
        RunFolderError: one of them has no record that can be read.
    """
    records = [read_record(a), read_record(b)]
    rows = [row_of(path, str(record["status"]), facts_of(record)) for path, record in zip((a, b), records, strict=True)]
    notes: list[str] = []
    specs = [_spec(row, notes) for row in rows]
    spec = [asdict(each) for each in diff_specs(specs[0], specs[1])] if all(specs) else []
    machine = [_flat(_mapping(record.get("environment"))) for record in records]
    environment = _differing(machine[0], machine[1])
    splits = [_text(_mapping(record.get("splits")).get("fingerprint")) for record in records]
    same = {
        "data": _same([scored_data(record) for record in records]),
        "splits": _same(splits),
        "spec": not spec if all(specs) else None,
        "environment": not environment if all(machine) else None,
    }
    facts = _differing(*({name: getattr(row, name) for name in _FACTS} for row in rows))
    scores = _scores(rows, records, notes)
    if same["data"] is False or same["splits"] is False:
        notes.append("the scores were measured on different rows")
    found: dict[str, Any] = {
        "runs": [
            {"run": row.run, "path": str(row.path), "name": row.name, "status": row.status, "created": row.created}
            for row in rows
        ],
        "same": same,
        "spec": spec,
        "environment": environment,
        "facts": facts,
        "scores": scores,
        "notes": notes,
    }
    return dict(plain(found))


def _spec(row: RunRow, notes: list[str]) -> Mapping[str, Scalar]:
    """Return the values of a run's spec; where nobody knows them, none, and a note."""
    try:
        return spec_values(row)
    except DlrunError:
        notes.append(f"the spec of {row.run} is not known: neither its record nor its spec.yaml has one to read")
        return {}


def _scores(rows: list[RunRow], records: Sequence[Record], notes: list[str]) -> list[dict[str, Any]]:
    """List the scores of both, and how much the second is above the first where the two are of one measure."""
    tables = [_score_table(row, record) for row, record in zip(rows, records, strict=True)]
    alike = rows[0].task == rows[1].task
    if not alike and all(tables):
        notes.append("the runs are of different tasks, so their scores measure different things")
    one_loss = rows[0].loss == rows[1].loss
    if alike and not one_loss and all("loss" in row.scores for row in rows):
        notes.append(f"their losses are different measures ({rows[0].loss}, {rows[1].loss})")
    listed = []
    for key in dict.fromkeys((*tables[0], *tables[1])):
        kind, baseline, metric = key
        a, b = (table.get(key) for table in tables)
        if baseline is not None and a == b:
            continue
        comparable = a is not None and b is not None and alike and (metric != "loss" or one_loss)
        listed.append(
            {
                "kind": kind,
                "baseline": baseline,
                "metric": metric,
                "a": a,
                "b": b,
                "difference": b - a if comparable and a is not None and b is not None else None,
                "higher_is_better": is_higher_better(rows, metric),
            }
        )
    return listed


def _score_table(row: RunRow, record: Record) -> dict[tuple[str, str | None, str], float]:
    table: dict[tuple[str, str | None, str], float] = {
        ("validation", None, metric): score for metric, score in row.scores.items()
    }
    tested = facts_of({"scores": {"validation": _mapping(record.get("scores")).get("test")}}).get("scores", {})
    table |= {("test", None, metric): score for metric, score in tested.items()}
    for name, scores in row.baselines.items():
        table |= {("validation", name, metric): score for metric, score in scores.items()}
    return table


def _differing(a: Record, b: Record) -> list[dict[str, Any]]:
    names = [name for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)]
    return [{"name": name, "a": a.get(name), "b": b.get(name)} for name in names]


def _flat(environment: Record) -> dict[str, Any]:
    """Write an environment as names and values, ``git.commit`` among them."""
    found: dict[str, Any] = {}
    for name, value in environment.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": inner for key, inner in value.items()}
        elif name not in _NO_VERSIONS and value is not None:
            found[name] = value
    return found


def _same(values: list[str | None]) -> bool | None:
    return None if None in values else values[0] == values[1]


def _mapping(value: Any) -> Record:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
