"""Fits by hand: a loop of ``train_on_batch`` over plain Keras, which the compiled engine must agree with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlrun import seeds
from dlrun.data.dataset import Array
from dlrun.training.contract import Engine, FitResult, FoldData, FoldTask, TrainingPlan

FEATURES = 4
BATCH = 8
SIZES = ((20, 6), (12, 9), (24, 6))
"""Training and validation rows of three folds: 2, 1 and 3 full batches of 8, and 4, 4 and 0 rows that are left."""
EVEN = ((16, 6), (8, 9), (24, 6))
"""The same without a last, smaller batch: one program less to compile."""
RAGGED = ((21, 6), (11, 9), (24, 5))
"""Rows that are left: 5, 3 and 0."""

Targets = Callable[[np.random.Generator, Array], Array]
"""Draws targets for inputs (rows, ...)."""
Layers = Callable[[], list[Any]]


@dataclass(frozen=True)
class ByHand:
    """What a fit by hand comes to: the model, and the history that ``model.fit`` returns."""

    model: Any
    history: dict[str, list[float]]


def tasks_of(count: int) -> list[FoldTask]:
    """Give the first tasks of a run."""
    return [FoldTask(iteration=1, fold=number + 1, seed=7, number=number) for number in range(count)]


def fold_of(inputs: Array, targets: Array, training_rows: int) -> FoldData:
    """Make a fold that trains on the first rows and is validated on the others."""
    rows = np.arange(len(inputs))
    return FoldData(inputs, targets, rows[:training_rows], rows[training_rows:], score=lambda predictions: {})


def folds_of(targets: Targets, sizes: Sequence[tuple[int, int]] = SIZES) -> list[FoldData]:
    """Draw folds of normal inputs (rows, 4), each with data of its own."""
    folds = []
    for number, (training, validation) in enumerate(sizes):
        random = np.random.default_rng(number)
        inputs = random.normal(size=(training + validation, FEATURES))
        folds.append(fold_of(inputs, targets(random, inputs), training))
    return folds


def one_value(random: np.random.Generator, inputs: Array) -> Array:
    """Targets of a regression (rows, 1)."""
    return inputs.sum(axis=1, keepdims=True) + random.normal(size=(len(inputs), 1))


def three_values(random: np.random.Generator, inputs: Array) -> Array:
    """Targets of a regression on several outputs (rows, 3)."""
    return inputs[:, :3] + random.normal(size=(len(inputs), 3))


def positive_values(random: np.random.Generator, inputs: Array) -> Array:
    """Targets between 0 and 1 (rows, 3)."""
    return random.uniform(0.05, 0.95, size=(len(inputs), 3))


def shares(random: np.random.Generator, inputs: Array) -> Array:
    """Targets that are distributions (rows, 3)."""
    return random.dirichlet(np.ones(3), size=len(inputs))


def coins(random: np.random.Generator, inputs: Array) -> Array:
    """Targets of a binary task (rows, 1)."""
    return (inputs[:, :1] + random.normal(size=(len(inputs), 1)) > 0).astype(float)


def several_coins(random: np.random.Generator, inputs: Array) -> Array:
    """Targets of a multilabel task (rows, 3)."""
    return (inputs[:, :3] + random.normal(size=(len(inputs), 3)) > 0).astype(float)


def labels(random: np.random.Generator, inputs: Array) -> Array:
    """Targets that are integers (rows,): one of three classes."""
    return (inputs[:, :3] + random.normal(size=(len(inputs), 3))).argmax(axis=1)


def one_hot(random: np.random.Generator, inputs: Array) -> Array:
    """Targets that are indicators of three classes (rows, 3)."""
    return np.eye(3)[labels(random, inputs)]


def themselves(random: np.random.Generator, inputs: Array) -> Array:
    """Targets of an autoencoder: the inputs."""
    return inputs


def sequential(layers: Layers, dtype: str | None = None) -> Callable[[tuple[int | None, ...], int], Any]:
    """Make a plan's ``build`` for a stack of layers."""

    def build(shape: tuple[int | None, ...], seed: int) -> Any:
        import keras

        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input(shape, dtype=dtype), *layers()])

    return build


