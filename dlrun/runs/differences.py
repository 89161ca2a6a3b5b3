"""What differs between the specs of runs on the same data: for each run, its own values under the paths that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlrun.runs.rows import RunRow, Scalar

Values = Mapping[str, Scalar]
LAYERS = "layers"
_TOLD_ELSEWHERE = frozenset(
    {"name", "seed", "evaluation.protocol", "evaluation.k", "evaluation.iterations", "training.engine",
     "training.program", "training.lanes"}
)  # fmt: skip
"""In columns of their own, or chosen by dlrun itself."""


def differing(rows: Sequence[RunRow]) -> list[dict[str, Scalar]]:
    """Tell for each run, in the order of the rows, what makes its spec another than those of its like.

    Runs on the same data set and of the same task are compared with each other. Where they have other layers, and not
    only other values in them, the layers are told as a whole under ``layers``. Runs whose records have no spec, and
    those that have no like, differ in nothing.
    """
    told: list[dict[str, Scalar]] = [{} for _ in rows]
    groups: dict[tuple[str | None, str | None], list[int]] = {}
    for index, row in enumerate(rows):
        if row.spec:
            groups.setdefault((row.dataset, row.task), []).append(index)
    for members in groups.values():
        alike = [rows[index] for index in members]
        paths = _differing_paths([row.spec for row in alike])
        whole_layers = _other_layers(alike, paths)
        if whole_layers:
            paths = [path for path in paths if not path.startswith(f"{LAYERS}.")]
        for index in members:
            own = {path: rows[index].spec[path] for path in paths if path in rows[index].spec}
            if whole_layers and rows[index].layers is not None:
                own[LAYERS] = rows[index].layers
            # The evaluation comes last: it has a column, and a narrow terminal cuts what stands at the end.
            told[index] = dict(sorted(own.items(), key=lambda item: item[0].startswith("evaluation.")))
    return told


def _differing_paths(specs: Sequence[Values]) -> list[str]:
    """List the paths under which not all specs say the same, in the order in which the specs have them."""
    layouts: dict[tuple[str, ...], list[Values]] = {}
    for spec in specs:
        layouts.setdefault(tuple(spec), []).append(spec)
    values: dict[str, set[Scalar]] = {}
    present: dict[str, int] = {}
    for paths, alike in layouts.items():
        # Column by column: thousands of specs have a handful of layouts.
        for path, column in zip(paths, zip(*(spec.values() for spec in alike), strict=True), strict=True):
            values.setdefault(path, set()).update(column)
            present[path] = present.get(path, 0) + len(alike)
    return [
        path
        for path, said in values.items()
        if path not in _TOLD_ELSEWHERE and (len(said) > 1 or present[path] < len(specs))
    ]


def _other_layers(rows: Sequence[RunRow], paths: Sequence[str]) -> bool:
    """Tell whether runs have other kinds of layers, or another number of them."""
    if not any(path.startswith(f"{LAYERS}.") for path in paths):
        return False
    kinds: dict[tuple[str, ...], tuple[set[str], list[str]]] = {}
    found = set()
    for row in rows:
        layout = tuple(row.spec)
        if layout not in kinds:
            kinds[layout] = _kinds(layout)
        named, plain = kinds[layout]
        found.add((frozenset(named), *(row.spec[path] for path in plain)))
    return len(found) > 1


def _kinds(layout: Sequence[str]) -> tuple[set[str], list[str]]:
    """Name the layers, ``layers.0.Dense``, whatever is in them; and the paths whose values name layers."""
    inside = [path.split(".", 3) for path in layout if path.startswith(f"{LAYERS}.")]
    return {".".join(parts[:3]) for parts in inside}, [".".join(parts) for parts in inside if len(parts) == 2]
