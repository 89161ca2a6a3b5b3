"""When an engine prepares a fold and hands over a result: one by one, or a group of lanes at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlrun.data.encoded import MultiHotRows
from dlrun.training.contract import Engine, FoldData, FoldTask, TrainingPlan
from tests.training.by_hand import dense, folds_of, one_value, plan_of, tasks_of

pytestmark = pytest.mark.tensorflow


def prepared_at_each_result(
    engine: Engine, tasks: list[FoldTask], prepare: Callable[[FoldTask], FoldData], plan: TrainingPlan
) -> list[list[int]]:
    """Say, for each result, which fits had been prepared when it was handed over."""
    begun: list[int] = []

    def noted(task: FoldTask) -> FoldData:
        begun.append(task.number)
        return prepare(task)

    return [list(begun) for _ in engine.fit(tasks, noted, plan, lambda event: None)]


@pytest.mark.parametrize("engine", ["keras", "unrolled", "graph"], indirect=True)
def test_a_result_is_handed_over_before_the_next_fit_begins(engine: Engine) -> None:
    folds = folds_of(one_value)

    begun = prepared_at_each_result(engine, tasks_of(3), lambda task: folds[task.number], plan_of(dense(), epochs=1))

    assert begun == [[0], [0, 1], [0, 1, 2]]


@pytest.mark.parametrize("engine", ["vectorized"], indirect=True)
def test_a_group_of_lanes_is_handed_over_before_the_next_group_is_prepared(engine: Engine) -> None:
    (data,) = folds_of(one_value)[:1]

    begun = prepared_at_each_result(engine, tasks_of(4), lambda task: data, plan_of(dense(), epochs=1))

    assert begun == [[0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 1, 2, 3]]


@pytest.mark.parametrize("engine", ["vectorized"], indirect=True)
def test_a_run_that_goes_on_in_the_middle_of_a_group_trains_what_is_left_of_it_first(engine: Engine) -> None:
    (data,) = folds_of(one_value)[:1]

    begun = prepared_at_each_result(engine, tasks_of(5)[2:], lambda task: data, plan_of(dense(), epochs=1))

    assert begun == [[2], [2, 3, 4], [2, 3, 4]]


@pytest.mark.parametrize("engine", ["keras", "vectorized"], indirect=True)
def test_optimisers_that_begin_at_the_weights_begin_at_those_of_each_fold(engine: Engine) -> None:
    import keras

    folds, tasks = folds_of(one_value), tasks_of(2)
    plan = plan_of(dense(), optimiser=lambda: keras.optimizers.ScheduleFreeAdamW(0.01))

    def fit(some: list[FoldTask]) -> list[Any]:
        return list(engine.fit(some, lambda task: folds[task.number], plan, lambda event: None))

    _, beside = fit(tasks)
    (alone,) = fit(tasks[1:])

    assert beside.predictions.tobytes() == alone.predictions.tobytes()
    assert np.isfinite(alone.predictions).all()


def test_multi_hot_rows_with_few_ones_are_sparse_where_they_go_to_dense_layers_alone() -> None:
    import keras

    from dlrun.training.compiled.lane_net import LaneNet

    bits = np.zeros((20, 30), np.uint16)
    bits[:, 4] = 0b1000
    few, many = MultiHotRows(bits, 480), MultiHotRows(bits | 0xFFFF, 480)
    positions = np.arange(20)

    def net(rows: MultiHotRows, *, normalised: bool = False, sparse: bool = True) -> LaneNet:
        def layers() -> list[Any]:
            return [*([keras.layers.BatchNormalization()] if normalised else []), keras.layers.Dense(1)]

        data = FoldData(rows, np.ones((20, 1)), positions[:15], positions[15:], score=lambda predictions: {})
        return LaneNet(data, plan_of(layers), 0, sparse=sparse)

    assert net(few).sparse
    assert not net(few, sparse=False).sparse
    assert not net(few, normalised=True).sparse
    assert not net(many).sparse
