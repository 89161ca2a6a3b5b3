"""The engine that keeps the contract with compiled programs: tasks into groups of lanes, results in their order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import keras

from dlrun.events import FitEnded, FitStarted, OnEvent
from dlrun.training.batches import row_shapes
from dlrun.training.checkpoints import NO_CHECKPOINTS, Checkpoints
from dlrun.training.compiled.group import Group, weights_seed
from dlrun.training.compiled.lane_net import LaneNet
from dlrun.training.compiled.lanes import lanes_of, on_device
from dlrun.training.compiled.pace import Pace
from dlrun.training.compiled.program import Program
from dlrun.training.contract import FitResult, FoldData, FoldTask, TrainingPlan
from dlrun.training.failing import FIT_ERRORS, words_of
from dlrun.training.following import Following
from dlrun.training.watching import Watch
from dlrun.training.weights import named_weights

Fit = tuple[FoldTask, FoldData]


@dataclass(frozen=True)
class CompiledEngine:
    """Trains ``lanes`` fits at a time, epochs inside the graph.

    Args:
        lanes: how many fits one program trains together.
        vectorized: one set of operations for all lanes (at least 2); else each lane has its own.
        xla: whether steps are compiled by XLA.
    """

    lanes: int = 1
    vectorized: bool = False
    xla: bool = False

    name = "compiled"

    def fit(
        self,
        tasks: Sequence[FoldTask],
        prepare: Callable[[FoldTask], FoldData],
        plan: TrainingPlan,
        on_event: OnEvent,
        checkpoints: Checkpoints = NO_CHECKPOINTS,
    ) -> Iterator[FitResult]:
        """Carry out every task; the results of a group of lanes come before the next group is prepared."""
        fits = _Fits(self, prepare, plan, on_event, checkpoints, several=len(tasks) > 1)
        for _, group in groupby(tasks, lambda task: task.number // self.lanes):
            yield from fits.carry_out(list(group))


@dataclass(frozen=True)
class _Compiled:
    """A net and its program, and the kind of rows that they are for."""

    shapes: tuple[object, ...]
    net: LaneNet
    program: Program


class _Fits:
    """The fits of one call, and the program that they share."""

    def __init__(
        self,
        engine: CompiledEngine,
        prepare: Callable[[FoldTask], FoldData],
        plan: TrainingPlan,
        on_event: OnEvent,
        checkpoints: Checkpoints,
        *,
        several: bool,
    ) -> None:
        self._engine, self._prepare, self._plan, self._on_event = engine, prepare, plan, on_event
        self._checkpoints, self._several = checkpoints, several
        self._pace = Pace()
        self._compiled: _Compiled | None = None

    def carry_out(self, tasks: Sequence[FoldTask]) -> list[FitResult]:
        """Carry out a group of tasks; what goes wrong in one fit's data is the failure of that fit alone."""
        results: dict[FoldTask, FitResult] = {}
        fits: list[Fit] = []
        for task in tasks:
            try:
                fits.append((task, self._prepare(task)))
            except FIT_ERRORS as error:
                results[task] = self._failed(task, Watch(self._plan), error)
        for shapes in dict.fromkeys(row_shapes(data) for _, data in fits):
            together = [fit for fit in fits if row_shapes(fit[1]) == shapes]
            results |= {result.task: result for result in self._train(together, shapes)}
        return [results[task] for task in tasks]

    def _train(self, fits: Sequence[Fit], shapes: tuple[object, ...]) -> list[FitResult]:
        """Train fits whose rows agree in shape and type; what TensorFlow cannot do is the failure of them all."""
        plan = self._plan
        watches = [Watch(plan) for _ in fits]
        follow = [
            Following(task, data, plan, watch, self._on_event)
            for (task, data), watch in zip(fits, watches, strict=True)
        ]
        for task, data in fits:
            self._on_event(FitStarted(task.iteration, task.fold, -(-len(data.train) // plan.batch_size)))
        try:
            results = self._group_results(fits, follow, shapes)
        except FIT_ERRORS as error:
            self._compiled = None  # whatever state it is in, the next group begins with another one
            return [self._failed(task, watch, error, data) for (task, data), watch in zip(fits, watches, strict=True)]
        for result in results:
            task = result.task
            self._on_event(FitEnded(task.iteration, task.fold, result.history.epochs, result.failure))
        return results

    def _group_results(
        self, fits: Sequence[Fit], follow: Sequence[Following], shapes: tuple[object, ...]
    ) -> list[FitResult]:
        engine, plan = self._engine, self._plan
        lanes = lanes_of(fits, engine.lanes)
        compiled = self._compiled if self._compiled is not None and self._compiled.shapes == shapes else None
        if compiled is None:
            if self._compiled is not None:
                self._compiled = None
                keras.backend.clear_session()  # else Keras's global state holds on to what was traced
                gc.collect()
            sparse = engine.lanes == 1 and not engine.xla
            net = LaneNet(fits[0][1], plan, weights_seed(fits[0][0]), sparse=sparse)
            data = on_device(lanes, sparse=net.sparse, rounded=engine.xla)
            program = Program(net, engine.lanes, vectorized=engine.vectorized, xla=engine.xla, like=data)
            compiled = self._compiled = _Compiled(shapes, net, program)
        else:
            net, data = compiled.net, on_device(lanes, sparse=compiled.net.sparse, rounded=engine.xla)
        group = Group(net, compiled.program, data, lanes, follow, plan, self._on_event, self._pace, self._checkpoints)
        results = []
        for result, state in group.run():
            model: Any = net.put_back(state, last=result.final_epoch == result.history.epochs)
            results.append(
                replace(result, weights=named_weights(model)) if self._several else replace(result, model=model)
            )
        return results

    def _failed(self, task: FoldTask, watch: Watch, error: Exception, data: FoldData | None = None) -> FitResult:
        failure, hint = words_of(error, self._plan.batch_size, data)
        self._on_event(FitEnded(task.iteration, task.fold, watch.epochs, failure))
        return FitResult.failed(task, watch.history, failure, hint)
