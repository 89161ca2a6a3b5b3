"""An autoencoder: its targets are the encoded inputs of each fold, whatever the data set's own targets are."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from dlrun import load_spec, run
from dlrun.errors import DataError, SpecError
from dlrun.experiment import final_test, plan, run_fold

SPEC = """\
task: autoencoder
dataset: digits
preprocessing: [rescale: 1/16]
layers:
  - Dense: {units: 4, activation: none, name: code}
  - Dense: 16
codes: code
optimiser: adam
training: {epochs: 3, batch_size: 64}
"""


def write(folder: Path, text: str = SPEC) -> Path:
    path = folder / "spec.yaml"
    path.write_text(text)
    return path


def trained(folder: Path, text: str = SPEC, *overrides: str, into: str = "runs") -> Path:
    return run(load_spec(write(folder, text), overrides), runs_dir=folder / into).folder


def record_of(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "record.json").read_text())
    return record


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.tensorflow
def test_a_run_scores_how_well_inputs_are_given_back(tmp_path: Path) -> None:
    folder = trained(tmp_path)

    arrays = np.load(folder / "predictions.npz")
    pixels = load_digits().data[arrays["rows"]].astype(np.float32) / 16
    np.testing.assert_array_equal(arrays["targets"], pixels)
    errors = np.square(pixels.astype(np.float64) - arrays["predictions"]).mean(axis=1)
    record = record_of(folder)
    assert record["scores"]["validation"]["mse"]["mean"] == pytest.approx(errors.mean())
    assert [float(row["error"]) for row in rows_of(folder / "predictions.csv")] == pytest.approx(errors)
    assert any("targets of 'digits' are not used" in note for note in record["data"]["notes"])


@pytest.mark.tensorflow
def test_the_baselines_are_the_training_mean_and_principal_components(tmp_path: Path) -> None:
    folder = trained(tmp_path)

    splits, pixels = np.load(folder / "splits.npz"), load_digits().data / 16
    train, validation = (pixels[splits[f"i1-f1_{part}"]] for part in ("train", "validation"))
    mean = train.mean(axis=0)
    _, _, axes = np.linalg.svd(train - mean, full_matrices=False)
    given_back = (validation - mean) @ axes[:4].T @ axes[:4] + mean
    baselines = record_of(folder)["scores"]["baselines"]
    assert baselines["mean"]["mse"] == pytest.approx(np.square(validation - mean).mean())
    assert baselines["linear"]["mse"] == pytest.approx(np.square(validation - given_back).mean(), rel=1e-5)
    assert "linear: PCA with 4 components" in record_of(folder)["warnings"]


@pytest.mark.tensorflow
def test_codes_are_the_named_layers_output_for_every_row_of_the_fit(tmp_path: Path) -> None:
    import keras

    folder = trained(tmp_path)
    codes = rows_of(folder / "codes.csv")

    model = keras.saving.load_model(folder / "model.keras")
    coder = keras.Model(model.input, model.get_layer("code").output)
    rows = np.array([int(row["row"]) for row in codes])
    expected = coder.predict(load_digits().data[rows] / 16, verbose=0)
    found = np.array([[float(row[f"code_{place}"]) for place in range(1, 5)] for row in codes])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    splits = np.load(folder / "splits.npz")
    for part in ("train", "validation"):
        assert {int(row["row"]) for row in codes if row["part"] == part} == set(splits[f"i1-f1_{part}"].tolist())


@pytest.mark.tensorflow
def test_the_final_test_writes_the_codes_and_predictions_of_its_own_net(tmp_path: Path) -> None:
    folder = trained(tmp_path)
    tested = final_test(folder).record

    arrays = np.load(folder / "test_predictions.npz")
    pixels = load_digits().data[arrays["rows"]] / 16
    assert tested["scores"]["test"]["mse"]["mean"] == pytest.approx(
        np.square(pixels - arrays["predictions"]).mean(), rel=1e-5
    )
    assert {row["part"] for row in rows_of(folder / "codes.csv")} == {"train", "test"}


@pytest.mark.tensorflow
def test_folds_have_targets_of_their_own_and_no_codes(tmp_path: Path) -> None:
    text = SPEC.replace("rescale: 1/16", "normalise") + "evaluation: {protocol: kfold, k: 3}\n"
    folder = trained(tmp_path, text)

    record = record_of(folder)
    assert record["status"] == "done"
    assert not (folder / "codes.csv").exists()
    assert any("axes of its own" in warning for warning in record["warnings"])
    outcomes = [np.load(folder / "folds" / f"i1-f{fold}" / "outcome.npz") for fold in (1, 2, 3)]
    scores = record["scores"]["validation"]["mse"]["per_fold"][0]
    for outcome, score in zip(outcomes, scores, strict=True):
        assert np.square(outcome["targets"] - outcome["predictions"]).mean() == pytest.approx(score, rel=1e-5)
    # Each fold normalises by training rows of its own, so one and the same pixel has another value in each.
    assert len({float(outcome["targets"][0, 20]) for outcome in outcomes}) == 3


@pytest.mark.tensorflow
def test_folds_of_several_processes_make_the_same_run(tmp_path: Path) -> None:
    text = SPEC + "evaluation: {protocol: kfold, k: 2}\n"
    whole = trained(tmp_path, text)
    for fold in (1, 2):
        run_fold(load_spec(write(tmp_path, text)), fold, tmp_path / "runs" / "shared")

    shared = tmp_path / "runs" / "shared"
    assert record_of(shared)["scores"] == record_of(whole)["scores"]
    assert (shared / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()


@pytest.mark.tensorflow
def test_a_decoder_may_end_in_a_map_and_both_engines_agree(tmp_path: Path) -> None:
    layers = """\
