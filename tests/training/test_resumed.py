"""A fit that goes on from a checkpoint: bit for bit the fit that was never interrupted, in every engine and epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data.dataset import Array
from dlrun.errors import RunFolderError
from dlrun.events import EpochEnded, Event, FitResumed, OnEvent, ignore
from dlrun.runs.formats import load_npz, save_npz
from dlrun.training.checkpoints import NO_CHECKPOINTS, Checkpoints, Snapshot
from dlrun.training.contract import EarlyStop, Engine, FitResult, FoldData, FoldTask, TrainingPlan
from tests.training.by_hand import coins, folds_of, plan_of, tasks_of
from tests.training.conftest import make_engine

pytestmark = pytest.mark.tensorflow

SIZES = ((24, 9), (20, 6), (24, 6))


class Killed(BaseException):
    """The process would be gone by now."""


class OnDisk:
    """Keeps every state in a file; after so many of them the process is killed."""

    def __init__(self, path: Path, kill_after: int | None = None) -> None:
        self.path, self._left = path, kill_after

    def offer(self, tasks: Sequence[FoldTask], take: Callable[[], Snapshot]) -> None:
        save_npz(self.path, take())
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                raise Killed

    def load(self, tasks: Sequence[FoldTask]) -> Snapshot | None:
        if not self.path.exists():
            return None
        snapshot = load_npz(self.path)
        names = {name.partition("/")[0] for name in snapshot}
        return snapshot if {task.name for task in tasks} <= names else None


def noisy() -> list[Any]:
    """Layers with every kind of state: weights, moving averages, random streams."""
    import keras

    return [
        keras.layers.GaussianNoise(0.1, seed=1),
        keras.layers.Dense(5, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.4, seed=2),
        keras.layers.Dense(1, activation="sigmoid"),
    ]


def adam() -> Any:
    import keras

    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, 20), amsgrad=True)


def averaged() -> Any:
    import keras

    return keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, use_ema=True, ema_momentum=0.5)


def counted() -> list[Any]:
    import keras

    return [keras.metrics.BinaryAccuracy(name="accuracy"), keras.metrics.AUC(name="auc")]


def noisy_plan(**changes: Any) -> TrainingPlan:
    plan = plan_of(noisy, "binary_crossentropy", adam, counted, epochs=6)
    return replace(plan, **changes)


STOPPING = EarlyStop("loss", patience=1, min_delta=0.0, higher_is_better=False, restore_best=True)


def with_monitor(data: FoldData) -> FoldData:
    """Cut off some training rows for early stopping to watch."""
    return replace(data, train=data.train[4:], monitor=data.train[:4], score_monitor=lambda predictions: {})


def fitted(
    engine: Engine,
    folds: Sequence[FoldData],
    plan: TrainingPlan,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
    on_event: OnEvent = ignore,
    done: int = 0,
) -> Iterator[FitResult]:
    """Train the folds of a run, but for the first ones, which are done."""
    return engine.fit(tasks_of(len(folds))[done:], lambda task: folds[task.number], plan, on_event, checkpoints)


def killed(engine: Engine, folds: Sequence[FoldData], plan: TrainingPlan, path: Path, epochs: int) -> None:
    """Train until so many states have been kept."""
    with pytest.raises(Killed):
        list(fitted(engine, folds, plan, OnDisk(path, epochs)))


def resumed(engine: Engine, folds: Sequence[FoldData], plan: TrainingPlan, path: Path, kills: int) -> list[FitResult]:
    """Train with an engine that is killed after every so many epochs, until all is done."""
    results: list[FitResult] = []
    while len(results) < len(folds):
        with suppress(Killed):  # what came before the kill stays
            results.extend(fitted(engine, folds, plan, OnDisk(path, kills), done=len(results)))
    return results


def bits_of(value: Any) -> Any:
    """Write what a fit came to as bytes; seconds are not of it."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {name: bits_of(part) for name, part in value.items()}
    return value


def weights_of(result: FitResult) -> list[Array]:
    """List the weights: of the last fold that is left, those in its model."""
    return list(result.weights.values()) if result.model is None else result.model.get_weights()