def dense(outputs: int = 1, activation: str | None = None, **hidden: Any) -> Layers:
    """Give the layers of a net with one hidden layer."""

    def layers() -> list[Any]:
        import keras

        return [keras.layers.Dense(5, activation="tanh", **hidden), keras.layers.Dense(outputs, activation=activation)]

    return layers


def plan_of(
    layers: Layers,
    loss: Callable[[], Any] | str = "mse",
    optimiser: Callable[[], Any] | None = None,
    metrics: Callable[[], list[Any]] = list,
    **changes: Any,
) -> TrainingPlan:
    """Make a plan: 3 epochs with batches of 8, by stochastic gradient descent unless told otherwise."""

    def arguments() -> dict[str, Any]:
        import keras

        return {
            "optimizer": keras.optimizers.SGD(0.1) if optimiser is None else optimiser(),
            "loss": loss if isinstance(loss, str) else loss(),
            "metrics": metrics(),
        }

    names = tuple(metric.name for metric in metrics())
    plan = TrainingPlan(sequential(layers), arguments, names, ("loss", False), epochs=3, batch_size=BATCH)
    return replace(plan, **changes)


def fit_by_hand(task: FoldTask, data: FoldData, plan: TrainingPlan) -> ByHand:
    """Train with plain ``model.fit``, over batches that were laid out beforehand."""
    model = plan.build(data.inputs.shape[1:], seeds.child_seed(task.seed, "weights", task.iteration, task.fold))
    model.compile(**plan.compile_arguments(), run_eagerly=True)
    held_out = data.inputs[data.validation], data.targets[data.validation]
    history = model.fit(
        _batches(task, data, plan),
        steps_per_epoch=-(-len(data.train) // plan.batch_size),
        epochs=plan.epochs,
        shuffle=False,
        validation_data=held_out,
        validation_batch_size=len(data.validation),
        verbose=0,
    ).history
    return ByHand(model, history)


def _batches(task: FoldTask, data: FoldData, plan: TrainingPlan) -> Iterator[tuple[Array, ...]]:
    for epoch in range(1, plan.epochs + 1):
        order = data.train[seeds.batch_order(task.seed, task.iteration, task.fold, epoch, len(data.train))]
        for start in range(0, len(order), plan.batch_size):
            rows = order[start : start + plan.batch_size]
            parts = data.inputs[rows], data.targets[rows]
            yield parts if data.weights is None else (*parts, data.weights[rows])


def fit_together(engine: Engine, folds: Sequence[FoldData], plan: TrainingPlan) -> list[FitResult]:
    """Train the folds of a run with an engine."""
    return list(engine.fit(tasks_of(len(folds)), lambda task: folds[task.number], plan, lambda event: None))


def assert_same_weights(result: FitResult, theirs: ByHand, tolerance: float = 1e-9) -> None:
    """Compare the weights of a fit with those of one by hand."""
    ours = list(result.weights.values()) if result.model is None else result.model.get_weights()
    for mine, other in zip(ours, theirs.model.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)


def assert_as_by_hand(
    engine: Engine, folds: Sequence[FoldData], plan: TrainingPlan, tolerance: float = 1e-9
) -> list[FitResult]:
    """Compare an engine's fits of all folds with fits by hand: weights, training history and validation loss."""
    results = fit_together(engine, folds, plan)
    for result, data in zip(results, folds, strict=True):
        assert result.failure is None, result.failure
        theirs = fit_by_hand(result.task, data, plan)
        assert_same_weights(result, theirs, tolerance)
        ours = {**result.history.train, "val_loss": result.history.validation["loss"]}
        for name in ("loss", *plan.train_metrics, "val_loss"):
            np.testing.assert_allclose(ours[name], theirs.history[name], rtol=tolerance, atol=tolerance, err_msg=name)
    return results


def compiled(program: str, lanes: int = 3, *, xla: bool = True) -> Engine:
    """Make the compiled engine with one of its programs."""
    from dlrun.training.compiled.engine import CompiledEngine

    if program == "vectorized":
        return CompiledEngine(lanes, vectorized=True, xla=xla)
    return CompiledEngine(1, xla=program == "unrolled")
