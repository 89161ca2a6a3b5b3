"""What can be asked about runs by name: to filter them by, and to sort them by.

A name is, in this order: one of the fields of a list (`FIELDS`); a metric, and then the mean validation score;
``selected.METRIC`` and ``baseline.NAME.METRIC``; a path into the spec, ``optimiser.learning_rate``, or the end of the
only path that ends so, ``learning_rate``. ``spec.`` goes before a path that a field or a metric has the name of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter

from dlrun.errors import UsageError
from dlrun.runs.rows import RunRow

Value = str | int | float | bool
Values = tuple[Value, ...] | None
"""What a run has under a name: one value, several (tags), or None where it lacks it."""
Getter = Callable[[RunRow], Values]

_TEXTS = ("run", "name", "created", "task", "dataset", "protocol", "metric", "engine", "layers")
_NUMBERS = ("k", "iterations", "seed", "score", "seconds", "parameters")
FIELDS = (*_TEXTS, *_NUMBERS, "status", "tested", "tag")
_SHOWN = 12


class Names:
    """The names that some runs have."""

    def __init__(self, rows: Sequence[RunRow]) -> None:
        self._rows = rows

    @cached_property
    def metrics(self) -> frozenset[str]:
        """All metrics that any of the runs has a score by."""
        layouts = {tuple(row.scores) for row in self._rows}
        return frozenset(metric for layout in layouts for metric in layout)

    @cached_property
    def paths(self) -> frozenset[str]:
        """All paths into the specs."""
        layouts = {tuple(row.spec) for row in self._rows}  # thousands of specs have a handful of layouts
        return frozenset(path for layout in layouts for path in layout)

    def getter(self, name: str) -> Getter:
        """Find out what a name means.

        Raises:
            UsageError: no run has anything of that name; where there are no runs, every name will do.
        """
        found = self._known(name) or next((self._known(other) for other in self._twins(name)), None)
        if found is not None:
            return found
        if not self._rows:
            return lambda row: None
        raise UsageError(f"no run has '{name}'", hint=self._hint(name))

    def is_metric(self, name: str) -> bool:
        """Tell whether a name means a score by a metric of that name."""
        return name not in FIELDS and name in self.metrics

    def _known(self, name: str) -> Getter | None:
        if name in FIELDS:
            return _field(name)
        if name in self.metrics:
            return lambda row: _one(row.scores.get(name))
        group, _, rest = name.partition(".")
        if group == "selected" and rest in self.metrics:
            return lambda row: _one(row.selected.get(rest))
        if group == "baseline" and any(rest in self._baselines(row) for row in self._rows):
            return lambda row: _one(self._baselines(row).get(rest))
        path = rest if group == "spec" else name
        if path in self.paths:
            return _spec_value(path)
        # `optimiser: rmsprop` and `optimiser: {name: rmsprop, ...}` say the same of the optimiser.
        same = (f"{path}.name", f"{path}.source", path.removesuffix(".name"), path.removesuffix(".source"))
        found = next((other for other in same if other in self.paths), None) or self._only_path(path)
        return None if found is None else _spec_value(found)

    def _only_path(self, end: str) -> str | None:
        ending = [path for path in self.paths if path.endswith(f".{end}")]
        return ending[0] if len(ending) == 1 else None

    def _twins(self, name: str) -> list[str]:
        """Names that say the same in other spelling: ``optimizer.learning_rate``, ``MAE``, ``tags``."""
        from dlrun.registry.spelling import fold

        wanted = fold(name)
        every = (*FIELDS, *sorted(self.metrics), *sorted(self.paths))
        return [other for other in every if fold(other) in (wanted, wanted.removesuffix("s"))]

    def _hint(self, name: str) -> str:
        from dlrun.registry.nearest import nearest

        every = (*FIELDS, *sorted(self.metrics), *sorted(self.paths))
        # By the end of a path first: in 'optimiser.lr' that is what is wrong.
        ends = {path.rpartition(".")[2]: path for path in sorted(self.paths, reverse=True)}
        close = ends.get(nearest(name.rpartition(".")[2], ends) or "") if "." in name else None
        close = close or nearest(name, every) or ends.get(nearest(name, ends) or "")
        if close:
            return f"did you mean '{close}'?"
        metrics = ", ".join(sorted(self.metrics)[:_SHOWN])
        return (
            f"there are {', '.join(FIELDS)}{f', the metrics {metrics}' if metrics else ''}, "
            "and paths into the spec such as training.epochs"
        )

    @staticmethod
    def _baselines(row: RunRow) -> dict[str, float]:
        return {f"{name}.{metric}": value for name, inner in row.baselines.items() for metric, value in inner.items()}


def short_forms(paths: Iterable[str], every: Iterable[str]) -> dict[str, str]:
    """Shorten paths to their ends, as far as each is the only one of all that ends so.

    Args:
        paths: those to shorten.
        every: all that there are.
    """
    endings = Counter(end for path in every for end in _ends(path))
    return {path: next((end for end in _ends(path) if endings[end] == 1 and end not in FIELDS), path) for path in paths}


def _ends(path: str) -> list[str]:
    """List the ends of a path, the shortest first: ``units``, ``Dense.units``, ...; a number alone says nothing."""
    parts = path.split(".")
    ends = [".".join(parts[start:]) for start in range(len(parts) - 1, -1, -1)]
    return [end for end in ends if not end.replace(".", "").isdecimal()]


def as_text(value: Value) -> str:
    """Write a value as YAML does."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def status_word(row: RunRow) -> str:
    """Return a run's status without what is said beside it: ``waiting`` of ``waiting (3 of 4 folds)``."""
    return row.status.partition(" ")[0]


def _field(name: str) -> Getter:
    if name == "tag":
        return lambda row: row.tags
    if name == "status":
        return lambda row: (status_word(row),)
    get = attrgetter(name)
    return lambda row: _one(get(row))


def _one(value: Value | None) -> Values:
    return None if value is None else (value,)


def _spec_value(path: str) -> Getter:
    return lambda row: _from_spec(row.spec, path)


def _from_spec(spec: Mapping[str, Value | None], path: str) -> Values:
    if path not in spec:
        return None
    value = spec[path]
    return ("null",) if value is None else (value,)
