"""The last step: for how many epochs, on which rows, with which score, and what is left when it goes wrong."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.errors import DataError, RunFolderError, UsageError
from dlrun.events import Event, RunStarted
from dlrun.experiment import final_test, retrain
from dlrun.experiment.final import final_length
from dlrun.runs import RunFolder, read_record, reopen_run
from dlrun.seeds import batch_order, child_seed

ROWS, EPOCHS, BATCH = 60, 3, 8
SPEC = f"""\
name: small
task: regression
dataset: {{source: csv, path: table.csv, target: y, features: [a, b, c]}}
preprocessing: [normalise]
layers: [Dense: 4]
evaluation: {{protocol: kfold, k: 2}}
training: {{epochs: {EPOCHS}, batch_size: {BATCH}}}
"""
tensorflow = pytest.mark.tensorflow


def record(**training: Any) -> dict[str, Any]:
    """Say what a run of three folds has learnt of the number of epochs."""
    facts = {"epochs": 50, "final_epoch": [50, 50, 50], "best_epoch": [9, 30, 12], "stop_watched": None}
    return {"status": "done", "training": {**facts, **training}, "diagnosis": {"best_epoch": 17}}


@pytest.mark.parametrize(
    ("training", "asked", "epochs", "rule"),
    [
        ({}, None, 50, "as the spec says"),
        ({}, 7, 7, "as asked"),
        ({}, "best", 17, "the best epoch of the mean curve"),
        ({"stop_watched": "validation"}, None, 17, "the best epoch of the mean curve"),
        ({"stop_watched": "inner", "final_epoch": [4, 30, 6]}, None, 6, "the median best epoch of 3 early stops"),
        ({"stop_watched": "inner", "final_epoch": [4, 5, 6, 40]}, None, 6, "the median best epoch of 4 early stops"),
        ({"stop_watched": "inner", "final_epoch": [4, 30, 6]}, 9, 9, "as asked"),
        ({"stop_watched": "inner", "final_epoch": [4, 30, 6]}, "best", 17, "the best epoch of the mean curve"),
        ({"stop_watched": "inner", "final_epoch": [4]}, None, 4, "the early stop's best epoch"),
        ({"best_epoch": [17]}, "best", 17, "the best epoch of the curve"),
    ],
)
def test_the_number_of_epochs_follows_from_what_validation_rows_have_taught(
    training: dict[str, Any], asked: Any, epochs: int, rule: str
) -> None:
    length = final_length(record(**training), asked)

    assert (length.epochs, length.rule) == (epochs, rule)


@pytest.mark.parametrize(("watched", "asked"), [(None, "best"), ("inner", None), ("validation", None)])
def test_curves_of_which_some_failed_name_no_number_of_epochs(watched: str | None, asked: Any) -> None:
    partial = {**record(stop_watched=watched), "status": "partial"}

    with pytest.raises(UsageError, match="some folds of this run failed"):
        final_length(partial, asked)
    assert final_length(partial, 3).epochs == 3


def write_table(folder: Path) -> None:
    random = np.random.default_rng(5)
    inputs = random.normal(size=(ROWS, 3)).round(4)
    targets = (inputs @ [1.0, -2.0, 0.5] + random.normal(0, 0.1, ROWS)).round(4)
    lines = [",".join(map(str, [*row, target])) for row, target in zip(inputs.tolist(), targets.tolist(), strict=True)]
    (folder / "table.csv").write_text("a,b,c,y\n" + "\n".join(lines) + "\n")


def carry_out(folder: Path, spec: str) -> Path:
    (folder / "small.yaml").write_text(spec)
    return run(load_spec(folder / "small.yaml"), runs_dir=folder / "runs").folder


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A K-fold run that nobody has tested, and the data beside it."""
    folder = tmp_path_factory.mktemp("final")
    write_table(folder)
    return carry_out(folder, SPEC)


@pytest.fixture
def finished(original: Path, tmp_path: Path) -> Path:
    """The same run in a folder of the test's own; its data lie where they lay."""
    return Path(shutil.copytree(original, tmp_path / "runs" / original.name))


def ledger(folder: Path) -> list[dict[str, Any]]:
    path = folder.parent / "ledger.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@tensorflow
