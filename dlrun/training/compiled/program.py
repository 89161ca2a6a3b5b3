"""What is compiled: steps over a stretch of an epoch, and the look at the held-out rows that ends it, for all lanes.

XLA compiles for one size of batch, so it gets the steps with whole batches; the smaller one that ends an epoch, whose
size may differ from lane to lane, is traced once for any size. What is traced hangs on the net, the number of lanes and
the size of a batch, and on nothing that differs between the lanes of one run. So a fit gets the same bits beside others
and alone, at the same number of lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dlrun.errors import DlrunError, TrainingError
from dlrun.training.batches import Placed, float_type, pick_rows
from dlrun.training.compiled import noise
from dlrun.training.compiled.lane_net import LaneNet, LaneState
from dlrun.training.failing import first_line

Lanes = Any
"""Nested tensors with the lanes in front."""


Rows = npt.NDArray[np.int32]
Begun = TypeVar("Begun")


@dataclass(frozen=True)
class EpochOrder:
    """Which rows the steps of an epoch visit.

    Args:
        full: rows of the steps with whole batches, (steps, lanes, batch); steps beyond a lane's own hold any rows.
        whole: how many steps with whole batches there are; ``full`` may have more.
        rest: rows of the last, smaller step, by its size: (1, lanes, size).
    """

    full: Rows
    whole: int
    rest: Mapping[int, Rows]


@dataclass(frozen=True)
class LaneData:
    """What all lanes read, on the device: the rows of one fold after those of another.

    Args:
        inputs: (all rows, ...).
        targets: as the loss takes them, (all rows, ...).
        row_weights: (all rows,), or None.
    """

    inputs: Placed
    targets: tf.Tensor
    row_weights: tf.Tensor | None

    @property
    def tensors(self) -> tuple[tf.Tensor, ...]:
        """All of them, as a traced function takes them."""
        weights = () if self.row_weights is None else (self.row_weights,)
        return (self.targets, *weights, *self.inputs.arrays)

    def with_tensors(self, tensors: tuple[tf.Tensor, ...]) -> LaneData:
        """Read `tensors` back."""
        targets, *rest = tensors
        weights = None if self.row_weights is None else rest.pop(0)
        return LaneData(replace(self.inputs, arrays=tuple(rest)), targets, weights)


class Program:
    """The compiled functions for one net.

    Args:
        net: the model's functions of one lane.
        lanes: how many train together.
        vectorized: one set of operations for all lanes; else each lane has its own, one after the other.
        xla: whether steps of whole batches are compiled by XLA.
        like: data of the kind that every call brings: shapes of a row, types.
    """

    def __init__(self, net: LaneNet, lanes: int, *, vectorized: bool, xla: bool, like: LaneData) -> None:
        self._net, self.lanes, self._vectorized, self._xla = net, lanes, vectorized, xla
        self._like = like
        if vectorized:
            noise.register()
        self._data_spec = [tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype) for tensor in like.tensors]
        if like.inputs.width is not None and not like.inputs.sparse:
            self._data_spec[-1] = tf.TensorSpec(like.tensors[-1].shape, like.tensors[-1].dtype)  # the table of bits
        self._steps: dict[bool, Callable[..., list[Any]]] = {}
        self._held_out: Callable[..., tuple[tf.Tensor, tf.Tensor]] | None = None
        self._results: Callable[..., tf.Tensor] | None = None
        self._choose: Callable[..., list[Any]] | None = None

    def make_ready(self, like: LaneState, data: LaneData, order: EpochOrder, meanwhile: Callable[[], Begun]) -> Begun:
        """Trace what an epoch needs, and do other work in Python while XLA compiles, which uses none.

        Args:
            like: a state of all lanes, for its shapes.
            data: of all lanes.
            order: of an epoch.
            meanwhile: the other work.

        Returns:
            What ``meanwhile`` gives.

        Raises:
            TrainingError: something in the model has no place in such a program.
        """
        try:
            return self._make_ready(like, data, order, meanwhile)
        except DlrunError:
            raise
        except (MemoryError, tf.errors.ResourceExhaustedError):
            raise
        except Exception as error:  # layers, losses and metrics are refused in many ways: ValueError, TypeError, ...
            raise TrainingError(
                f"the compiled engine cannot take this model: {first_line(error)}",
                hint="`training: {engine: keras}` trains whatever Keras can",
            ) from error

    def _make_ready(self, state: LaneState, data: LaneData, order: EpochOrder, meanwhile: Callable[[], Begun]) -> Begun:
        with ThreadPoolExecutor(1) as pool:
            compiling = None
            if order.whole:
                self._traced(state, xla=self._xla)
                compiling = pool.submit(self.train, state, data, tf.constant(order.full), 0, 0)
            begun = meanwhile()
            if order.rest:
                self._traced(state, xla=False)
            self.results(state)
            if self._held_out is None:
                self._held_out = self._traced_held_out(state)
            if compiling is not None:
                compiling.result()
        return begun

    def train(self, state: LaneState, data: LaneData, order: tf.Tensor, start: int, stop: int) -> LaneState:
        """Carry out steps ``start`` to ``stop - 1``, of whole batches, in every lane.

        Args:
            state: of all lanes.
            data: of all lanes.
            order: which rows each step visits, (steps, lanes, batch), int32.
            start: the first step.
            stop: the step after the last.
        """
        steps = self._traced(state, xla=self._xla)
        return LaneState(*steps(state, list(data.tensors), order, tf.constant(start), tf.constant(stop)))

    def train_rest(self, state: LaneState, data: LaneData, rows: tf.Tensor) -> LaneState:
        """Carry out the last, smaller step of an epoch on ``rows``, (1, lanes, size); XLA compiles nothing for it."""
        steps = self._traced(state, xla=False)
        return LaneState(*steps(state, list(data.tensors), rows, tf.constant(0), tf.constant(1)))

    def held_out(self, state: LaneState, data: LaneData, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return predictions (lanes, rows, outputs) and mean losses (lanes,) for rows of each lane, (lanes, rows)."""
        if self._held_out is None:
            self._held_out = self._traced_held_out(state)
        return self._held_out(list(state.weights), list(state.others), list(data.tensors), rows)

    def results(self, state: LaneState) -> tf.Tensor:
        """Return the training loss and metrics of the epoch so far, (lanes, 1 + metrics)."""
        if self._results is None:
            results = tf.function(
                lambda metrics: self._map(lambda args: self._net.results(args[0]), (metrics,)), autograph=False
            )
            with self._net.tracing(vectorized=self._vectorized):
                self._results = results.get_concrete_function(_specs(list(state.metrics)))
        return self._results(list(state.metrics))

    def choose(self, taken: tf.Tensor, new: LaneState, old: LaneState) -> LaneState:
        """Take ``new`` in the lanes where ``taken``, (lanes,), says so, and ``old`` in the others."""
        parts = [[list(part) for part in state] for state in (new, old)]
        if self._choose is None:
            mask = tf.TensorSpec([self.lanes], tf.bool)
            self._choose = tf.function(_choose, autograph=False).get_concrete_function(mask, *map(_specs, parts))
        return LaneState(*self._choose(taken, *parts))

    def _traced(self, state: LaneState, *, xla: bool) -> Callable[..., list[Any]]:
        if xla not in self._steps:
            self._steps[xla] = self._traced_steps(state, xla=xla)
        return self._steps[xla]

    def _traced_steps(self, state: LaneState, *, xla: bool) -> Callable[..., list[Any]]:
        def steps(state: list[Any], tensors: list[Any], order: Any, start: Any, stop: Any) -> list[Any]:
            data = self._like.with_tensors(tuple(tensors))

            def step(number: Any, lanes: list[Any]) -> tuple[Any, list[Any]]:
                return number + 1, self._step(lanes, data, order[number])

            lanes = self._apart(state)
            _, lanes = tf.while_loop(lambda number, _: number < stop, step, (start, lanes))
            return self._together(lanes)

        compiled = tf.function(steps, jit_compile=xla, autograph=False)
        number = tf.TensorSpec([], tf.int32)
        with self._net.tracing(vectorized=self._vectorized):
            traced = compiled.get_concrete_function(
                _specs([list(part) for part in state]),
                self._data_spec,
                tf.TensorSpec([None, self.lanes, None], tf.int32),
                number,
                number,
            )
        return lambda state, *rest: traced([list(part) for part in state], *rest)

    def _step(self, lanes: list[Any], data: LaneData, rows: Any) -> list[Any]:
        """Carry out one step of every lane; ``rows`` is (lanes, batch)."""
        flat = tf.reshape(rows, [-1])
        parts = [pick_rows(data.inputs, flat), tf.gather(data.targets, flat)]
        if data.row_weights is not None:
            parts.append(tf.gather(data.row_weights, flat))
        shaped = [self._by_lane(part, tf.shape(rows)[1]) for part in parts]

        def lane(args: Any) -> list[Any]:
            state, inputs, targets, *weights = args
            after = self._net.train_step(LaneState(*state), inputs, targets, weights[0] if weights else None)
            return [_shaped_as(part, before) for part, before in zip(after, state, strict=True)]

        if self._vectorized:
            return list(_vectorized(lane, (lanes, *shaped)))
        return [lane((state, *(part[index] for part in shaped))) for index, state in enumerate(lanes)]

    def _traced_held_out(self, state: LaneState) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
        def held_out(weights: list[Any], others: list[Any], tensors: list[Any], rows: Any) -> Any:
            data = self._like.with_tensors(tuple(tensors))
            flat = tf.reshape(rows, [-1])
            inputs, targets = pick_rows(data.inputs, flat), tf.gather(data.targets, flat)
            shaped = [self._by_lane(part, tf.shape(rows)[1]) for part in (inputs, targets)]

            def lane(args: Any) -> tuple[Any, Any]:
                outputs, loss = self._net.predict(*args)
                return tf.cast(outputs, tf.float32), tf.cast(loss, float_type())

            return self._map(lane, (weights, others, *shaped))

        with self._net.tracing(vectorized=self._vectorized):
            traced = tf.function(held_out, autograph=False).get_concrete_function(
                _specs(list(state.weights)),
                _specs(list(state.others)),
                self._data_spec,
                tf.TensorSpec([self.lanes, None], tf.int32),
            )
        return lambda *args: tuple(traced(*args))

    def _by_lane(self, flat: Any, count: Any) -> Any:
        """Give each lane its rows: (lanes * count, ...) → (lanes, count, ...); sparse rows as the only lane."""
        if isinstance(flat, tf.SparseTensor):
            return _OneLane(flat)
        shape = flat.shape[1:]
        return tf.ensure_shape(tf.reshape(flat, [self.lanes, count, *shape]), [self.lanes, None, *shape])

    def _map(self, function: Callable[[Any], Any], values: Lanes) -> Any:
        """Apply a function of one lane to all lanes, and stack what it gives."""
        if self._vectorized:
            return _vectorized(function, values)
        each = [function(tf.nest.map_structure(lambda tensor: tensor[lane], values)) for lane in range(self.lanes)]  # noqa: B023
        return tf.nest.map_structure(lambda *tensors: tf.stack(tensors), *each)

    def _apart(self, state: list[Any]) -> list[Any]:
        """Give each lane tensors of its own where lanes are unrolled."""
        if self._vectorized:
            return state
        return [tf.nest.map_structure(lambda tensor: tensor[lane], state) for lane in range(self.lanes)]  # noqa: B023

    def _together(self, lanes: list[Any]) -> list[Any]:
        if self._vectorized:
            return lanes
        return list(tf.nest.map_structure(lambda *tensors: tf.stack(tensors), *lanes))


