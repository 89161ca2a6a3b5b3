"""Steps for targets in a run: by hand with plain Keras and scikit-learn, the figures and units are the same."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.errors import SpecError
from dlrun.experiment import plan
from dlrun.seeds import batch_order, child_seed

ROWS, EPOCHS, BATCH = 60, 3, 8
RANDOM = np.random.default_rng(4)
INPUTS = RANDOM.normal(size=(ROWS, 3))
PRICES = np.exp(INPUTS @ [1.0, -0.5, 0.2] + 4)


def write(folder: Path, more: str = "", targets: Any = PRICES) -> Path:
    lines = [",".join(map(str, [*row, price])) for row, price in zip(INPUTS, targets, strict=True)]
    (folder / "prices.csv").write_text("\n".join(["a,b,c,price", *lines]) + "\n")
    (folder / "spec.yaml").write_text(
        "dataset: {source: csv, path: prices.csv, target: price}\n"
        f"layers: [Dense: 4]\nmetrics: [mae, r2]\ntraining: {{epochs: {EPOCHS}, batch_size: {BATCH}}}\n{more}"
    )
    return folder / "spec.yaml"


class ByHand:
    """One fold as one would fit it in a notebook: the targets' logarithm, then standardised."""

    def __init__(self, train: Any, validation: Any, fold: int) -> None:
        import keras

        logs = np.log(PRICES)
        mean, std = logs[train].mean(), logs[train].std()
        targets = ((logs - mean) / std).astype(np.float32)[:, None]
        inputs = INPUTS.astype(np.float32)
        keras.utils.set_random_seed(child_seed(0, "weights", 1, fold))
        layers = [keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        model.compile(optimizer=keras.optimizers.RMSprop(), loss="mse")
        for epoch in range(1, EPOCHS + 1):
            order = train[batch_order(0, 1, fold, epoch, len(train))]
            for start in range(0, len(order), BATCH):
                batch = order[start : start + BATCH]
                model.train_on_batch(inputs[batch], targets[batch])
        said = np.asarray(model.predict_on_batch(inputs[validation]))[:, 0].astype(float)
        self.predictions = np.exp(said * std + mean)
        self.mae = float(np.abs(self.predictions - PRICES[validation]).mean())
        self.loss = float(np.square(said - targets[validation, 0]).mean())


@pytest.mark.tensorflow
@pytest.mark.parametrize("engine", ["keras", "compiled"])
def test_nets_and_linear_baseline_train_on_transformed_targets_and_are_scored_on_the_original_ones(
    tmp_path: Path, engine: str
) -> None:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    spec = write(tmp_path, "targets: [log, normalise]\nevaluation: {protocol: kfold, k: 2}\n")

    folder = run(load_spec(spec, [f"training.engine={engine}"]), runs_dir=tmp_path / "runs").folder

    record = json.loads((folder / "record.json").read_text())
    with (folder / "predictions.csv").open() as stream:
        predicted = {int(row["row"]): float(row["prediction"]) for row in csv.DictReader(stream)}
    with np.load(folder / "splits.npz") as file:
        splits = {name: file[name] for name in file.files}
    with (folder / "history.csv").open() as stream:
        history = {(row["fold"], row["epoch"], row["metric"]): row for row in csv.DictReader(stream)}
    linear = []
    for fold in (1, 2):
        train, validation = splits[f"i1-f{fold}_train"], splits[f"i1-f{fold}_validation"]
        by_hand = ByHand(train, validation, fold)
        np.testing.assert_allclose([predicted[row] for row in validation], by_hand.predictions, rtol=1e-4)
        last = history[str(fold), str(EPOCHS), "loss"]
        assert float(last["validation"]) == pytest.approx(by_hand.loss, rel=1e-4)
        assert float(last["train"]) < 10  # in the units of the logarithm, like the validation loss
        assert history[str(fold), str(EPOCHS), "mae"]["train"] == ""
        assert record["scores"]["validation"]["mae"]["per_fold"][0][fold - 1] == pytest.approx(by_hand.mae, rel=1e-4)
        (log, normalise) = json.loads((folder / "folds" / f"i1-f{fold}" / "targets.json").read_text())
        assert (log, normalise["offset"]) == ({"step": "log"}, pytest.approx(np.log(PRICES[train]).mean()))
        ridge = make_pipeline(StandardScaler(), Ridge(1.0))
        standardised = TransformedTargetRegressor(ridge, transformer=StandardScaler())
        theirs = TransformedTargetRegressor(standardised, func=np.log, inverse_func=np.exp)
        said = theirs.fit(INPUTS[train], PRICES[train]).predict(INPUTS[validation])
        linear.append(np.abs(said - PRICES[validation]).mean())
    assert record["scores"]["baselines"]["linear"]["mae"] == pytest.approx(np.mean(linear), rel=1e-4)
    medians = [
        np.abs(np.median(PRICES[splits[f"i1-f{fold}_train"]]) - PRICES[splits[f"i1-f{fold}_validation"]]).mean()
        for fold in (1, 2)
    ]
    assert record["scores"]["baselines"]["median"]["mae"] == pytest.approx(np.mean(medians), rel=1e-5)


@pytest.mark.tensorflow
def test_test_scores_are_in_the_original_units_and_the_saved_model_says_how_to_come_back(tmp_path: Path) -> None:
    import keras

    from dlrun.experiment import final_test

    spec = write(tmp_path, "targets: [log, normalise]\n")
    folder = run(load_spec(spec), runs_dir=tmp_path / "runs").folder

    record = final_test(folder).record

    with (folder / "test_predictions.csv").open() as stream:
        rows = [(int(row["row"]), float(row["prediction"])) for row in csv.DictReader(stream)]
    places, said = np.array([row for row, _ in rows]), np.array([value for _, value in rows])
    assert record["scores"]["test"]["mae"]["mean"] == pytest.approx(np.abs(said - PRICES[places]).mean(), rel=1e-5)
    raw = keras.models.load_model(folder / "model.keras").predict(INPUTS[places].astype(np.float32), verbose=0)[:, 0]
    (_, normalise) = json.loads((folder / "targets.json").read_text())
    np.testing.assert_allclose(np.exp(raw * normalise["divisor"] + normalise["offset"]), said, rtol=1e-4)


def test_heads_and_losses_are_judged_by_what_the_net_trains_on(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"'sigmoid' gives values in 0\.\.1, but the targets lie in"):
        plan(load_spec(write(tmp_path, "last_activation: sigmoid\n")))

    scaled = plan(load_spec(write(tmp_path, "last_activation: sigmoid\ntargets: scale\n")))

    assert (scaled.facts.target_low, scaled.facts.target_high) == (0, 1)
    with pytest.raises(SpecError, match=r"'sigmoid' gives values in 0\.\.1, but the targets lie in -"):
        plan(load_spec(write(tmp_path, "last_activation: sigmoid\ntargets: normalise\n")))


def test_targets_that_have_no_logarithm_are_pointed_at_in_the_spec(tmp_path: Path) -> None:
    spec = write(tmp_path, "targets: [log, normalise]\n", targets=np.arange(ROWS) + 0.5 - 1)

    with pytest.raises(
        SpecError, match=r"spec.yaml:5:11  targets\[0\]: log needs targets above 0, and 1 of 60 are not"
    ):
        plan(load_spec(spec))


def test_held_out_targets_change_nothing_that_is_fitted(tmp_path: Path) -> None:
    clean = plan(load_spec(write(tmp_path, "targets: [log1p, normalise]\nevaluation: {duplicates: allow}\n")))
    held_out = np.concatenate([clean.splits.splits[0].validation, clean.splits.test])
    garbled = PRICES.copy()
    garbled[held_out] *= 1e6

    again = plan(load_spec(write(tmp_path, "targets: [log1p, normalise]\nevaluation: {duplicates: allow}\n", garbled)))

    assert again.splits.splits[0].validation.tolist() == clean.splits.splits[0].validation.tolist()
    assert again.first.target_steps.state() == clean.first.target_steps.state()
    assert again.facts == clean.facts