def assert_same(ours: Sequence[FitResult], theirs: Sequence[FitResult]) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        assert [bits_of(array) for array in weights_of(mine)] == [bits_of(array) for array in weights_of(other)]
        for field in fields(FitResult):
            if field.name == "history":
                assert mine.history.train == other.history.train
                assert mine.history.validation == other.history.validation
            elif field.name not in ("model", "weights"):
                assert bits_of(getattr(mine, field.name)) == bits_of(getattr(other, field.name)), field.name


@pytest.mark.parametrize("kills", [1, 4])
def test_fits_killed_again_and_again_end_as_those_that_were_not(engine: Engine, kills: int, tmp_path: Path) -> None:
    folds, plan = folds_of(coins, SIZES), noisy_plan()

    ours = resumed(engine, folds, plan, tmp_path / "checkpoint.npz", kills)

    assert_same(ours, list(fitted(engine, folds, plan)))
    assert all(result.history.epochs == plan.epochs for result in ours)


def test_early_stops_and_best_weights_survive(engine: Engine, tmp_path: Path) -> None:
    folds, plan = [with_monitor(data) for data in folds_of(coins, SIZES)], noisy_plan(epochs=30, early_stop=STOPPING)

    ours = resumed(engine, folds, plan, tmp_path / "checkpoint.npz", 2)

    assert_same(ours, list(fitted(engine, folds, plan)))
    assert any(result.stopped_early for result in ours)
    assert len({result.history.epochs for result in ours}) > 1, "lanes of a group should end in epochs of their own"


def test_moving_averages_of_weights_are_put_in_place_once(engine: Engine, tmp_path: Path) -> None:
    folds, plan = folds_of(coins, SIZES), plan_of(noisy, "binary_crossentropy", averaged)

    ours = resumed(engine, folds, plan, tmp_path / "checkpoint.npz", 1)

    assert_same(ours, list(fitted(engine, folds, plan)))


def test_a_single_fit_gives_its_model(engine: Engine, tmp_path: Path) -> None:
    folds, plan = folds_of(coins, SIZES[:1]), noisy_plan(follow=False)

    ours = resumed(engine, folds, plan, tmp_path / "checkpoint.npz", 2)

    assert_same(ours, list(fitted(engine, folds, plan)))


def test_a_fit_that_goes_on_tells_of_the_epochs_before_and_does_not_train_them(engine: Engine, tmp_path: Path) -> None:
    folds, path = folds_of(coins, SIZES[:1]), tmp_path / "checkpoint.npz"
    killed(engine, folds, noisy_plan(), path, epochs=4)
    told: list[Event] = []

    (result,) = fitted(engine, folds, noisy_plan(), OnDisk(path), told.append)

    (before,) = [event for event in told if isinstance(event, FitResumed)]
    assert before.epoch == 4
    assert tuple(before.validation["loss"]) == tuple(result.history.validation["loss"][:4])
    assert [event.epoch for event in told if isinstance(event, EpochEnded)] == [5, 6]


def test_lanes_whose_fold_is_stored_are_not_trained_again(tmp_path: Path) -> None:
    engine, folds, path = make_engine("vectorized"), folds_of(coins, SIZES), tmp_path / "checkpoint.npz"
    whole = list(fitted(engine, folds, noisy_plan()))
    killed(engine, folds, noisy_plan(), path, epochs=5)
    told: list[Event] = []

    # As if killed while the folds of a group that had ended were being stored: one of three is left.
    (ours,) = fitted(engine, folds, noisy_plan(), OnDisk(path), told.append, done=2)

    np.testing.assert_array_equal(ours.predictions, whole[2].predictions)
    assert {(event.fold, event.epoch) for event in told if isinstance(event, EpochEnded)} == {(3, 6)}


def test_a_checkpoint_of_another_net_is_refused(engine: Engine, tmp_path: Path) -> None:
    folds, path = folds_of(coins, SIZES[:1]), tmp_path / "checkpoint.npz"
    killed(engine, folds, noisy_plan(), path, epochs=1)
    save_npz(path, {name: array if "follow" in name else array[..., None] for name, array in load_npz(path).items()})

    with pytest.raises(RunFolderError, match="not one of this model"):
        list(fitted(engine, folds, noisy_plan(), OnDisk(path)))
