"""Cross-validation done by hand, with NumPy, scikit-learn and plain Keras alone, gives what a run gives.

What is taken from dlrun is what a run draws at random: the seeds of its named draws and the order of its batches.
On one machine the weights agree to the last bit; the tolerance is for kernels that add up in another order.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.seeds import batch_order, child_seed

pytestmark = pytest.mark.tensorflow

Array = np.ndarray[Any, np.dtype[Any]]
CLOSE = 1e-5


@dataclass(frozen=True)
class Setting:
    """What a person would write down before beginning: data, net and training."""

    inputs: Array
    targets: Array
    units: tuple[int, ...]
    last: str | None
    loss: str
    rate: float
    batch: int
    epochs: int
    patience: int | None = None
    balanced: bool = False


@dataclass(frozen=True)
class Fold:
    """One fit by hand: its weights in the order of the layers, and the predictions for its validation rows."""

    initial: list[Array]
    weights: list[Array]
    predictions: Array
    epoch: int
    epochs: int


@dataclass(frozen=True)
class Run:
    """What dlrun left."""

    folder: Path
    splits: Mapping[str, Array]
    record: dict[str, Any]

    def weights(self, iteration: int, fold: int) -> list[Array]:
        with np.load(self.folder / "folds" / f"i{iteration}-f{fold}" / "weights.npz") as file:
            return [file[name] for name in file.files]

    def predicted(self, iteration: int, fold: int, column: str) -> dict[int, float]:
        with (self.folder / "predictions.csv").open() as stream:
            rows = [
                row for row in csv.DictReader(stream) if (row["iteration"], row["fold"]) == (f"{iteration}", f"{fold}")
            ]
        return {int(row["row"]): float(row[column]) for row in rows}

    def per_fold(self, metric: str) -> list[float]:
        return [score for scores in self.record["scores"]["validation"][metric]["per_fold"] for score in scores]


def carry_out(spec: str, folder: Path) -> Run:
    (folder / "by_hand.yaml").write_text(spec)
    left = run(load_spec(folder / "by_hand.yaml"), runs_dir=folder / "runs").folder
    with np.load(left / "splits.npz") as file:
        splits = {name: file[name] for name in file.files}
    return Run(left, splits, json.loads((left / "record.json").read_text()))


def train(
    setting: Setting, train: Array, monitor: Array, validation: Array, iteration: int, fold: int, seed: int = 0
) -> Fold:
    """Train one fold as one would in a notebook."""
    import keras

    mean, std = setting.inputs[train].mean(axis=0), setting.inputs[train].std(axis=0)
    inputs = ((setting.inputs - mean) / std).astype(np.float32)
    targets = setting.targets.reshape(-1, 1).astype(np.float32)
    weights = class_weights(setting.targets, train) if setting.balanced else None

    keras.utils.set_random_seed(child_seed(seed, "weights", iteration, fold))
    hidden = [keras.layers.Dense(units, activation="relu") for units in setting.units]
    model = keras.Sequential([keras.Input((inputs.shape[1],)), *hidden, keras.layers.Dense(1, activation=setting.last)])
    model.compile(optimizer=keras.optimizers.RMSprop(setting.rate), loss=setting.loss)
    initial, losses, kept = model.get_weights(), [], []
    for epoch in range(1, setting.epochs + 1):
        order = train[batch_order(seed, iteration, fold, epoch, len(train))]
        for start in range(0, len(order), setting.batch):
            batch = order[start : start + setting.batch]
            model.train_on_batch(inputs[batch], targets[batch], None if weights is None else weights[batch])
        if setting.patience is None:
            continue
        losses.append(float(model.test_on_batch(inputs[monitor], targets[monitor])))
        kept.append(model.get_weights())
        if epoch - 1 - int(np.argmin(losses)) >= setting.patience:
            break
    if kept:
        model.set_weights(kept[int(np.argmin(losses))])
    predictions = model.predict_on_batch(inputs[validation])[:, 0]
    best = int(np.argmin(losses)) + 1 if losses else setting.epochs
    return Fold(initial, model.get_weights(), np.asarray(predictions), best, epoch)


def class_weights(targets: Array, train: Array) -> Array:
    from sklearn.utils import compute_class_weight

    return compute_class_weight("balanced", classes=np.array([0, 1]), y=targets[train])[targets].astype(np.float32)


def assert_equal_weights(ours: list[Array], theirs: list[Array]) -> None:
    assert [array.shape for array in ours] == [array.shape for array in theirs]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=CLOSE)


# ---- Boston: a regression in four folds, with a provided test set ----------------------------------------------------

BOSTON = """\
dataset: boston_housing
preprocessing: [normalise]
layers: [Dense: 64, Dense: 64]
last_activation: none
loss: mse
optimiser: {name: rmsprop, learning_rate: 0.001}
metrics: [mae]
evaluation: {protocol: kfold, k: 4}
training: {epochs: 3, batch_size: 16}
"""


@dataclass(frozen=True)
class Boston:
    setting: Setting
    run: Run
    folds: list[Fold]


@pytest.fixture(scope="module")
def boston(real_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Boston:
    file = real_data("boston_housing/boston_housing.npz")
    home = tmp_path_factory.mktemp("boston")
    (home / "datasets").mkdir()
    (home / "datasets" / file.name).symlink_to(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(home))
        left = carry_out(BOSTON, home)
    with np.load(file) as arrays:
        inputs, targets = arrays["x"], arrays["y"]
    order = np.arange(len(inputs))
    np.random.RandomState(113).shuffle(order)  # as keras.datasets.boston_housing
    setting = Setting(inputs[order], targets[order], (64, 64), None, "mse", 0.001, 16, 3)
    return Boston(setting, left, [train(setting, *rows, 1, fold) for fold, rows in enumerate(boston_rows(setting), 1)])


def boston_rows(setting: Setting) -> Iterator[tuple[Array, Array, Array]]:
    from sklearn.model_selection import KFold

    pool = np.arange(int(len(setting.inputs) * 0.8))
    for kept, held in KFold(4, shuffle=True, random_state=child_seed(0, "folds", 1)).split(pool):
        yield pool[kept], pool[:0], pool[held]


def test_the_folds_are_those_of_scikit_learns_kfold(boston: Boston) -> None:
    expected = {"test": np.arange(404, 506)}
    for fold, (kept, _, held) in enumerate(boston_rows(boston.setting), 1):
        expected |= {f"i1-f{fold}_train": kept, f"i1-f{fold}_validation": held}

    assert {name: rows.tolist() for name, rows in boston.run.splits.items()} == {
        name: rows.tolist() for name, rows in expected.items()
    }


@pytest.mark.parametrize("fold", [1, 2, 3, 4])
def test_a_folds_weights_are_those_of_a_plain_keras_loop(boston: Boston, fold: int) -> None:
    by_hand = boston.folds[fold - 1]

    assert_equal_weights(boston.run.weights(1, fold), by_hand.weights)
    moved = [np.abs(after - before).max() for after, before in zip(by_hand.weights, by_hand.initial, strict=True)]
    assert min(moved) > 100 * CLOSE


def test_a_fold_is_normalised_by_its_own_training_rows(boston: Boston) -> None:
    for fold, (kept, _, _) in enumerate(boston_rows(boston.setting), 1):
        (state,) = json.loads((boston.run.folder / "folds" / f"i1-f{fold}" / "preprocessing.json").read_text())

        rows = boston.setting.inputs[kept]
        np.testing.assert_allclose(state["offset"], rows.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(state["divisor"], rows.std(axis=0), rtol=1e-12)


def test_the_score_is_the_mean_of_scikit_learns_scores_of_the_folds_by_hand(boston: Boston) -> None:
    from sklearn.metrics import mean_absolute_error, mean_squared_error

    targets = boston.setting.targets
    held = [validation for _, _, validation in boston_rows(boston.setting)]
    for name, score in (("mae", mean_absolute_error), ("loss", mean_squared_error)):
        expected = [score(targets[rows], fold.predictions) for rows, fold in zip(held, boston.folds, strict=True)]

        assert boston.run.per_fold(name) == pytest.approx(expected, rel=1e-5)
        found = boston.run.record["scores"]["validation"][name]
        assert found["mean"] == pytest.approx(np.mean(expected), rel=1e-5)
        assert found["std"] == pytest.approx(np.std(expected, ddof=1), rel=1e-5)


def test_out_of_fold_predictions_are_those_of_the_nets_by_hand(boston: Boston) -> None:
    for fold, (_, _, held) in enumerate(boston_rows(boston.setting), 1):
        predicted = boston.run.predicted(1, fold, "prediction")

        assert list(predicted) == held.tolist()
        np.testing.assert_allclose(list(predicted.values()), boston.folds[fold - 1].predictions, rtol=1e-4)


# ---- Breast cancer: classes in proportion, reshuffled, stopped early on inner rows, weighted -------------------------

CANCER = """\
dataset: breast_cancer
preprocessing: [normalise]
layers: [Dense: 8]
optimiser: {name: rmsprop, learning_rate: 0.03}
evaluation: {protocol: iterated_kfold, k: 3, iterations: 2, test: 0.2}
training: {epochs: 8, batch_size: 32, class_weight: balanced, early_stopping: {patience: 2, inner: 0.25}}
"""
PLACES = [(iteration, fold) for iteration in (1, 2) for fold in (1, 2, 3)]


@dataclass(frozen=True)
class Cancer:
    setting: Setting
    run: Run
    rows: dict[tuple[int, int], tuple[Array, Array, Array]]
    folds: dict[tuple[int, int], Fold]


@pytest.fixture(scope="module")
def cancer(tmp_path_factory: pytest.TempPathFactory) -> Cancer:
    from sklearn.datasets import load_breast_cancer

    left = carry_out(CANCER, tmp_path_factory.mktemp("cancer"))
    data = load_breast_cancer()
    setting = Setting(
        data.data, data.target, (8,), "sigmoid", "binary_crossentropy", 0.03, 32, 8, patience=2, balanced=True
    )
    rows = cancer_rows(data.target)
    return Cancer(setting, left, rows, {place: train(setting, *rows[place], *place) for place in PLACES})


def cancer_rows(targets: Array) -> dict[tuple[int, int], tuple[Array, Array, Array]]:
    """Draw the test rows, then the folds of each iteration, then a quarter of the training rows to stop by."""
    from sklearn.model_selection import StratifiedKFold, train_test_split

    rows = {}
    test = child_seed(0, "test rows")
    pool, _ = train_test_split(np.arange(len(targets)), test_size=114, random_state=test, stratify=targets)
    pool.sort()
    for iteration in (1, 2):
        splitter = StratifiedKFold(3, shuffle=True, random_state=child_seed(0, "folds", iteration))
        for fold, (kept, held) in enumerate(splitter.split(pool, targets[pool]), 1):
            place = () if (iteration, fold) == (1, 1) else (iteration, fold)  # the first draw has no place in its name
            train, monitor = train_test_split(
                pool[kept],
                test_size=int(len(kept) * 0.25 + 0.5),
                random_state=child_seed(0, "inner split", *place),
                stratify=targets[pool[kept]],
            )
            rows[iteration, fold] = np.sort(train), np.sort(monitor), pool[held]
    return rows


@pytest.mark.parametrize("place", PLACES)
def test_folds_by_class_and_their_inner_rows_are_those_of_scikit_learns_splitters(
    cancer: Cancer, place: tuple[int, int]
) -> None:
    name = "i{}-f{}".format(*place)

    train, monitor, validation = cancer.rows[place]
    for part, rows in (("train", np.union1d(train, monitor)), ("monitor", monitor), ("validation", validation)):
        assert cancer.run.splits[f"{name}_{part}"].tolist() == rows.tolist()
    used = np.concatenate(cancer.rows[place])
    assert cancer.run.splits["test"].tolist() == np.setdiff1d(np.arange(569), used).tolist()


@pytest.mark.parametrize("place", PLACES)
def test_with_class_weights_and_an_early_stop_the_weights_are_those_of_a_plain_keras_loop(
    cancer: Cancer, place: tuple[int, int]
) -> None:
    by_hand = cancer.folds[place]

    assert_equal_weights(cancer.run.weights(*place), by_hand.weights)
    training, at = cancer.run.record["training"], PLACES.index(place)
    assert (training["final_epoch"][at], training["epochs_trained"][at]) == (by_hand.epoch, by_hand.epochs)


def test_some_folds_by_hand_stop_early_and_go_back(cancer: Cancer) -> None:
    assert any(fold.epochs < cancer.setting.epochs for fold in cancer.folds.values())
    assert any(fold.epoch < fold.epochs for fold in cancer.folds.values())


def test_the_score_of_iterated_folds_is_the_mean_of_the_iterations_means_by_scikit_learn(cancer: Cancer) -> None:
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    def by_hand(score: Callable[[Array, Array], float]) -> list[float]:
        return [
            score(cancer.setting.targets[cancer.rows[place][2]], cancer.folds[place].predictions) for place in PLACES
        ]

    expected = {
        "accuracy": by_hand(lambda truth, probability: accuracy_score(truth, probability > 0.5)),
        "roc_auc": by_hand(roc_auc_score),
        "loss": by_hand(lambda truth, probability: log_loss(truth, np.clip(probability.astype(float), 1e-7, 1 - 1e-7))),
    }

    for name, scores in expected.items():
        assert cancer.run.per_fold(name) == pytest.approx(scores, rel=1e-4)
        means = [np.mean(scores[:3]), np.mean(scores[3:])]
        assert cancer.run.record["scores"]["validation"][name]["mean"] == pytest.approx(np.mean(means), rel=1e-4)
