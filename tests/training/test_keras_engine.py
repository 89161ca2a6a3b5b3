"""The Keras engine against plain Keras: the same weights, losses and predictions as a loop written by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dlrun import seeds
from dlrun.data.encoded import MultiHotRows
from dlrun.errors import TrainingError
from dlrun.events import EpochEnded, Event, FitEnded, FitStarted
from dlrun.training.contract import EarlyStop, FitResult, FoldData, FoldTask, TrainingPlan

pytestmark = pytest.mark.tensorflow

ROWS, FEATURES = 50, 4
TASK = FoldTask(iteration=1, fold=1, seed=7)


def toy_inputs() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    return inputs, (inputs @ np.arange(1, FEATURES + 1) + random.normal(size=ROWS)).astype(np.float32)[:, None]


def mae(targets: np.ndarray) -> Callable[[np.ndarray], dict[str, float]]:
    return lambda predictions: {"mae": float(np.abs(predictions - targets).mean())}


def toy_data(**changes: Any) -> FoldData:
    inputs, targets = toy_inputs()
    rows = np.arange(ROWS)
    data = FoldData(inputs, targets, train=rows[:35], validation=rows[35:], score=mae(targets[35:]))
    return replace(data, **changes)


def build(seed: int, **output: Any) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [keras.Input((FEATURES,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, **output)]
    )


def compile_arguments() -> dict[str, Any]:
    import keras

    return {
        "optimizer": keras.optimizers.RMSprop(0.01),
        "loss": keras.losses.MeanSquaredError(),
        "metrics": [keras.metrics.MeanAbsoluteError(name="mae")],
    }


def toy_plan(**changes: Any) -> TrainingPlan:
    plan = TrainingPlan(build, compile_arguments, ("mae",), ("mae", False), epochs=4, batch_size=8)
    return replace(plan, **changes)


def fit(data: FoldData, plan: TrainingPlan, on_event: Callable[[Event], None] = lambda event: None) -> FitResult:
    from dlrun.training.keras_engine import KerasEngine

    (result,) = KerasEngine().fit([TASK], lambda task: data, plan, on_event)
    return result


def by_hand(data: FoldData, plan: TrainingPlan) -> tuple[Any, list[float]]:
    """The same fit with ``train_on_batch``: what the engine must agree with, without a line of its code."""
    model = plan.build(seeds.child_seed(TASK.seed, "weights", 1, 1))
    model.compile(**plan.compile_arguments())
    losses = []
    for epoch in range(1, plan.epochs + 1):
        order = data.train[seeds.batch_order(TASK.seed, 1, 1, epoch, len(data.train))]
        total = 0.0
        for start in range(0, len(order), plan.batch_size):
            rows = order[start : start + plan.batch_size]
            weights = None if data.weights is None else data.weights[rows]
            total += len(rows) * float(model.train_on_batch(data.inputs[rows], data.targets[rows], weights)[0])
        losses.append(total / len(order))
    return model, losses


def assert_same_weights(ours: Any, theirs: Any) -> None:
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-6)


def test_weights_and_training_losses_are_those_of_a_loop_by_hand() -> None:
    data, plan = toy_data(), toy_plan()

    result = fit(data, plan)

    model, losses = by_hand(data, plan)
    assert_same_weights(result.model, model)
    np.testing.assert_allclose(result.history.train["loss"], losses, rtol=1e-5)


def test_validation_loss_and_predictions_are_those_of_evaluate_and_predict_with_penalties() -> None:
    import keras

    def penalised(seed: int) -> Any:
        return build(seed, kernel_regularizer=keras.regularizers.L2(0.1))

    data = toy_data()

    result = fit(data, toy_plan(build=penalised))

    held_out = data.inputs[data.validation], data.targets[data.validation]
    expected = result.model.evaluate(*held_out, verbose=0, return_dict=True)
    assert result.history.validation["loss"][-1] == pytest.approx(expected["loss"], rel=1e-5)
    assert result.history.validation["mae"][-1] == pytest.approx(expected["mae"], rel=1e-5)
    np.testing.assert_allclose(result.predictions, result.model.predict(held_out[0], verbose=0), atol=1e-6)


def test_row_weights_count_in_training_as_sample_weights_do() -> None:
    weights = np.linspace(0, 2, ROWS, dtype=np.float32)
    data, plan = toy_data(weights=weights), toy_plan()

    result = fit(data, plan)

    model, losses = by_hand(data, plan)
    assert_same_weights(result.model, model)
    np.testing.assert_allclose(result.history.train["loss"], losses, rtol=1e-5)


def test_multi_hot_bits_train_as_the_floats_they_stand_for() -> None:
    dense = (np.random.default_rng(1).random((ROWS, 37)) < 0.3).astype(np.float32)
    padded = np.zeros((ROWS, 48), np.uint8)
    padded[:, :37] = dense
    bits = np.packbits(padded, axis=1).view(">u2").astype(np.uint16)

    def wide(seed: int) -> Any:
        import keras

        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input((37,)), keras.layers.Dense(1)])

    plan = toy_plan(build=wide)
    packed = fit(toy_data(inputs=MultiHotRows(bits, 37)), plan)

    model, _ = by_hand(toy_data(inputs=dense), plan)
    assert_same_weights(packed.model, model)


def test_integer_labels_stay_integers_for_sparse_losses() -> None:
    import keras

    labels = (np.arange(ROWS) % 3).astype(np.int64)

    def three_classes(seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(3, activation="softmax")])

    def arguments() -> dict[str, Any]:
        return {"optimizer": "sgd", "loss": keras.losses.SparseCategoricalCrossentropy(), "metrics": []}

    data = toy_data(targets=labels, score=lambda predictions: {"mae": 0.0})
    plan = toy_plan(build=three_classes, compile_arguments=arguments, train_metrics=())

    result = fit(data, plan)

    model = plan.build(seeds.child_seed(TASK.seed, "weights", 1, 1))
    model.compile(**arguments())
    for epoch in range(1, 5):
        order = data.train[seeds.batch_order(TASK.seed, 1, 1, epoch, 35)]
        for start in range(0, 35, 8):
            model.train_on_batch(data.inputs[order[start : start + 8]], labels[order[start : start + 8]])
    assert_same_weights(result.model, model)


@pytest.mark.parametrize("kind", ["dense", "dropout", "conv", "lstm", "embedding"])
def test_same_seed_gives_the_same_bits(kind: str) -> None:
    import keras

    layers = keras.layers
    bodies: dict[str, Callable[[], list[Any]]] = {
        "dense": lambda: [layers.Dense(16, activation="relu")],
        "dropout": lambda: [layers.Dense(16, activation="relu"), layers.Dropout(0.5)],
        "conv": lambda: [layers.Reshape((4, 1)), layers.Conv1D(8, 2), layers.Flatten()],
        "lstm": lambda: [layers.Reshape((4, 1)), layers.LSTM(8)],
        "embedding": lambda: [layers.Embedding(10, 4), layers.GlobalAveragePooling1D()],
    }
    inputs = toy_inputs()[0] if kind != "embedding" else np.random.default_rng(2).integers(0, 10, (ROWS, 4), np.int32)

    def body(seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input((4,), dtype=inputs.dtype.name), *bodies[kind](), layers.Dense(1)])

    first, second = (fit(toy_data(inputs=inputs), toy_plan(build=body, epochs=3)) for _ in range(2))

    assert first.history.train == second.history.train
    assert first.predictions.tobytes() == second.predictions.tobytes()


def test_rows_outside_the_training_part_leave_the_trained_weights_as_they_are() -> None:
    inputs, targets = toy_inputs()
    garbage, wrong = inputs.copy(), targets.copy()
    garbage[35:], wrong[35:] = 1e3, -1e3

    clean, dirty = fit(toy_data(), toy_plan()), fit(toy_data(inputs=garbage, targets=wrong), toy_plan())

    for mine, other in zip(clean.model.get_weights(), dirty.model.get_weights(), strict=True):
        assert mine.tobytes() == other.tobytes()


def test_best_epoch_is_that_of_the_best_validation_score() -> None:
    scores = iter([3.0, 1.0, 2.0, 1.0])
    data = toy_data(score=lambda predictions: {"mae": next(scores)})

    result = fit(data, toy_plan())

    assert result.best_epoch == 2
    assert not np.array_equal(result.best_predictions, result.predictions)


def stop_rule(*, restore_best: bool) -> EarlyStop:
    return EarlyStop("mae", patience=2, min_delta=0.0, higher_is_better=False, restore_best=restore_best)


def test_early_stopping_on_validation_ends_with_the_last_weights() -> None:
    scores = iter([3.0, 1.0, 2.0, 2.0, 0.0])
    data = toy_data(score=lambda predictions: {"mae": next(scores)})

    result = fit(data, toy_plan(epochs=10, early_stop=stop_rule(restore_best=False)))

    assert (result.history.epochs, result.final_epoch, result.stopped_early) == (4, 4, True)


def test_early_stopping_on_inner_rows_goes_back_to_the_best_weights() -> None:
    inner = iter([3.0, 1.0, 2.0, 2.0, 0.0])
    rows = np.arange(ROWS)
    data = toy_data(train=rows[:25], monitor=rows[25:35], score_monitor=lambda predictions: {"mae": next(inner)})

    result = fit(data, toy_plan(epochs=10, early_stop=stop_rule(restore_best=True)))

    two_epochs, _ = by_hand(data, toy_plan(epochs=2))
    assert (result.history.epochs, result.final_epoch) == (4, 2)
    assert_same_weights(result.model, two_epochs)
    np.testing.assert_allclose(result.predictions, two_epochs.predict(data.inputs[35:], verbose=0), atol=1e-6)


def test_a_loss_that_is_not_finite_is_a_failed_result_with_the_epoch() -> None:
    targets = toy_inputs()[1]
    targets[0] = np.nan

    result = fit(toy_data(targets=targets), toy_plan())

    assert result.failure == "the training and the validation loss became NaN or infinite in epoch 1"
    assert result.history.epochs == 1


def test_memory_that_runs_out_is_an_error_with_a_remedy() -> None:
    def hungry(seed: int) -> Any:
        raise MemoryError

    with pytest.raises(TrainingError, match="memory ran out while training with batches of 8"):
        fit(toy_data(), toy_plan(build=hungry))


def test_events_tell_of_each_epoch_in_order() -> None:
    events: list[Event] = []

    fit(toy_data(), toy_plan(), events.append)

    assert isinstance(events[0], FitStarted)
    assert events[0].steps == 5  # 35 rows in batches of 8
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2, 3, 4]
    assert events[-1] == FitEnded(1, 1, 4)


def test_several_tasks_give_results_in_their_order_and_as_alone() -> None:
    from dlrun.training.keras_engine import KerasEngine

    tasks = [FoldTask(1, 1, 7), FoldTask(1, 2, 7)]

    results = KerasEngine().fit(tasks, lambda task: toy_data(), toy_plan(), lambda event: None)
    alone = KerasEngine().fit(tasks[1:], lambda task: toy_data(), toy_plan(), lambda event: None)

    assert [result.task.fold for result in results] == [1, 2]
    assert results[1].predictions.tobytes() == alone[0].predictions.tobytes()
    assert results[0].predictions.tobytes() != alone[0].predictions.tobytes()
