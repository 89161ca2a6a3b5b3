"""Looking into a trained convnet: which row may be looked at, through which preprocessing, and what is refused."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.errors import RunFolderError, UsageError
from dlrun.experiment import final_test, retrain
from dlrun.experiment.inside import look_inside

pytestmark = pytest.mark.tensorflow

ROWS, TEST = 60, 12
CONVNET = """\
task: binary
dataset: {source: npz, path: images.npz}
preprocessing: [normalise]
layers:
  - Conv2D: {filters: 3, kernel_size: 3}
  - GlobalMaxPooling2D
evaluation: {test: 12}
training: {epochs: 1}
"""


def carry_out(folder: Path, text: str, *overrides: str) -> Path:
    path = folder / "images.yaml"
    path.write_text(text)
    return run(load_spec(path, overrides), runs_dir=folder / "runs").folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images of one channel, and the class that their brightness says."""
    folder = tmp_path_factory.mktemp("inside")
    random = np.random.default_rng(4)
    images = random.normal(100, 20, (ROWS, 6, 6, 1)).astype(np.float32)
    np.savez(folder / "images.npz", x=images, y=np.arange(ROWS) % 2)
    return folder


@pytest.fixture(scope="module")
def original(place: Path) -> Path:
    return carry_out(place, CONVNET)


