"""The fits that train together: one program over all lanes, epoch by epoch, each lane by its own rules.

What a lane comes to is copied when it ends. A lane that has ended goes on in the program, since leaving it out would
make another program; nobody reads what it does then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import tensorflow as tf

from dlrun import seeds
from dlrun.data.dataset import Indices
from dlrun.events import BatchEnded, OnEvent
from dlrun.training.batches import most_predicted
from dlrun.training.checkpoints import Checkpoints, Snapshot, part, under
from dlrun.training.compiled.lane_net import LaneNet, LaneState, Tensors
from dlrun.training.compiled.lanes import Lane, epoch_order, positions
from dlrun.training.compiled.lost import LossWatch
from dlrun.training.compiled.pace import Pace
from dlrun.training.compiled.program import LaneData, Program
from dlrun.training.compiled.states import States, copied, lane_of, named, restored, stacked
from dlrun.training.contract import REPORT_EVERY, FitResult, FoldTask, TrainingPlan
from dlrun.training.following import Following, HeldOut


def weights_seed(task: FoldTask) -> int:
    """Return the seed of a fit's initial weights."""
    return seeds.child_seed(task.seed, "weights", task.iteration, task.fold)


class Group:
    """Trains some fits as lanes of one program.

    Args:
        net: functions of one lane.
        program: compiled for ``width`` lanes.
        data: the rows of all ``lanes``.
        lanes: of ``width``; the others are idle.
        follow: the bookkeeping of each lane, in the order of ``lanes``.
        plan: how to fit.
        on_event: is told how far an epoch is.
        pace: how long calls are; carried over from group to group.
        checkpoints: keep the state of the lanes between epochs.
    """

    def __init__(
        self,
        net: LaneNet,
        program: Program,
        data: LaneData,
        lanes: Sequence[Lane],
        follow: Sequence[Following],
        plan: TrainingPlan,
        on_event: OnEvent,
        pace: Pace,
        checkpoints: Checkpoints,
    ) -> None:
        self._net, self._program, self._data, self._plan = net, program, data, plan
        self._lanes, self._follow, self._on_event, self._pace = lanes, follow, on_event, pace
        self._checkpoints = checkpoints
        self._width = program.lanes
        self._told = time.monotonic()

    def run(self) -> Iterator[tuple[FitResult, LaneState]]:
        """Train every lane to its end; yields each fit's result and final state, arrays, in the order of the lanes."""
        snapshot = self._checkpoints.load([lane.task for lane in self._lanes])
        first = self._net.initial(weights_seed(self._lanes[0].task))
        like = LaneState(*([tf.constant(np.stack([array] * self._width)) for array in part] for part in first))
        order = epoch_order(self._lanes, self._width, self._plan.batch_size, 1)
        begun = self._program.make_ready(like, self._data, order, lambda: self._begun(snapshot or {}))
        final = self._epochs(begun, no_metrics=like.metrics)
        last = self._predict(
            final,
            {
                index: following.data.validation
                for index, following in enumerate(self._follow)
                if following.predicts_last
            },
        )
        arrays = copied(final)
        for index, (lane, following) in enumerate(zip(self._lanes, self._follow, strict=True)):
            yield following.result(last[index][0] if index in last else None), lane_of(arrays, lane.place)

    def _epochs(self, begun: States, no_metrics: Tensors) -> LaneState:
        """Train from where the lanes stand to where each of them ends; returns their final states."""
        now, best, final = begun
        tasks = [lane.task for lane in self._lanes]
        first = min((following.epoch for following in self._follow if not following.done), default=self._plan.epochs)
        for epoch in range(first + 1, self._plan.epochs + 1):
            running = [following for following in self._follow if not following.done]
            now = self._epoch(now._replace(metrics=no_metrics), epoch)
            self._end_epoch(now)
            best = self._taken([following.improved and following in running for following in self._follow], now, best)
            final = self._taken([following.done and following in running for following in self._follow], now, final)
            self._checkpoints.offer(tasks, partial(self._snapshot, States(now, best, final)))
            if all(following.done for following in self._follow):
                break
        return self._gone_back(final, best)

    def _begun(self, snapshot: Snapshot) -> States:
        """Stack where every lane begins, or where it was when a checkpoint was made; idle lanes begin as the first."""
        lanes = [
            self._lane_begun(lane, follow, snapshot) for lane, follow in zip(self._lanes, self._follow, strict=True)
        ]
        by_place = {lane.place: states for lane, states in zip(self._lanes, lanes, strict=True)}
        every = [by_place.get(place, lanes[0]) for place in range(self._width)]
        if not snapshot:
            return States.alike(stacked([states.now for states in every]))
        return States(*(stacked(states) for states in zip(*every, strict=True)))

    def _lane_begun(self, lane: Lane, following: Following, snapshot: Snapshot) -> States:
        """Return where one lane stands, as arrays."""
        initial = self._net.initial(weights_seed(lane.task))
        own = part(snapshot, lane.task.name)
        if not own:
            return States.alike(initial)
        following.restore(part(own, "follow"))
        now, best = restored(part(own, "now"), initial), part(own, "best")
        return States(now, restored(best, initial) if best else now, now)

    def _snapshot(self, states: States) -> Snapshot:
        """Copy the state of all lanes; of those that have ended, what they came to."""
        now, best, final = (copied(state) for state in states)
        snapshot: Snapshot = {}
        for lane, following in zip(self._lanes, self._follow, strict=True):
            own = under("follow", following.state())
            own |= under("now", named(lane_of(final if following.done else now, lane.place)))
            own |= under("best", named(lane_of(best, lane.place))) if following.goes_back else {}
            snapshot |= under(lane.task.name, own)
        return snapshot

    def _epoch(self, state: LaneState, epoch: int) -> LaneState:
        """Visit every row of every lane once."""
        self._started = time.monotonic()
        self._number = epoch
        batch = self._plan.batch_size
        order = epoch_order(self._lanes, self._width, batch, epoch)
        self._steps = max(-(-lane.rows // batch) for lane in self._lanes)
        full, done = tf.constant(order.full), 0
        watch = LossWatch(self._net, self._program, self._data, order, full, state)
        for stop in sorted({lane.rows // batch for lane in self._lanes} - {0}):
            new, counted = state, [lane.rows // batch >= stop for lane in self._lanes]
            for first, end in self._pace.calls(done, stop):
                new = self._program.train(new, self._data, full, first, end)
                self._tell(new, end)
                watch.check(new, self._those(counted), batch, end)
                if all(following.done for following in self._follow):
                    return new
            state = self._taken(counted, new, state)
            done = stop
        for size, rows in sorted(order.rest.items()):
            counted = [lane.rows % batch == size for lane in self._lanes]
            new = self._program.train_rest(state, self._data, tf.constant(rows))
            watch.check(new, self._those(counted), batch, None)
            state = self._taken(counted, new, state)
        return state

    def _those(self, which: Sequence[bool]) -> list[tuple[Lane, Following]]:
        pairs = zip(self._lanes, self._follow, strict=True)
        return [pair for pair, chosen in zip(pairs, which, strict=True) if chosen]

    def _tell(self, state: LaneState, step: int) -> None:
        """Wait for the device, and say how far the epoch is, if nothing was said for a while."""
        state.metrics[0].numpy()
        now = time.monotonic()
        if now - self._told >= REPORT_EVERY:
            self._told = now
            task = next(following.task for following in self._follow if not following.done)
            self._on_event(BatchEnded(task.iteration, task.fold, self._number, step, self._steps))

    def _end_epoch(self, state: LaneState) -> None:
        running = {index: following for index, following in enumerate(self._follow) if not following.done}
        results = self._program.results(state).numpy()
        held_out = self._predict(
            state, {index: following.data.validation for index, following in running.items() if following.follows}
        )
        watched = self._predict(
            state,
            {
                index: following.data.monitor
                for index, following in running.items()
                if following.monitors and following.data.monitor is not None
            },
        )
        seconds = time.monotonic() - self._started
        names = ("loss", *self._plan.train_metrics)
        for index, following in running.items():
            values = results[self._lanes[index].place]
            train = {name: float(value) for name, value in zip(names, values, strict=True)}
            following.end_epoch(train, held_out.get(index), _given(watched.get(index)), seconds)
        self._told = time.monotonic()

    def _predict(self, state: LaneState, wanted: Mapping[int, Indices]) -> dict[int, HeldOut]:
        """Predict chosen positions of some lanes' data; lanes with the same number of them are predicted together."""
        found: dict[int, HeldOut] = {}
        for count in sorted({len(rows) for rows in wanted.values()} - {0}):
            same = {index: rows for index, rows in wanted.items() if len(rows) == count}
            found |= self._predict_together(state, same, count)
        return found

    def _predict_together(self, state: LaneState, wanted: Mapping[int, Indices], count: int) -> dict[int, HeldOut]:
        first, rows = next(iter(wanted.items()))
        every = np.tile(positions(self._lanes[first], rows), (self._width, 1)).astype(np.int32)
        for index, rows in wanted.items():
            every[self._lanes[index].place] = positions(self._lanes[index], rows)
        parts, size = [], most_predicted(self._lanes[0].data.inputs.shape[1:], self._width)
        for start in range(0, count, size):
            part = tf.constant(every[:, start : start + size])
            outputs, losses = self._program.held_out(state, self._data, part)
            parts.append((outputs.numpy(), losses.numpy() * int(part.shape[1])))
        predictions = np.concatenate([outputs for outputs, _ in parts], axis=1)
        losses = sum(losses for _, losses in parts) / count
        return {
            index: (predictions[self._lanes[index].place], float(losses[self._lanes[index].place])) for index in wanted
        }

    def _taken(self, which: Sequence[bool], new: LaneState, old: LaneState) -> LaneState:
        """Take the new state in some of ``lanes``; idle ones keep what they have."""
        if all(which) and len(which) == self._width:
            return new
        if not any(which):
            return old
        mask = np.zeros(self._width, np.bool_)
        mask[[lane.place for lane, taken in zip(self._lanes, which, strict=True) if taken]] = True
        return self._program.choose(tf.constant(mask), new, old)

    def _gone_back(self, final: LaneState, best: LaneState) -> LaneState:
        """Give the lanes that go back to an earlier epoch that epoch's weights; the optimiser stays where it was."""
        earlier = LaneState(best.weights, best.others, final.optimiser, final.metrics)
        return self._taken([following.goes_back for following in self._follow], earlier, final)


def _given(held_out: HeldOut | None) -> Callable[[], HeldOut] | None:
    return None if held_out is None else lambda: held_out