layers:
  - Reshape: [8, 8, 1]
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, name: code}
  - Conv2D: {filters: 1, kernel_size: 3, padding: same, activation: sigmoid}
output: false
"""
    start, rest = SPEC.index("layers:"), SPEC.index("codes:")
    text = SPEC[:start] + layers + SPEC[rest:]

    scores = [
        record_of(trained(tmp_path, text, f"training.engine={engine}", into=engine))["scores"]["validation"]
        for engine in ("keras", "compiled")
    ]

    assert scores[0]["mse"]["mean"] == pytest.approx(scores[1]["mse"]["mean"], rel=1e-4)


@pytest.mark.tensorflow
def test_noise_is_added_to_the_inputs_alone_and_only_while_training(tmp_path: Path) -> None:
    clean = SPEC.replace("layers:\n", "layers:\n  - GaussianNoise: 0.5\n")
    folder = trained(tmp_path, clean, "training.epochs=1")

    arrays = np.load(folder / "predictions.npz")
    np.testing.assert_array_equal(arrays["targets"], load_digits().data[arrays["rows"]].astype(np.float32) / 16)
    history = {row["metric"]: row for row in rows_of(folder / "history.csv")}
    again = trained(tmp_path, clean, "training.epochs=1", into="again")
    assert rows_of(again / "history.csv")[0]["validation"] == history["loss"]["validation"]


@pytest.mark.parametrize(("steps", "activation"), [("[rescale: 1/16]", "sigmoid"), ("[normalise]", "none")])
def test_the_last_activation_follows_from_the_inputs(tmp_path: Path, steps: str, activation: str) -> None:
    spec = write(tmp_path, SPEC.replace("[rescale: 1/16]", steps))

    experiment = plan(load_spec(spec))
    assert experiment.spec.last_activation is not None
    assert experiment.spec.last_activation.name == activation
    assert not [warning for warning in experiment.warnings if "unusual" in warning]


def test_files_need_no_targets(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", random.normal(size=(40, 3)))
    np.savez(tmp_path / "x.npz", x=random.normal(size=(40, 3)))
    lines = ["a,b,c", *(",".join(map(str, row)) for row in random.normal(size=(40, 3)))]
    (tmp_path / "x.csv").write_text("\n".join(lines))

    for source in ("{source: npy, path: x.npy}", "{source: npz, path: x.npz}", "{source: csv, path: x.csv}"):
        text = f"task: autoencoder\ndataset: {source}\nlayers: [Dense: 2]\n"
        experiment = plan(load_spec(write(tmp_path, text)))
        assert experiment.facts.outputs == 3
        assert load_spec(write(tmp_path, text)).spec.task == "autoencoder"


def test_columns_named_as_targets_are_kept_out_of_the_inputs(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b,kind\n" + "".join(f"{i}.5,{i * i}.25,k{i % 3}\n" for i in range(40)))
    text = "task: autoencoder\ndataset: {source: csv, path: x.csv, target: kind}\nlayers: [Dense: 1]\n"

    assert plan(load_spec(write(tmp_path, text))).facts.input_shape == (2,)


@pytest.mark.parametrize("source", ["npy, path: x.npy", "csv, path: x.csv"])
def test_other_tasks_say_that_a_target_is_missing(tmp_path: Path, source: str) -> None:
    with pytest.raises(SpecError, match="only task: autoencoder works on inputs alone"):
        load_spec(write(tmp_path, f"dataset: {{source: {source}}}\nlayers: [Dense: 1]\n"))


def test_a_code_that_no_layer_gives_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="did you mean 'code'"):
        load_spec(write(tmp_path, SPEC.replace("codes: code", "codes: coed")))


def test_token_numbers_cannot_be_given_back(tmp_path: Path) -> None:
    from dlrun.data.encoded import MultiHotRows
    from dlrun.experiment.reconstruction import own_targets

    with pytest.raises(SpecError, match="they are names, and no amounts"):
        own_targets(np.array([[1, 2], [3, 4]], np.int32))
    with pytest.raises(DataError, match=r"would take 74\.5 GiB"):
        own_targets(MultiHotRows(np.zeros((2_000_000, 1), np.uint16), 10_000))