@pytest.fixture
def trained(original: Path, tmp_path: Path) -> Path:
    """A hold-out run in a folder of the test's own."""
    return Path(shutil.copytree(original, tmp_path / "runs" / original.name))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Keeps the rows that are sent through a model."""
    from dlrun.experiment import inside
    from dlrun.models.responses import responses

    kept: list[Any] = []

    def spy(model: Any, row: Any) -> Any:
        kept.append(row)
        return responses(model, row)

    monkeypatch.setattr(inside, "responses", spy)
    return kept


def encoded(place: Path, row: int, rows: Any) -> Any:
    """Normalise a row by hand, by the mean and deviation of other rows; images share one of each a channel."""
    images = np.load(place / "images.npz")["x"].astype(np.float64)
    return (images[row : row + 1] - images[rows].mean(axis=(0, 1, 2))) / images[rows].std(axis=(0, 1, 2))


def test_the_first_validation_row_goes_through_the_steps_of_the_training_rows(
    place: Path, trained: Path, seen: list[Any]
) -> None:
    inside = look_inside(trained)

    splits = np.load(trained / "splits.npz")
    assert inside.row == splits["i1-f1_validation"][0]
    np.testing.assert_allclose(seen[0], encoded(place, inside.row, splits["i1-f1_train"]), rtol=1e-4, atol=1e-5)
    for path in (inside.filters, inside.responses):
        assert path.parent == trained
        assert path.read_bytes().startswith(b"\x89PNG")


def test_the_prediction_beside_the_sample_is_that_of_the_run(trained: Path) -> None:
    inside = look_inside(trained)

    with (trained / "predictions.csv").open() as stream:
        _, _, row, target, predicted, probability = next(line for n, line in enumerate(stream) if n == 1).split(",")
    share = float(probability) if predicted == "1" else 1 - float(probability)
    assert inside.sample == f"row {row}, class {target}, predicted {predicted} ({share:.2f})"


def test_a_test_row_is_shown_only_of_a_run_that_was_tested(place: Path, trained: Path, seen: list[Any]) -> None:
    splits = np.load(trained / "splits.npz")
    row = int(splits["test"][0])
    with pytest.raises(UsageError, match=f"row {row} is a test row, and this run has not been tested"):
        look_inside(trained, row)
    assert seen == []
    final_test(trained)

    assert look_inside(trained, row).row == row

    pool = np.setdiff1d(np.arange(ROWS), splits["test"])
    np.testing.assert_allclose(seen[0], encoded(place, row, pool), rtol=1e-4, atol=1e-5)


def test_a_model_retrained_on_all_rows_has_the_steps_of_all_rows(place: Path, trained: Path, seen: list[Any]) -> None:
    retrain(trained)

    row = look_inside(trained).row

    np.testing.assert_allclose(seen[0], encoded(place, row, np.arange(ROWS)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("row", [-1, ROWS])
def test_a_row_that_does_not_exist_is_refused_with_how_many_there_are(trained: Path, row: int) -> None:
    with pytest.raises(UsageError, match=f"there is no row {row}: images has {ROWS} rows, counted from 0"):
        look_inside(trained, row)


def test_a_k_fold_run_has_no_model_until_it_was_tested(place: Path) -> None:
    folder = carry_out(place, CONVNET, "evaluation={protocol: kfold, k: 2, test: 12}")
    with pytest.raises(UsageError, match="has a model for each fold, and none of its own") as refused:
        look_inside(folder)
    assert f"dlrun test {folder.name}" in str(refused.value)
    final_test(folder)

    assert look_inside(folder).responses.exists()


def test_a_model_without_convolution_has_no_filters(trained: Path) -> None:
    import keras

    keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten()]).save(trained / "model.keras")

    with pytest.raises(UsageError, match="no two-dimensional convolution"):
        look_inside(trained)


def test_a_damaged_model_is_told_and_leaves_nothing(trained: Path) -> None:
    (trained / "model.keras").write_bytes(b"PK\x03\x04 half a file")

    with pytest.raises(RunFolderError, match=r"model\.keras cannot be loaded"):
        look_inside(trained)
    assert not (trained / "filters.png").exists()


def test_a_model_with_code_in_it_is_not_run(trained: Path, tmp_path: Path) -> None:
    import keras

    planted = tmp_path / "planted"
    name = str(planted)
    inputs = keras.Input((6, 6, 1))
    code = keras.layers.Lambda(lambda tensor: (open(name, "w").close(), tensor)[1], output_shape=(6, 6, 1))
    model = keras.Model(inputs, keras.layers.Conv2D(1, 3)(code(inputs)))
    model.save(trained / "model.keras")
    model(np.zeros((1, 6, 6, 1)))
    planted.unlink()  # so it does run where it may

    with pytest.raises(RunFolderError, match="cannot be loaded"):
        look_inside(trained)
    assert not planted.exists()


@pytest.mark.parametrize("kind", ["external link", "external storage"])
def test_weights_that_lie_outside_of_the_model_are_not_read(trained: Path, tmp_path: Path, kind: str) -> None:
    h5py = pytest.importorskip("h5py")
    secret = tmp_path / "secret.h5"
    with zipfile.ZipFile(trained / "model.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    weights = tmp_path / "weights.h5"
    weights.write_bytes(parts["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        kernel = next(name for name in names if file[name].ndim == 4)
        values = file[kernel][()]
        del file[kernel]
        if kind == "external link":
            with h5py.File(secret, "w") as other:
                other["kernel"] = values
            file[kernel] = h5py.ExternalLink(str(secret), "kernel")
        else:
            secret.write_bytes(values.tobytes())
            file.create_dataset(kernel, values.shape, values.dtype, external=[(str(secret), 0, values.nbytes)])
    with zipfile.ZipFile(trained / "model.keras", "w") as archive:
        for name, content in (parts | {"model.weights.h5": weights.read_bytes()}).items():
            archive.writestr(name, content)

    with pytest.raises(RunFolderError, match="cannot be loaded"):
        look_inside(trained)
    assert not (trained / "filters.png").exists()


def test_what_a_run_recorded_is_not_changed_by_looking(trained: Path) -> None:
    before = json.loads((trained / "record.json").read_text())

    look_inside(trained)

    assert json.loads((trained / "record.json").read_text()) == before


def test_a_row_of_inputs_too_large_for_memory_is_shown_too(
    place: Path, trained: Path, seen: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlrun.data.preprocessing import fitting

    monkeypatch.setattr(fitting, "STREAM_BYTES", 0)

    inside = look_inside(trained)

    train = np.load(trained / "splits.npz")["i1-f1_train"]
    np.testing.assert_allclose(seen[0], encoded(place, inside.row, train), rtol=1e-4, atol=1e-5)


def test_steps_that_draw_at_random_are_those_of_the_model(tmp_path: Path) -> None:
    from dlrun.experiment.again import plan_again, steps_of_model
    from dlrun.runs import read_record

    random = np.random.default_rng(0)
    lines = ["a,b,c,d,y", *(",".join(map(str, [*random.normal(size=4), row % 2])) for row in range(60))]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    text = """\
dataset: {source: csv, path: table.csv, target: y}
preprocessing: [drop_missing: 0.4, impute: mean]
layers: [Dense: 2]
training: {epochs: 1}
seed: 7
"""
    folder = carry_out(tmp_path, text)
    final_test(folder)

    record = read_record(folder)
    steps = steps_of_model(plan_again(folder, record), record)
    assert steps.state() == json.loads((folder / "preprocessing.json").read_text())
