"""What every engine keeps: the contract, and the weights, losses and predictions of a loop over plain Keras."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dlrun import seeds
from dlrun.data.encoded import MultiHotRows
from dlrun.errors import DataError
from dlrun.events import EpochEnded, Event, FitEnded, FitStarted
from dlrun.training.contract import EarlyStop, Engine, FitResult, FoldData, FoldTask, TrainingPlan

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


def build(shape: tuple[int | None, ...], seed: int, **output: Any) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [keras.Input(shape), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, **output)]
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


def fit(
    engine: Engine, data: FoldData, plan: TrainingPlan, on_event: Callable[[Event], None] = lambda event: None
) -> FitResult:
    (result,) = engine.fit([TASK], lambda task: data, plan, on_event)
    return result


def by_hand(data: FoldData, plan: TrainingPlan) -> tuple[Any, list[float]]:
    """The same fit with ``train_on_batch``: what the engine must agree with, without a line of its code."""
    model = plan.build(data.inputs.shape[1:], seeds.child_seed(TASK.seed, "weights", 1, 1))
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
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-5)


def test_weights_and_training_losses_are_those_of_a_loop_by_hand(engine: Engine) -> None:
    data, plan = toy_data(), toy_plan()

    result = fit(engine, data, plan)

    model, losses = by_hand(data, plan)
    assert_same_weights(result.model, model)
    np.testing.assert_allclose(result.history.train["loss"], losses, rtol=1e-5)


def test_validation_loss_and_predictions_are_those_of_evaluate_and_predict_with_penalties(engine: Engine) -> None:
    import keras

    def penalised(shape: tuple[int | None, ...], seed: int) -> Any:
        return build(shape, seed, kernel_regularizer=keras.regularizers.L2(0.1))

    data = toy_data()

    result = fit(engine, data, toy_plan(build=penalised))

    held_out = data.inputs[data.validation], data.targets[data.validation]
    expected = result.model.evaluate(*held_out, verbose=0, return_dict=True)
    assert result.history.validation["loss"][-1] == pytest.approx(expected["loss"], rel=1e-5)
    assert result.history.validation["mae"][-1] == pytest.approx(expected["mae"], rel=1e-5)
    np.testing.assert_allclose(result.predictions, result.model.predict(held_out[0], verbose=0), atol=1e-5)


def test_row_weights_count_in_training_as_sample_weights_do(engine: Engine) -> None:
    weights = np.linspace(0, 2, ROWS, dtype=np.float32)
    data, plan = toy_data(weights=weights), toy_plan()

    result = fit(engine, data, plan)

    model, losses = by_hand(data, plan)
    assert_same_weights(result.model, model)
    np.testing.assert_allclose(result.history.train["loss"], losses, rtol=1e-5)


@pytest.mark.parametrize("share", [0.3, 0.03], ids=["many ones", "few ones"])
def test_multi_hot_bits_train_as_the_floats_they_stand_for(engine: Engine, share: float) -> None:
    dense = (np.random.default_rng(1).random((ROWS, 37)) < share).astype(np.float32)
    padded = np.zeros((ROWS, 48), np.uint8)
    padded[:, :37] = dense
    bits = np.packbits(padded, axis=1).view(">u2").astype(np.uint16)

    def wide(shape: tuple[int | None, ...], seed: int) -> Any:
        import keras

        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input((37,)), keras.layers.Dense(6, activation="relu"), keras.layers.Dense(1)])

    plan = toy_plan(build=wide)
    packed = fit(engine, toy_data(inputs=MultiHotRows(bits, 37)), plan)

    data = toy_data(inputs=dense)
    model, losses = by_hand(data, plan)
    assert_same_weights(packed.model, model)
    np.testing.assert_allclose(packed.history.train["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(packed.predictions, model.predict(dense[data.validation], verbose=0), atol=1e-5)


def test_integer_labels_stay_integers_for_sparse_losses(engine: Engine) -> None:
    import keras

    labels = (np.arange(ROWS) % 3).astype(np.int64)

    def three_classes(shape: tuple[int | None, ...], seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(3, activation="softmax")])

    def arguments() -> dict[str, Any]:
        return {"optimizer": "sgd", "loss": keras.losses.SparseCategoricalCrossentropy(), "metrics": []}

    data = toy_data(targets=labels, score=lambda predictions: {"mae": 0.0})
    plan = toy_plan(build=three_classes, compile_arguments=arguments, train_metrics=())

    result = fit(engine, data, plan)

    model = plan.build(data.inputs.shape[1:], seeds.child_seed(TASK.seed, "weights", 1, 1))
    model.compile(**arguments())
    for epoch in range(1, 5):
        order = data.train[seeds.batch_order(TASK.seed, 1, 1, epoch, 35)]
        for start in range(0, 35, 8):
            model.train_on_batch(data.inputs[order[start : start + 8]], labels[order[start : start + 8]])
    assert_same_weights(result.model, model)


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        ("keras", "dense"),
        ("keras", "dropout"),
        ("keras", "conv"),
        ("keras", "lstm"),
        ("keras", "embedding"),
        ("vectorized", "dense"),
        ("vectorized", "dropout"),
        ("unrolled", "dropout"),
        ("graph", "dropout"),
        ("graph", "conv"),
        ("graph", "lstm"),
    ],
    indirect=["engine"],
)
def test_same_seed_gives_the_same_bits(engine: Engine, kind: str) -> None:
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

    def body(shape: tuple[int | None, ...], seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input((4,), dtype=inputs.dtype.name), *bodies[kind](), layers.Dense(1)])

    first, second = (fit(engine, toy_data(inputs=inputs), toy_plan(build=body, epochs=3)) for _ in range(2))

    assert (first.failure, second.failure) == (None, None)
    assert first.history.train == second.history.train
    assert first.predictions.tobytes() == second.predictions.tobytes()


def test_rows_outside_the_training_part_leave_the_trained_weights_as_they_are(engine: Engine) -> None:
    inputs, targets = toy_inputs()
    garbage, wrong = inputs.copy(), targets.copy()
    garbage[35:], wrong[35:] = 1e3, -1e3

    clean, dirty = fit(engine, toy_data(), toy_plan()), fit(engine, toy_data(inputs=garbage, targets=wrong), toy_plan())

    for mine, other in zip(clean.model.get_weights(), dirty.model.get_weights(), strict=True):
        assert mine.tobytes() == other.tobytes()


def test_best_epoch_is_that_of_the_best_validation_score(engine: Engine) -> None:
    scores = iter([3.0, 1.0, 2.0, 1.0])
    data = toy_data(score=lambda predictions: {"mae": next(scores)})

    result = fit(engine, data, toy_plan())

    assert result.best_epoch == 2
    assert not np.array_equal(result.best_predictions, result.predictions)


def stop_rule(*, restore_best: bool) -> EarlyStop:
    return EarlyStop("mae", patience=2, min_delta=0.0, higher_is_better=False, restore_best=restore_best)


def test_early_stopping_on_validation_ends_with_the_last_weights(engine: Engine) -> None:
    scores = iter([3.0, 1.0, 2.0, 2.0, 0.0])
    data = toy_data(score=lambda predictions: {"mae": next(scores)})

    result = fit(engine, data, toy_plan(epochs=10, early_stop=stop_rule(restore_best=False)))

    assert (result.history.epochs, result.final_epoch, result.stopped_early) == (4, 4, True)


def test_early_stopping_on_inner_rows_goes_back_to_the_best_weights(engine: Engine) -> None:
    inner = iter([3.0, 1.0, 2.0, 2.0, 0.0])
    rows = np.arange(ROWS)
    data = toy_data(train=rows[:25], monitor=rows[25:35], score_monitor=lambda predictions: {"mae": next(inner)})

    result = fit(engine, data, toy_plan(epochs=10, early_stop=stop_rule(restore_best=True)))

    two_epochs, _ = by_hand(data, toy_plan(epochs=2))
    assert (result.history.epochs, result.final_epoch) == (4, 2)
    assert_same_weights(result.model, two_epochs)
    np.testing.assert_allclose(result.predictions, two_epochs.predict(data.inputs[35:], verbose=0), atol=1e-5)


def steep(rate: float) -> Callable[[], dict[str, Any]]:
    """Gradient descent with a learning rate that is far too large: the weights grow until their loss is no number."""

    def arguments() -> dict[str, Any]:
        import keras

        return {**compile_arguments(), "optimizer": keras.optimizers.SGD(rate)}

    return arguments


def build_named(shape: tuple[int | None, ...], seed: int) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(8, activation="relu", name="hidden"), keras.layers.Dense(1, name="output")]
    return keras.Sequential([keras.Input(shape), *layers])


@pytest.mark.parametrize("rate", [3.0, 1e4, 1e10, 1e25])
def test_a_fit_ends_at_the_step_that_loses_the_loss_and_names_the_layer(engine: Engine, rate: float) -> None:
    data, events = toy_data(), list[Event]()
    plan = toy_plan(build=build_named, compile_arguments=steep(rate), epochs=40)

    result = fit(engine, data, plan, events.append)

    epoch, step, layer, norm = lost_by_hand(data, plan)
    before = f"step {step} of 5 in epoch {epoch}; the step before, the largest gradient was that of layer '{layer}'"
    assert result.failure == f"the training loss became NaN or infinite at {before} (norm {norm:.2g})"
    assert result.hint is not None
    assert result.history.epochs == epoch - 1
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == list(range(1, epoch))
    assert isinstance(events[-1], FitEnded)


def lost_by_hand(data: FoldData, plan: TrainingPlan) -> tuple[int, int, str, float]:
    """Find, with plain Keras, the epoch and step whose loss is no number, and the largest gradient before."""
    import tensorflow as tf

    model = plan.build(data.inputs.shape[1:], seeds.child_seed(TASK.seed, "weights", 1, 1))
    model.compile(**plan.compile_arguments())
    told = ("", 0.0)
    for epoch in range(1, plan.epochs + 1):
        order = data.train[seeds.batch_order(TASK.seed, 1, 1, epoch, len(data.train))]
        for step, start in enumerate(range(0, len(order), plan.batch_size), start=1):
            rows = order[start : start + plan.batch_size]
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(data.inputs[rows], training=True) - data.targets[rows]))
            if not np.isfinite(float(loss)):
                assert step > 1, "choose another rate: the step before is of another epoch"
                return epoch, step, *told
            gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
            norms = {}
            for layer, pair in zip(model.layers, zip(gradients[::2], gradients[1::2], strict=True), strict=True):
                norms[layer.name] = float(np.sqrt(sum(np.square(np.float64(part)).sum() for part in pair)))
            told = max(norms.items(), key=lambda item: item[1])
            model.optimizer.apply(gradients, model.trainable_variables)
    raise AssertionError("the loss was never lost")


def test_targets_that_are_no_numbers_end_a_fit_in_its_first_epoch(engine: Engine) -> None:
    targets = toy_inputs()[1]
    targets[0] = np.nan

    result = fit(engine, toy_data(targets=targets), toy_plan())

    assert result.failure is not None
    assert re.match(r"the training loss became NaN or infinite at step \d of 5 in epoch 1", result.failure)
    assert result.history.epochs == 0


def test_a_validation_loss_that_is_not_finite_is_a_failed_result_with_the_epoch(engine: Engine) -> None:
    targets = toy_inputs()[1]
    targets[40] = np.nan

    result = fit(engine, toy_data(targets=targets), toy_plan())

    assert result.failure == "the validation loss became NaN or infinite in epoch 1"
    assert result.history.epochs == 1


def test_memory_that_runs_out_is_a_failed_result_with_a_remedy(engine: Engine) -> None:
    def hungry(shape: tuple[int | None, ...], seed: int) -> Any:
        raise MemoryError

    result = fit(engine, toy_data(), toy_plan(build=hungry))

    assert result.failure == "memory ran out while training with batches of 8 on 50 rows of 4 numbers (800 bytes)"
    assert result.hint is not None
    assert "batch_size" in result.hint
    assert (result.model, result.history.epochs) == (None, 0)


def test_events_tell_of_each_epoch_in_order(engine: Engine) -> None:
    events: list[Event] = []

    fit(engine, toy_data(), toy_plan(), events.append)

    assert isinstance(events[0], FitStarted)
    assert events[0].steps == 5  # 35 rows in batches of 8
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2, 3, 4]
    assert events[-1] == FitEnded(1, 1, 4)


def tasks_of(count: int) -> list[FoldTask]:
    return [FoldTask(1, number + 1, 7, number) for number in range(count)]


def fit_all(
    engine: Engine, tasks: list[FoldTask], prepare: Callable[[FoldTask], FoldData], plan: TrainingPlan
) -> list[FitResult]:
    return list(engine.fit(tasks, prepare, plan, lambda event: None))


def test_several_tasks_give_results_in_their_order_and_as_alone(engine: Engine) -> None:
    tasks = tasks_of(2)

    results = fit_all(engine, tasks, lambda task: toy_data(), toy_plan())
    alone = fit_all(engine, tasks[1:], lambda task: toy_data(), toy_plan())

    assert [result.task.fold for result in results] == [1, 2]
    assert results[1].predictions.tobytes() == alone[0].predictions.tobytes()
    assert results[0].predictions.tobytes() != alone[0].predictions.tobytes()


def test_folds_of_one_shape_share_a_model_and_leave_their_weights_as_copies(engine: Engine) -> None:
    built: list[int] = []

    def counted(shape: tuple[int | None, ...], seed: int) -> Any:
        built.append(seed)
        return build(shape, seed)

    tasks = tasks_of(3)

    results = fit_all(engine, tasks, lambda task: toy_data(), toy_plan(build=counted))

    kernels = [next(iter(result.weights.values())) for result in results]
    assert len(set(built)) == 3
    assert [result.model for result in results] == [None, None, None]
    assert not np.array_equal(kernels[0], kernels[1])


OPTIMISERS = [
    "SGD",
    "RMSprop",
    "Adam",
    "AdamW",
    "Adadelta",
    "Adagrad",
    "Adamax",
    "Nadam",
    "Ftrl",
    "Lion",
    "Lamb",
    "Muon",
]


@pytest.mark.parametrize(
    ("engine", "name"),
    [*(("keras", name) for name in OPTIMISERS), *(("vectorized", name) for name in ("SGD", "Nadam", "Muon"))],
    indirect=["engine"],
)
def test_a_fold_after_others_is_the_fold_alone_with_every_optimiser(engine: Engine, name: str) -> None:
    import keras

    def arguments() -> dict[str, Any]:
        optimiser = getattr(keras.optimizers, name)
        momentum = {"momentum": 0.9} if name == "SGD" else {}
        return {**compile_arguments(), "optimizer": optimiser(learning_rate=0.01, use_ema=True, **momentum)}

    plan = toy_plan(compile_arguments=arguments, epochs=2)

    *_, after = fit_all(engine, tasks_of(2), lambda task: toy_data(), plan)

    (alone,) = fit_all(engine, tasks_of(2)[1:], lambda task: toy_data(), plan)
    assert (after.failure, alone.failure) == (None, None)
    for mine, other in zip(after.weights.values(), alone.model.get_weights(), strict=True):
        assert mine.tobytes() == other.tobytes()


@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        *(("keras", kind) for kind in ("batch_norm", "dropout", "noise", "lstm", "stateful", "schedule")),
        ("graph", "lstm"),
        ("vectorized", "batch_norm"),
        ("vectorized", "schedule"),
    ],
    indirect=["engine"],
)
def test_a_fold_after_others_is_the_fold_alone_with_layers_that_have_a_state(engine: Engine, kind: str) -> None:
    import keras

    layers = keras.layers
    bodies: dict[str, Callable[[], list[Any]]] = {
        "batch_norm": lambda: [layers.Dense(6), layers.BatchNormalization()],
        "dropout": lambda: [layers.Dense(6), layers.Dropout(0.5)],
        "noise": lambda: [layers.GaussianNoise(0.5), layers.Dense(6)],
        "lstm": lambda: [layers.Reshape((4, 1)), layers.LSTM(3, recurrent_dropout=0.3)],
        "stateful": lambda: [layers.Dense(6), layers.SpectralNormalization(layers.Dense(5))],
        "schedule": lambda: [layers.Dense(6)],
    }

    def body(shape: tuple[int | None, ...], seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input(shape), *bodies[kind](), layers.Dense(1)])

    def arguments() -> dict[str, Any]:
        rate = keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5) if kind == "schedule" else 0.01
        return {**compile_arguments(), "optimizer": keras.optimizers.Adam(rate)}

    plan = toy_plan(build=body, compile_arguments=arguments, epochs=2)

    *_, after = fit_all(engine, tasks_of(2), lambda task: toy_data(), plan)

    (alone,) = fit_all(engine, tasks_of(2)[1:], lambda task: toy_data(), plan)
    assert (after.failure, alone.failure) == (None, None)
    assert after.history.train == alone.history.train
    assert after.predictions.tobytes() == alone.predictions.tobytes()


@pytest.mark.parametrize("trouble", [MemoryError(), DataError("the file has changed", hint="put it back")])
def test_a_fold_that_fails_leaves_the_others_as_they_would_be_alone(engine: Engine, trouble: Exception) -> None:
    def prepare(task: FoldTask) -> FoldData:
        if task.fold == 2:
            raise trouble
        return toy_data()

    tasks = tasks_of(3)

    first, second, third = fit_all(engine, tasks, prepare, toy_plan())

    (alone,) = fit_all(engine, tasks[2:], prepare, toy_plan())
    assert (first.failure, third.failure) == (None, None)
    assert second.failure is not None
    assert third.predictions.tobytes() == alone.predictions.tobytes()


def test_each_fold_gets_a_model_for_inputs_of_its_own_width(engine: Engine) -> None:
    wide = np.random.default_rng(1).normal(size=(ROWS, 6)).astype(np.float32)

    def prepare(task: FoldTask) -> FoldData:
        return toy_data() if task.fold == 1 else toy_data(inputs=wide)

    results = fit_all(engine, tasks_of(2), prepare, toy_plan())

    assert [next(iter(result.weights.values())).shape for result in results] == [(FEATURES, 8), (6, 8)]


def test_rows_that_are_not_followed_are_predicted_once_at_the_end_and_never_scored(engine: Engine) -> None:
    def never(predictions: np.ndarray) -> dict[str, float]:
        raise AssertionError("a test row was scored while training went on")

    followed = fit(engine, toy_data(), toy_plan())
    result = fit(engine, toy_data(score=never), toy_plan(follow=False))

    assert result.history.validation == {}
    assert result.history.epochs == 4
    assert result.predictions.tobytes() == followed.predictions.tobytes()


def test_a_fit_needs_no_validation_rows(engine: Engine) -> None:
    data = toy_data(train=np.arange(ROWS), validation=np.empty(0, np.int64))

    result = fit(engine, data, toy_plan())

    model, _ = by_hand(data, toy_plan())
    assert_same_weights(result.model, model)
    assert (len(result.predictions), result.failure) == (0, None)


def test_twelve_folds_are_not_retraced_with_a_warning(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    tasks = tasks_of(12)

    with caplog.at_level("WARNING"):
        fit_all(engine, tasks, lambda task: toy_data(), toy_plan(epochs=2))

    assert not [record for record in caplog.records if "retracing" in record.getMessage()]
