"""The compiled engine against fits by hand with plain Keras: layers, weights of rows, uneven lanes, early stopping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dlrun.training.contract import EarlyStop, FoldData
from tests.training.by_hand import (
    EVEN,
    RAGGED,
    SIZES,
    Layers,
    assert_as_by_hand,
    assert_same_weights,
    compiled,
    dense,
    fit_by_hand,
    fit_together,
    fold_of,
    folds_of,
    one_value,
    plan_of,
    tasks_of,
    three_values,
)

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("float64")]


def keras_layers(name: str, *args: Any, **options: Any) -> Any:
    import keras

    return getattr(keras.layers, name)(*args, **options)


def penalised() -> list[Any]:
    import keras

    regularisers = keras.regularizers
    hidden = keras_layers(
        "Dense",
        5,
        activation="tanh",
        kernel_regularizer=regularisers.L1L2(0.01, 0.02),
        bias_regularizer=regularisers.L1(0.1),
        activity_regularizer=regularisers.L2(0.01),
    )
    return [hidden, keras_layers("ActivityRegularization", 0.01, 0.02), keras_layers("Dense", 1)]


def constrained() -> list[Any]:
    import keras

    constraints = keras.constraints
    return [
        keras_layers("Dense", 5, kernel_constraint=constraints.MaxNorm(0.5)),
        keras_layers("Dense", 5, kernel_constraint=constraints.NonNeg(), bias_constraint=constraints.NonNeg()),
        keras_layers("Dense", 5, kernel_constraint=constraints.UnitNorm()),
        keras_layers("Dense", 1, kernel_constraint=constraints.MinMaxNorm(0.2, 0.6, rate=0.5)),
    ]


def normalised() -> list[Any]:
    return [
        keras_layers("Dense", 5),
        keras_layers("BatchNormalization"),
        keras_layers("Dense", 5),
        keras_layers("LayerNormalization"),
        keras_layers("RMSNormalization"),
        keras_layers("UnitNormalization"),
        keras_layers("Dense", 1),
    ]


def shaped() -> list[Any]:
    return [
        keras_layers("Reshape", (2, 2)),
        keras_layers("Permute", (2, 1)),
        keras_layers("Flatten"),
        keras_layers("Rescaling", 2.0),
        keras_layers("RepeatVector", 3),
        keras_layers("EinsumDense", "abc,cd->abd", (None, 5), bias_axes="d"),
        keras_layers("GlobalMaxPooling1D"),
        keras_layers("PReLU"),
        keras_layers("LeakyReLU"),
        keras_layers("ELU"),
        keras_layers("Dense", 1),
    ]


STACKS: dict[str, Layers] = {
    "penalties": penalised,
    "constraints": constrained,
    "normalisation": normalised,
    "shapes": shaped,
}


@pytest.mark.parametrize("program", ["vectorized", "unrolled", "graph"])
@pytest.mark.parametrize("stack", STACKS)
def test_dense_like_layers_train_as_by_hand(stack: str, program: str) -> None:
    folds = folds_of(one_value, RAGGED if program == "vectorized" else RAGGED[:1])

    assert_as_by_hand(compiled(program), folds, plan_of(STACKS[stack]))


@pytest.mark.parametrize("program", ["vectorized", "graph"])
@pytest.mark.parametrize("masked", [False, True])
def test_embeddings_train_as_by_hand(program: str, masked: bool) -> None:
    import keras

    def layers() -> list[Any]:
        return [
            keras_layers("Embedding", 10, 4, mask_zero=masked),
            keras_layers("GlobalAveragePooling1D"),
            keras_layers("Dense", 1),
        ]

    folds = []
    for number, (training, validation) in enumerate(SIZES):
        random = np.random.default_rng(number)
        tokens = random.integers(0, 10, (training + validation, 6)).astype(np.int32)
        folds.append(fold_of(tokens, random.normal(size=(training + validation, 1)), training))

    assert_as_by_hand(compiled(program), folds, plan_of(layers, optimiser=lambda: keras.optimizers.Adam(0.01)))


def bidirectional() -> Any:
    import keras

    return keras.layers.Bidirectional(keras.layers.LSTM(3))


OTHERS: dict[str, tuple[tuple[int, ...], Layers]] = {
    "convolutions over time": (
        (8, 2),
        lambda: [
            keras_layers("Conv1D", 4, 3, activation="relu"),
            keras_layers("MaxPooling1D", 2),
            keras_layers("SeparableConv1D", 3, 2),
            keras_layers("Flatten"),
        ],
    ),
    "convolutions over images": (
        (6, 6, 1),
        lambda: [
            keras_layers("Conv2D", 3, 3, activation="relu"),
            keras_layers("AveragePooling2D", 2),
            keras_layers("BatchNormalization"),
            keras_layers("Flatten"),
        ],
    ),
    "LSTM": ((5, 2), lambda: [keras_layers("LSTM", 4)]),
    "GRU": ((5, 2), lambda: [keras_layers("GRU", 4)]),
    "bidirectional": ((5, 2), lambda: [bidirectional()]),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", OTHERS)
def test_other_layers_train_as_by_hand_in_a_graph(kind: str) -> None:
    shape, layers = OTHERS[kind]
    random = np.random.default_rng(0)
    data = fold_of(random.normal(size=(26, *shape)), random.normal(size=(26, 1)), 20)

    assert_as_by_hand(compiled("graph"), [data], plan_of(lambda: [*layers(), keras_layers("Dense", 1)]))


def test_a_layer_that_sets_its_own_kernel_is_refused_by_name() -> None:
    def layers() -> list[Any]:
        return [keras_layers("SpectralNormalization", keras_layers("Dense", 4)), keras_layers("Dense", 1)]

    (result,) = fit_together(compiled("graph"), folds_of(one_value, EVEN[:1]), plan_of(layers))

    assert result.failure is not None
    assert "spectral_normalization" in result.failure


@pytest.mark.parametrize("program", ["vectorized", "unrolled", "graph"])
def test_weights_of_rows_count_as_by_hand(program: str) -> None:
    import keras

    folds = [
        replace(data, weights=np.linspace(0, 2, len(data.inputs), dtype=np.float32)) for data in folds_of(three_values)
    ]
    metrics: Callable[[], list[Any]] = lambda: [keras.metrics.MeanAbsoluteError(name="mae")]  # noqa: E731

    assert_as_by_hand(compiled(program), folds, plan_of(dense(3), metrics=metrics))


def test_lanes_that_are_unrolled_together_train_as_by_hand() -> None:
    from dlrun.training.compiled.engine import CompiledEngine

    assert_as_by_hand(CompiledEngine(3, xla=True), folds_of(one_value, RAGGED), plan_of(dense()))


def test_more_fits_than_lanes_train_as_by_hand() -> None:
    folds = folds_of(one_value, [*SIZES, (23, 7), (5, 2)])

    assert_as_by_hand(compiled("vectorized", xla=False), folds, plan_of(dense()))


def test_one_fold_beside_an_idle_lane_trains_as_by_hand() -> None:
    (result,) = assert_as_by_hand(compiled("vectorized", 2), folds_of(one_value, SIZES[:1]), plan_of(dense()))

    assert result.model is not None


def stopping(folds: Sequence[FoldData], scores: Sequence[Sequence[float]]) -> list[FoldData]:
    """Give each fold inner rows to watch, the last of its training rows, and the scores that they will have."""

    def scored(values: Sequence[float]) -> Callable[[Any], dict[str, float]]:
        coming = iter(values)
        return lambda predictions: {"score": next(coming)}

    return [
        replace(data, train=data.train[:-4], monitor=data.train[-4:], score_monitor=scored(values))
        for data, values in zip(folds, scores, strict=True)
    ]


@pytest.mark.parametrize("restore_best", [True, False])
def test_lanes_that_stop_at_different_epochs_have_the_weights_that_they_have_by_hand(restore_best: bool) -> None:
    scores = [[3.0, 1.0, 2.0, 2.0], [1.0, 2.0, 3.0], [3.0, 2.0, 1.0, 0.5, 0.7, 0.8]]
    folds = stopping(folds_of(one_value), scores)
    rule = EarlyStop("score", patience=2, min_delta=0.0, higher_is_better=False, restore_best=restore_best)
    plan = plan_of(dense(), epochs=6, early_stop=rule)

    results = fit_together(compiled("vectorized", xla=False), folds, plan)

    assert [result.history.epochs for result in results] == [4, 3, 6]
    assert [result.stopped_early for result in results] == [True, True, False]
    assert [result.final_epoch for result in results] == ([2, 1, 4] if restore_best else [4, 3, 6])
    for result, data in zip(results, folds, strict=True):
        theirs = fit_by_hand(result.task, data, replace(plan, epochs=result.final_epoch))
        assert_same_weights(result, theirs)
        predicted = theirs.model.predict(data.inputs[data.validation], verbose=0)
        np.testing.assert_allclose(result.predictions, predicted, rtol=1e-6, atol=1e-6)


def linear() -> list[Any]:
    return [keras_layers("Dense", 1)]


@pytest.mark.parametrize("trouble", ["a missing target", "inputs that are too large"])
def test_a_lane_that_diverges_fails_at_its_epoch_and_leaves_no_trace_in_the_others(trouble: str) -> None:
    good = folds_of(one_value)
    targets = good[1].targets.copy()
    targets[0] = np.nan
    spoilt = {"targets": targets} if trouble == "a missing target" else {"inputs": 1e6 * good[1].inputs}
    bad = [good[0], replace(good[1], **spoilt), good[2]]
    plan = plan_of(linear, epochs=10)

    clean = fit_together(compiled("vectorized"), good, plan)
    results = fit_together(compiled("vectorized"), bad, plan)

    history = fit_by_hand(tasks_of(2)[1], bad[1], plan).history
    finite = np.isfinite(history["loss"]) & np.isfinite(history["val_loss"])
    epoch = int(np.argmin(finite)) + 1
    assert not finite.all()
    in_the_middle = not np.isfinite(history["loss"][epoch - 1])  # the epoch that loses it is none that has ended
    assert results[1].history.epochs == epoch - in_the_middle
    assert f"in epoch {epoch}" in str(results[1].failure)
    for mine, other in ((results[0], clean[0]), (results[2], clean[2])):
        assert mine.failure is None
        assert mine.history.train == other.history.train
        assert [array.tobytes() for array in mine.weights.values()] == [
            array.tobytes() for array in other.weights.values()
        ]
