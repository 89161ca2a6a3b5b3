"""The rows of the fits that train together: put on the device once, and visited in each lane's own order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dlrun import seeds
from dlrun.data.dataset import Array, Indices
from dlrun.data.encoded import Encoded, MultiHotRows, StreamedRows, aligned_array
from dlrun.training.batches import as_loss_takes, float_type, placed
from dlrun.training.compiled.program import EpochOrder, LaneData, Rows
from dlrun.training.contract import FoldData, FoldTask


@dataclass(frozen=True)
class Lane:
    """One fit and its place.

    Args:
        place: which lane, from 0.
        base: the row of the device's data at which this fit's rows begin.
    """

    task: FoldTask
    data: FoldData
    place: int
    base: int

    @property
    def rows(self) -> int:
        """How many rows an epoch visits."""
        return len(self.data.train)


def lanes_of(fits: Sequence[tuple[FoldTask, FoldData]], width: int) -> list[Lane]:
    """Give every fit its lane, the one its number in the run has, and its stretch of the data."""
    lanes, base = [], 0
    for task, data in fits:
        lanes.append(Lane(task, data, task.number % width, base))
        base += len(data.inputs)
    return lanes


def on_device(lanes: Sequence[Lane], *, sparse: bool, rounded: bool) -> LaneData:
    """Put the rows of all lanes end to end on the device.

    Args:
        lanes: of one group.
        sparse: multi-hot rows as the columns that hold a one.
        rounded: rows of zeros at the end bring the number up to a round one, so that the next group, a few rows longer
            or shorter, finds what XLA has compiled for this one.
    """
    rows = sum(len(lane.data.inputs) for lane in lanes)
    padding = round_up(rows) - rows if rounded else 0
    weights = [lane.data.weights for lane in lanes if lane.data.weights is not None]
    return LaneData(
        placed(_joined([lane.data.inputs for lane in lanes], padding), sparse=sparse),
        tf.constant(_padded([as_loss_takes(lane.data.targets) for lane in lanes], padding)),
        tf.constant(_padded(weights, padding), float_type()) if weights else None,
    )


def round_up(count: int) -> int:
    """Round up by at most a sixteenth, to a number that differs from few others."""
    step = 1 << max(0, count.bit_length() - 5)
    return -(-count // step) * step


def epoch_order(lanes: Sequence[Lane], width: int, batch: int, epoch: int) -> EpochOrder:
    """Say which rows each step of an epoch visits: a pure function of each fit's seed and the epoch.

    Lanes that no fit has visit the rows of the first one.
    """
    steps = max(lane.rows // batch for lane in lanes)
    full = np.zeros((1 << max(0, steps - 1).bit_length(), width, batch), np.int32)
    full[:] = lanes[0].base + lanes[0].data.train[0]
    rest: dict[int, Rows] = {}
    for lane in lanes:
        task, whole = lane.task, lane.rows // batch
        order = seeds.batch_order(task.seed, task.iteration, task.fold, epoch, lane.rows)
        visited = lane.base + lane.data.train[order]
        full[:whole, lane.place] = visited[: whole * batch].reshape(whole, batch)
        left = visited[whole * batch :]
        if len(left):
            rows = rest.setdefault(len(left), np.full((1, width, len(left)), full[0, 0, 0], np.int32))
            rows[0, lane.place] = left
    return EpochOrder(full, steps, rest)


def positions(lane: Lane, rows: Indices) -> Indices:
    """Turn positions in a fold's data into rows of the device's data."""
    return lane.base + rows


def _joined(inputs: Sequence[Encoded], padding: int) -> Array | MultiHotRows:
    # Where steps learn how wide rows are, one fold of a run may be just too large for memory and another not.
    parts = [part.to_array() if isinstance(part, StreamedRows) else part for part in inputs]
    first = parts[0]
    if isinstance(first, MultiHotRows):
        return MultiHotRows(
            _padded([part.bits for part in parts if isinstance(part, MultiHotRows)], padding), first.width
        )
    return _padded([part for part in parts if not isinstance(part, MultiHotRows)], padding)


def _padded(parts: Sequence[Array], padding: int) -> Array:
    """Join arrays (rows, ...) and add rows of zeros; a single array stays as it is."""
    if len(parts) == 1 and not padding:
        return parts[0]
    zeros = np.zeros((padding, *parts[0].shape[1:]), parts[0].dtype)
    joined = aligned_array((sum(map(len, parts)) + padding, *parts[0].shape[1:]), parts[0].dtype)
    np.concatenate([*parts, zeros], out=joined)
    return joined