def test_the_test_score_is_that_of_a_plain_keras_loop_over_all_rows_that_are_not_test(finished: Path) -> None:
    import keras
    from sklearn.metrics import mean_absolute_error

    tested = final_test(finished).record

    with np.load(finished / "splits.npz") as file:
        test, folds = file["test"], [file["i1-f1_validation"], file["i1-f2_validation"]]
    pool = np.sort(np.concatenate(folds))
    table = np.loadtxt(data_file(finished), delimiter=",", skiprows=1)
    mean, std = table[pool, :3].mean(axis=0), table[pool, :3].std(axis=0)
    inputs, targets = ((table[:, :3] - mean) / std).astype(np.float32), table[:, 3:].astype(np.float32)
    keras.utils.set_random_seed(child_seed(0, "weights", 0, 0))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.RMSprop(), loss="mse")
    for epoch in range(1, EPOCHS + 1):
        order = pool[batch_order(0, 0, 0, epoch, len(pool))]
        for start in range(0, len(order), BATCH):
            model.train_on_batch(inputs[order[start : start + BATCH]], targets[order[start : start + BATCH]])
    predicted = model.predict_on_batch(inputs[test])
    assert sorted([*pool, *test]) == list(range(ROWS))
    assert tested["scores"]["test"]["mae"]["mean"] == pytest.approx(mean_absolute_error(table[test, 3], predicted))
    saved = keras.models.load_model(finished / "model.keras", safe_mode=True)
    for ours, theirs in zip(saved.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    (state,) = json.loads((finished / "preprocessing.json").read_text())
    np.testing.assert_allclose(state["offset"], mean, rtol=1e-12)
    with (finished / "test_predictions.csv").open() as stream:
        rows = {int(row["row"]): float(row["prediction"]) for row in csv.DictReader(stream)}
    assert list(rows) == test.tolist()
    np.testing.assert_allclose(list(rows.values()), predicted[:, 0], rtol=1e-4, atol=1e-5)


def data_file(folder: Path) -> str:
    """Name the file that a run was made of."""
    return str(read_record(folder)["data"]["files"][0]["path"])


@tensorflow
def test_a_test_is_written_down_once_and_said_again_without_a_new_look(finished: Path) -> None:
    events: list[Event] = []
    first = final_test(finished).record
    before = {path.name: path.read_bytes() for path in finished.iterdir() if path.is_file()}

    with reopen_run(finished):  # also while another process is at work on the run
        second = final_test(finished, on_event=events.append).record
    same = final_test(finished, epochs=EPOCHS).record

    assert second["scores"] == same["scores"] == first["scores"]
    assert events == []
    assert {path.name: path.read_bytes() for path in finished.iterdir() if path.is_file()} == {
        **before,
        ".lock": (finished / ".lock").read_bytes(),
    }
    assert [line["run"] for line in ledger(finished)] == [finished.name]
    assert first["looks"]["count"] == 1
    assert (first["status"], first["test"]["rows"], first["test"]["trained_on"]) == ("done", 12, 48)


@tensorflow
def test_another_number_of_epochs_is_no_second_test(finished: Path) -> None:
    final_test(finished, epochs=1)

    for asked in (2, "best"):
        with pytest.raises(UsageError, match=r"has been tested, with 1 epochs; a second test with [23]"):
            final_test(finished, epochs=asked)  # type: ignore[arg-type]
    assert read_record(finished)["test"]["epochs"] == 1


@tensorflow
def test_a_test_that_was_killed_after_its_look_is_one_look_when_it_is_repeated(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: Any) -> Any:
        raise RunFolderError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "update_done", full_disk)
        with pytest.raises(RunFolderError, match="no space left"):
            final_test(finished)
    untold = read_record(finished)
    tested = final_test(finished).record

    assert "test" not in untold
    assert (tested["looks"]["count"], tested["looks"]["runs"]) == (1, [finished.name])
    assert tested["test"]["looks_before"]["count"] == 0
    assert len(ledger(finished)) == 1


@tensorflow
@pytest.mark.parametrize("change", ["name: other", "features: [a, b]"])
def test_another_name_or_a_dropped_column_does_not_reset_the_count(original: Path, tmp_path: Path, change: str) -> None:
    write_table(tmp_path)
    first = carry_out(tmp_path, SPEC)
    final_test(first)
    old = "name: small" if change.startswith("name") else "features: [a, b, c]"

    second = carry_out(tmp_path, SPEC.replace(old, change))
    tested = final_test(second).record

    assert read_record(first)["looks"]["runs"] == [first.name]
    assert tested["test"]["looks_before"]["runs"] == [first.name]
    assert (tested["looks"]["count"], tested["looks"]["shared"]) == (2, 12)