def _vectorized(function: Callable[[Any], Any], values: Lanes) -> Any:
    """Map a function of one lane over all lanes, as one set of operations."""
    as_it_is = tf.autograph.experimental.do_not_convert(function)  # converting finds nothing to convert, and takes time
    return tf.vectorized_map(as_it_is, values, fallback_to_while_loop=True)


@dataclass(frozen=True)
class _OneLane:
    """A sparse tensor in the place of one that has lanes in front."""

    tensor: tf.SparseTensor

    def __getitem__(self, lane: int) -> tf.SparseTensor:
        return self.tensor


def _choose(taken: Any, new: list[Any], old: list[Any]) -> list[Any]:
    def choose(new: Any, old: Any) -> Any:
        return tf.where(tf.reshape(taken, [-1] + [1] * (len(new.shape) - 1)), new, old)

    return list(tf.nest.map_structure(choose, new, old))


def _shaped_as(values: Sequence[Any], before: Sequence[Any]) -> list[Any]:
    """Say of values that they have the shapes of those before a step: a loop takes no others.

    Some gradients do not tell theirs, such as those of a layer that is applied to each step of a sequence.
    """
    for value, old in zip(values, before, strict=True):
        value.set_shape(old.shape)
    return list(values)


def _specs(state: Any) -> Any:
    return tf.nest.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype), state)
