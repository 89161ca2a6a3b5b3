"""A spec as a flat table: each value under its path as ``--set`` names it, ``layers.0.Dense.units``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlrun.spec.dumping import plain_spec
from dlrun.spec.sections import ExperimentSpec

Scalar = str | int | float | bool | None


def flat_values(spec: ExperimentSpec) -> dict[str, Scalar]:
    """Write a complete spec as its values by path, in the order in which people read a spec.

    A name without arguments stands where it is written: ``layers.1`` is ``Flatten``. Empty lists and mappings have no
    value, and so no entry.
    """
    return dict(_flat("", plain_spec(spec)))


def _flat(path: str, value: Any) -> Iterator[tuple[str, Scalar]]:
    start = f"{path}." if path else ""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{start}{key}", inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            yield from _flat(f"{start}{index}", inner)
    else:
        yield path, value if isinstance(value, str | int | float | bool | None) else str(value)
