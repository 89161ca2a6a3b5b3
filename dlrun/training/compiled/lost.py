"""Lanes whose loss is lost in the middle of an epoch: noticed after each call, and followed back to the step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import tensorflow as tf

from dlrun.training.batches import pick_rows
from dlrun.training.compiled.lane_net import LaneNet, LaneState
from dlrun.training.compiled.lanes import Lane
from dlrun.training.compiled.program import EpochOrder, LaneData, Program, Rows
from dlrun.training.compiled.states import copied, lane_of
from dlrun.training.diverging import Divergence, largest_gradient
from dlrun.training.following import Following


class LossWatch:
    """Watches one epoch. The state in which it began is kept, which costs nothing: tensors do not change.

    Args:
        net: functions of one lane; its model is used to look at gradients.
        program: repeats steps, with the same bits.
        data: the rows of all lanes.
        order: of the epoch.
        full: its whole steps, on the device.
        began: the state of all lanes before its first step.
    """

    def __init__(
        self, net: LaneNet, program: Program, data: LaneData, order: EpochOrder, full: tf.Tensor, began: LaneState
    ) -> None:
        self._net, self._program, self._data, self._order, self._began = net, program, data, order, began
        self._full = full

    def check(
        self, state: LaneState, lanes: Sequence[tuple[Lane, Following]], batch_size: int, done: int | None
    ) -> None:
        """Let each lane diverge whose loss is no number.

        Args:
            state: of all lanes, now.
            lanes: those that count, of all.
            batch_size: rows in a whole step.
            done: how many steps are done; None: the last, smaller one is too.
        """
        totals = state.metrics[0].numpy()  # of the mean loss so far: once it is no number, it stays so
        for lane, following in lanes:
            if not (following.done or math.isfinite(totals[lane.place])):
                step = lane.rows // batch_size if done is None else self._first_without(lane, done)
                steps = -(-lane.rows // batch_size)
                divergence = self._look(lane, Divergence(step + 1, steps), lane.rows % batch_size)
                following.diverge(divergence.words(following.epoch + 1))

    def _first_without(self, lane: Lane, done: int) -> int:
        """Find the step, counted from 0, after which a lane had no loss; after ``done`` steps it had none."""
        low, high, state = 0, done, self._began
        while high - low > 1:
            middle = (low + high) // 2
            after = self._program.train(state, self._data, self._full, low, middle)
            if math.isfinite(after.metrics[0].numpy()[lane.place]):
                low, state = middle, after
            else:
                high = middle
        return low

    def _look(self, lane: Lane, found: Divergence, rest: int) -> Divergence:
        """Look at the gradients of the step before, or of the first one."""
        before = found.step > 1
        step = found.step - 2 if before else 0
        state = self._program.train(self._began, self._data, self._full, 0, step) if step else self._began
        self._net.put_back(lane_of(copied(state), lane.place), last=False)
        whole = found.steps - (1 if rest else 0)
        rows = self._order.full[step, lane.place] if step < whole else self._order.rest[rest][0, lane.place]
        with self._net.tracing(vectorized=False):
            layer, norm = self._largest(rows) or (None, math.nan)
        return replace(found, layer=layer, norm=norm, before=before)

    def _largest(self, rows: Rows) -> tuple[str, float] | None:
        picked, data = tf.constant(rows), self._data
        weights = None if data.row_weights is None else tf.gather(data.row_weights, picked)
        return largest_gradient(
            self._net.model, pick_rows(data.inputs, picked), tf.gather(data.targets, picked), weights
        )
