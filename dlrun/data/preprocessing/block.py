"""What passes from step to step: some rows of the inputs, and what their columns are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from dlrun.data.dataset import Indices, Inputs
from dlrun.data.encoded import MultiHotRows
from dlrun.errors import Problem, SpecError


@dataclass(frozen=True)
class Column:
    """One column of 2-D inputs.

    Args:
        name: as in the source; of a column that `one_hot` made: ``sex=male``.
        kind: a number; a text, held as the code of its category; or made of a category by `one_hot`.
        categories: of a text column: what each code says.
    """

    name: str
    kind: Literal["number", "text", "made"] = "number"
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """Some rows on their way through the steps.

    Args:
        values: (rows, ...), texts, token rows, or bits.
        columns: of 2-D arrays of features; empty for everything else.
        rows: the data set's number of each row, (rows,), filled in between the steps; None for rows of other data.
    """

    values: Inputs | MultiHotRows
    columns: tuple[Column, ...] = ()
    rows: Indices | None = None


Floats = npt.NDArray[np.float64]

Chunks = Callable[[], Iterator[Block]]
"""Goes through the training rows, as the steps before left them, some thousand at a time; can be called again."""


class FittedStep(Protocol):
    """A step and what it learned from training rows."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, one sentence each."""
        ...

    def apply(self, block: Block) -> Block:
        """Carry the step out on some rows. Does not change the block."""
        ...

    def state(self) -> dict[str, Any]:
        """Return the step's name and what was fitted, ready for JSON."""
        ...


MISSING = "(missing)"
"""What a column of zeros and ones is called that says where another column misses its value: ``Age=(missing)``."""


def misfit(index: int, message: str, hint: str | None = None) -> SpecError:
    """Say that a step does not fit the data or its place; ``index`` is where it stands in the list."""
    return SpecError([Problem(message, ("preprocessing", index), hint)])


def select(columns: tuple[Column, ...], names: tuple[str, ...] | None, kind: str, index: int) -> tuple[int, ...]:
    """Find columns by name, or all of a kind when no names are given.

    Args:
        columns: those there are.
        names: those wanted; a repeated one counts once.
        kind: see `Column`; ignored where there are names.
        index: where the step stands in the spec's list.

    Returns:
        Places from 0, in the order of the names.

    Raises:
        SpecError: a name that no column has.
    """
    from dlrun.registry.nearest import nearest

    if names is None:
        return tuple(place for place, column in enumerate(columns) if column.kind == kind)
    places = {column.name: place for place, column in enumerate(columns)}
    for name in names:
        if name not in places:
            close = nearest(name, places)
            listed = ", ".join(list(places)[:30]) or "none that have names"
            hint = (f"did you mean '{close}'? " if close else "") + f"columns here: {listed}"
            raise misfit(index, f"there is no column '{name}'", hint)
    return tuple(places[name] for name in dict.fromkeys(names))


def listed(names: Sequence[str], most: int = 10, what: str = "") -> str:
    """Write some names, and how many more there are: ``a, b and 3 more``."""
    more = f" and {len(names) - most} more{what}" if len(names) > most else ""
    return ", ".join(names[:most]) + more