@tensorflow
def test_a_ledger_that_cannot_be_written_is_found_before_anything_is_trained(finished: Path) -> None:
    (finished.parent / "ledger.jsonl").mkdir()
    before, events = read_record(finished), []

    with pytest.raises(RunFolderError, match=r"ledger\.jsonl"):
        final_test(finished, on_event=events.append)

    assert events == []
    assert read_record(finished) == before
    assert not (finished / "model.keras").exists()


@tensorflow
def test_training_on_all_rows_scores_nothing_and_a_test_after_it_takes_its_place(finished: Path) -> None:
    events: list[Event] = []

    retrained = retrain(finished, epochs=2, on_event=events.append).record
    looks = ledger(finished)
    tested = final_test(finished).record

    assert (retrained["retrained"]["epochs"], retrained["retrained"]["trained_on"]) == (2, ROWS)
    assert retrained["model"]["trained_on"] == ROWS
    assert "test" not in retrained["scores"]
    assert looks == []
    assert any(isinstance(event, RunStarted) for event in events)
    assert tested["model"]["trained_on"] == 48
    assert tested["retrained"] is None


@tensorflow
def test_a_run_without_test_rows_can_be_retrained_and_not_tested(tmp_path: Path) -> None:
    write_table(tmp_path)
    folder = carry_out(tmp_path, SPEC.replace("k: 2", "k: 2, test: none"))

    with pytest.raises(UsageError, match=r"set no test rows aside(?s:.)*--retrain"):
        final_test(folder)
    assert retrain(folder).record["model"]["trained_on"] == ROWS


@tensorflow
def test_data_that_have_changed_since_are_refused(tmp_path: Path) -> None:
    write_table(tmp_path)
    folder = carry_out(tmp_path, SPEC)
    table = tmp_path / "table.csv"
    table.write_text(table.read_text().replace("\n0", "\n1", 1))

    for step in (final_test, retrain):
        with pytest.raises(DataError, match="has changed"):
            step(folder)
    assert not (tmp_path / "runs" / "ledger.jsonl").exists()


@tensorflow
def test_after_early_stops_on_inner_rows_the_median_best_epoch_is_trained(tmp_path: Path) -> None:
    write_table(tmp_path)
    stopping = "{epochs: 40, batch_size: 8, early_stopping: {patience: 1, inner: 0.25}}"
    folder = carry_out(tmp_path, SPEC.replace(f"{{epochs: {EPOCHS}, batch_size: {BATCH}}}", stopping))

    tested = final_test(folder).record

    stops = tested["training"]["final_epoch"]
    assert tested["test"]["epochs"] == int(np.ceil(np.median(stops)))
    assert tested["test"]["trained_on"] == 48


@tensorflow
def test_a_spec_that_was_edited_after_the_run_is_refused(finished: Path) -> None:
    spec = finished / "spec.yaml"
    spec.write_text(spec.read_text().replace("units: 4", "units: 5"))

    with pytest.raises(UsageError, match=r"is no longer the spec that small-.* was run with"):
        final_test(finished)

    assert ledger(finished) == []


@tensorflow
def test_training_on_all_rows_takes_those_in_a_gap_too(tmp_path: Path) -> None:
    write_table(tmp_path)
    run_folder = carry_out(tmp_path, SPEC.replace("k: 2", "k: 2, time: true, gap: 3"))

    tested, retrained = final_test(run_folder).record["test"], retrain(run_folder).record["retrained"]

    assert tested["rows"] + tested["trained_on"] == ROWS - 3
    assert retrained["trained_on"] == ROWS


@tensorflow
def test_predictions_of_test_rows_have_neither_iteration_nor_fold(finished: Path) -> None:
    final_test(finished)

    rows = list(csv.DictReader((finished / "test_predictions.csv").read_text().splitlines()))
    assert list(rows[0]) == ["row", "target", "prediction"]
    assert len(rows) == round(0.2 * ROWS)
