"""What a tracker is told of a finished run: flat names, and texts or numbers for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlrun.experiment.history import curve_points, history_points
from dlrun.training.contract import fit_name


def flattened(value: Any, path: str = "") -> dict[str, str]:
    """Lay a spec flat, as ``--set`` names its fields: ``layers.0.Dense.units``. A list of plain values stays one."""
    if isinstance(value, Mapping) and value:
        inner = value.items()
    elif isinstance(value, Sequence) and any(isinstance(item, Mapping | list) for item in value):
        inner = enumerate(value)  # type: ignore[assignment]
    else:
        return {path: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)}
    flat: dict[str, str] = {}
    for key, item in inner:
        flat |= flattened(item, f"{path}.{key}" if path else str(key))
    return flat


def curves(run: Path) -> Iterator[tuple[str, float, int]]:
    """Yield ``train/loss`` and its like by epoch; of several folds each one's, and their mean curve by these names."""
    points = history_points(run)
    several = len({(point.iteration, point.fold) for point in points}) > 1
    for point in points:
        fold = f"{fit_name(point.iteration, point.fold)}/" if several else ""
        yield f"{fold}{point.part}/{point.metric}", point.value, point.epoch
    if several:
        yield from ((f"{part}/{metric}", value, epoch) for part, metric, value, epoch in curve_points(run))


def scores(record: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the scores: ``score.accuracy`` with its interval, ``selected.``, ``baseline.linear.``, ``test.``."""
    given = record.get("scores") or {}
    for kind, label in (("validation", "score"), ("selected", "selected"), ("test", "test")):
        for metric, score in (given.get(kind) or {}).items():
            for key in ("mean", "std", "low", "high"):
                if score.get(key) is not None:
                    yield f"{label}.{metric}{'' if key == 'mean' else f'.{key}'}", float(score[key])
    for name, values in (given.get("baselines") or {}).items():
        known = ((metric, value) for metric, value in values.items() if value is not None)
        yield from ((f"baseline.{name}.{metric}", float(value)) for metric, value in known)
