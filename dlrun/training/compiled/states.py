"""The states of lanes: stacked as a program takes them, apart as arrays, and by name as a checkpoint keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dlrun.training.checkpoints import Snapshot, in_order, numbered, part, under
from dlrun.training.compiled.lane_net import LaneState


class States(NamedTuple):
    """Where lanes stand: now, at the epoch that each would go back to, and, of those that have ended, at their end."""

    now: LaneState
    best: LaneState
    final: LaneState

    @classmethod
    def alike(cls, state: LaneState) -> States:
        """Return those of lanes that have not begun."""
        return cls(state, state, state)


def stacked(lanes: Sequence[LaneState]) -> LaneState:
    """Put the arrays of every lane into tensors with the lanes in front."""
    parts = (zip(*part, strict=True) for part in zip(*lanes, strict=True))
    return LaneState(*([tf.constant(np.stack(arrays)) for arrays in part] for part in parts))


def copied(state: LaneState) -> LaneState:
    """Copy the tensors of all lanes into arrays."""
    return LaneState(*([tensor.numpy() for tensor in part] for part in state))


def lane_of(arrays: LaneState, place: int) -> LaneState:
    """Take one lane out of those that were `copied`."""
    return LaneState(*([array[place] for array in part] for part in arrays))


def named(lane: LaneState) -> Snapshot:
    """Name the arrays of a lane that live longer than an epoch: all but the metrics."""
    fields = {**lane._asdict(), "metrics": ()}
    return {name: array for field, values in fields.items() for name, array in under(field, numbered(values)).items()}


def restored(snapshot: Snapshot, like: LaneState) -> LaneState:
    """Read `named` arrays back; ``like`` is a state of the same net, and gives its metrics."""
    fields = {**like._asdict(), "metrics": ()}
    read = {field: in_order(part(snapshot, field), values) for field, values in fields.items()}
    return LaneState(**{**read, "metrics": like.metrics})
