"""The state of fits between two epochs, as plain arrays: what an engine hands out, and takes to go on from there.

Engines know when a state is whole and what is in it; where it is kept, and how often, is decided by whoever calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from dlrun.data.dataset import Array
from dlrun.errors import RunFolderError

if TYPE_CHECKING:
    from dlrun.training.contract import FoldTask

Snapshot = dict[str, Array]
"""Arrays by name; those of one fit begin with its name: ``i1-f3/watch/train.loss``."""
_OTHER = "delete the checkpoint to train these folds from their beginning"


class Checkpoints(Protocol):
    """Keeps the last state of fits that train together."""

    def offer(self, tasks: Sequence[FoldTask], take: Callable[[], Snapshot]) -> None:
        """Hear that an epoch has ended; ``take`` copies the state, which is asked for only when it is time for one."""
        ...

    def load(self, tasks: Sequence[FoldTask]) -> Snapshot | None:
        """Return a state that holds all these fits; None where they begin at their beginning."""
        ...


class NoCheckpoints:
    """Keeps nothing."""

    def offer(self, tasks: Sequence[FoldTask], take: Callable[[], Snapshot]) -> None:
        """Hear of it, and do nothing."""

    def load(self, tasks: Sequence[FoldTask]) -> Snapshot | None:
        """Return None."""


NO_CHECKPOINTS = NoCheckpoints()


def under(prefix: str, arrays: Mapping[str, Array]) -> Snapshot:
    """Put a prefix before every name."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def part(snapshot: Mapping[str, Array], prefix: str) -> Snapshot:
    """Take what `under` put there."""
    head = f"{prefix}/"
    return {name.removeprefix(head): array for name, array in snapshot.items() if name.startswith(head)}


def numbered(arrays: Iterable[Array]) -> Snapshot:
    """Name arrays by their places: ``0``, ``1``, ..."""
    return {str(place): array for place, array in enumerate(arrays)}


def in_order(snapshot: Mapping[str, Array], like: Sequence[Array]) -> list[Array]:
    """Read `numbered` arrays back.

    Args:
        snapshot: holds nothing else.
        like: as many arrays, of the same shapes and types.

    Raises:
        RunFolderError: they are not like those.
    """
    arrays = [snapshot.get(str(place)) for place in range(len(like))]
    if len(snapshot) != len(like) or any(
        array is None or array.shape != other.shape or array.dtype != other.dtype
        for array, other in zip(arrays, like, strict=True)
    ):
        raise RunFolderError("the checkpoint is not one of this model", hint=_OTHER)
    return [np.asarray(array) for array in arrays]
