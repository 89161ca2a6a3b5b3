"""Running a run again: the same bits on the same machine, and a verdict that names whatever is not the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.errors import DataError, TrainingError
from dlrun.experiment import final_test, rerun, run_fold
from dlrun.experiment.surroundings import Changed, DataFileChange
from dlrun.experiment.verifying import Verification

pytestmark = pytest.mark.tensorflow

SPEC = """\
task: binary
dataset: {source: csv, path: table.csv, target: y}
preprocessing: [normalise]
layers:
  - Dense: 4
  - Dropout: 0.3
evaluation: {protocol: kfold, k: 2}
training: {epochs: 3, batch_size: 16}
"""
HOLDOUT = "evaluation={protocol: holdout}"


def write_table(path: Path) -> None:
    random = np.random.default_rng(5)
    rows = random.normal(size=(80, 2)).round(3)
    lines = [f"{a},{b},{int(a + b > 0)}" for a, b in rows.tolist()]
    path.write_text("\n".join(["a,b,y", *lines]) + "\n")


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Path]:
    """Trains the spec with overrides, and returns the run's folder."""
    write_table(tmp_path / "table.csv")
    (tmp_path / "spec.yaml").write_text(SPEC)
    return lambda *overrides: run(load_spec(tmp_path / "spec.yaml", overrides), runs_dir=tmp_path / "runs").folder


def change_row(table: Path, row: int) -> None:
    lines = table.read_text().splitlines()
    lines[row + 1] = f"9.5,{lines[row + 1].partition(',')[2]}"
    table.write_text("\n".join(lines) + "\n")


def again(folder: Path) -> Verification:
    return rerun(folder, runs_dir=folder.parent).verification


def differing(verdict: Verification) -> set[str]:
    return {name for name, each in verdict.files.items() if each.same is not True}


def edit_record(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    record = json.loads((folder / "record.json").read_text())
    change(record)
    (folder / "record.json").write_text(json.dumps(record))


@pytest.mark.parametrize(
    "overrides",
    [
        (HOLDOUT, "training.engine=compiled"),
        (HOLDOUT, "training.engine=keras"),
        ("training.engine=compiled", "training.program=vectorized"),
        ("training.engine=keras",),
        ("training.early_stopping={patience: 1}",),
    ],
    ids=["hold-out compiled", "hold-out keras", "folds as lanes", "folds keras", "early stopping"],
)
def test_a_run_comes_out_bit_identical(train: Callable[..., Path], overrides: tuple[str, ...]) -> None:
    first = train(*overrides)

    done = rerun(first, runs_dir=first.parent)

    verdict = done.verification
    assert verdict.identical
    assert differing(verdict) == set()
    assert {"history.csv", "predictions.csv", "splits.npz"} < set(verdict.files)
    assert any(name.endswith(("model.keras", "weights.npz")) for name in verdict.files)
    assert (verdict.environment, verdict.unknown, verdict.notes) == ({}, (), ())
    assert (verdict.data.same, verdict.splits, verdict.spec.same, verdict.spec.edited) == (True, True, True, False)
    assert done.run.record["rerun_of"] == first.name
    assert done.run.folder != first


def test_a_rerun_of_the_newest_run_is_compared_with_that_run_and_not_with_itself(train: Callable[..., Path]) -> None:
    first = train(HOLDOUT)

    done = rerun("latest", runs_dir=first.parent)

    assert done.verification.first == first.name != done.run.folder.name


def test_a_cell_that_changed_is_run_on_and_told(train: Callable[..., Path], tmp_path: Path) -> None:
    first, table = train(HOLDOUT), tmp_path / "table.csv"
    before = json.loads((first / "record.json").read_text())["data"]["files"][0]["sha256"]
    change_row(table, int(np.load(first / "splits.npz")["i1-f1_train"][0]))

    verdict = again(first)

    (change,) = verdict.data.files
    assert not verdict.identical
    assert (verdict.data.same, verdict.data.values) == (False, False)
    assert (change.kind, change.path, change.before) == ("changed", str(table), before)
    assert change.after != before
    assert {"columns.csv", "model.keras", "preprocessing.json"} <= differing(verdict)
    assert verdict.spec.same


def test_test_rows_that_changed_are_told_and_change_nothing_that_came_out(
    train: Callable[..., Path], tmp_path: Path
) -> None:
    first = train(HOLDOUT)
    change_row(tmp_path / "table.csv", int(np.load(first / "splits.npz")["test"][0]))

    verdict = again(first)

    assert verdict.identical
    assert verdict.data.same is False


def test_a_file_that_was_written_anew_with_the_same_values_is_told_and_comes_out_the_same(
    train: Callable[..., Path], tmp_path: Path
) -> None:
    first = train(HOLDOUT)
    (tmp_path / "table.csv").write_text((tmp_path / "table.csv").read_text() + "\n")

    verdict = again(first)

    assert verdict.identical
    assert (verdict.data.same, verdict.data.values) == (False, True)


def test_an_edited_spec_is_run_as_it_is_now_and_told(train: Callable[..., Path]) -> None:
    first = train()
    spec = first / "spec.yaml"
    spec.write_text(spec.read_text().replace("learning_rate: 0.001", "learning_rate: 0.01"))

    verdict = again(first)

    path = "optimiser.learning_rate"
    assert not verdict.identical
    assert verdict.spec.edits == ({"a_path": path, "b_path": path, "a": 0.001, "b": 0.01},)
    assert verdict.scores["validation.loss"].difference
    assert {"history.csv", "folds/i1-f1/weights.npz"} <= differing(verdict)
    assert verdict.data.same


def test_data_that_moved_are_the_same_data(train: Callable[..., Path], tmp_path: Path) -> None:
    first, old, new = train(HOLDOUT), tmp_path / "table.csv", tmp_path / "moved.csv"
    old.rename(new)
    spec = first / "spec.yaml"
    spec.write_text(spec.read_text().replace(str(old), str(new)))

    verdict = again(first)

    assert verdict.identical
    assert verdict.data.same
    assert [(file.kind, file.path, file.moved_to) for file in verdict.data.files] == [("moved", str(old), str(new))]
    assert isinstance(verdict.data.files[0], DataFileChange)


def test_edited_predictions_and_weights_are_found_to_the_value(train: Callable[..., Path]) -> None:
    first = train()
    predictions, weights = first / "predictions.csv", first / "folds/i1-f2/weights.npz"
    lines = predictions.read_text().splitlines()
    cells = lines[3].split(",")
    lines[3] = ",".join([*cells[:-1], repr(float(cells[-1]) + 0.25)])
    predictions.write_text("\n".join(lines) + "\n")
    arrays = dict(np.load(weights))
    arrays["dense/kernel"][1, 2] += 0.5
    np.savez(weights, **arrays)

    verdict = again(first)

    assert differing(verdict) == {"predictions.csv", "folds/i1-f2/weights.npz"}
    in_table, in_weights = (verdict.files[name].found for name in ("predictions.csv", "folds/i1-f2/weights.npz"))
    assert in_table.differing == in_weights.differing == 1
    assert in_table.largest is not None
    assert in_weights.largest is not None
    assert in_table.largest.place == f"fold {cells[1]}, row {cells[2]}, probability"
    assert in_table.largest.difference == pytest.approx(-0.25)
    assert in_weights.largest.place == "dense/kernel[1, 2]"
    assert in_weights.largest.difference == pytest.approx(-0.5)


def test_the_model_of_a_hold_out_run_is_compared_by_its_weights(train: Callable[..., Path], tmp_path: Path) -> None:
    first, other = train(HOLDOUT), train(HOLDOUT, "seed=1")
    shutil.copy(other / "model.keras", first / "model.keras")

    verdict = again(first)

    assert differing(verdict) == {"model.keras"}
    assert verdict.files["model.keras"].found.differing > 1


def test_other_versions_in_the_record_are_told_and_no_reason_to_fail(train: Callable[..., Path]) -> None:
    first = train(HOLDOUT)
    edit_record(first, lambda record: record["environment"].update(tensorflow="2.19.0", cpu_features=["avx"]))

    verdict = again(first)

    assert verdict.identical
    assert set(verdict.environment) == {"tensorflow", "cpu_features"}
    assert verdict.environment["tensorflow"].before == "2.19.0"


def test_a_record_of_an_older_version_is_compared_as_far_as_it_goes(train: Callable[..., Path]) -> None:
    first = train(HOLDOUT)

    def forget(record: dict[str, Any]) -> None:
        del record["environment"]["cpu_features"], record["spec"]["values"], record["comparisons"]
        del record["scores"]["selected"], record["data"]["files"], record["splits"]["fingerprint"]

    edit_record(first, forget)
    (first / "columns.csv").unlink()

    verdict = again(first)

    assert verdict.identical
    assert verdict.unknown == ("cpu_features",)
    assert verdict.scores["selected.loss"].same is None
    assert verdict.files["columns.csv"].same is None
    assert (verdict.data.same, verdict.splits) == (None, None)


def test_a_record_whose_scores_are_gone_is_never_identical(train: Callable[..., Path]) -> None:
    first = train(HOLDOUT)
    edit_record(first, lambda record: record.pop("scores"))

    verdict = again(first)

    assert not verdict.identical
    assert "its record has no scores to compare with" in verdict.notes


@pytest.mark.parametrize("overrides", [(), (HOLDOUT,)], ids=["folds", "hold-out"])
def test_a_test_is_not_repeated_and_its_model_not_compared(train: Callable[..., Path], overrides: tuple[str]) -> None:
    first = train(*overrides)
    final_test(first)
    ledger = (first.parent / "ledger.jsonl").read_text()

    done = rerun(first, runs_dir=first.parent)

    assert done.verification.identical
    assert "model.keras" not in done.verification.files
    assert "test" not in done.run.record
    assert "test" not in done.run.scores
    assert (first.parent / "ledger.jsonl").read_text() == ledger
    assert done.verification.notes


def test_a_run_that_processes_shared_is_repeated_in_one_go(train: Callable[..., Path], tmp_path: Path) -> None:
    write_table(tmp_path / "table.csv")
    loaded = load_spec(tmp_path / "spec.yaml")
    for number in (2, 1):
        run_fold(loaded, number, tmp_path / "runs" / "shared")

    assert again(tmp_path / "runs" / "shared").identical


@pytest.fixture
def half_failing(tmp_path: Path) -> Path:
    """A run of which the last of two folds fails: its targets blow up with time."""
    lines = [f"{row},{row % 7},{row % 3 if row < 40 else '1e38'}" for row in range(60)]
    (tmp_path / "times.csv").write_text("t,a,y\n" + "\n".join(lines) + "\n")
    (tmp_path / "times.yaml").write_text(
        "task: regression\ndataset: {source: csv, path: times.csv, target: y}\nlayers: [Dense: 4]\n"
        "evaluation: {protocol: kfold, k: 3, time: t, test: none}\ntraining: {epochs: 2}\n"
    )
    return run(tmp_path / "times.yaml", runs_dir=tmp_path / "runs").folder


def test_failures_are_compared_too(half_failing: Path) -> None:
    same = again(half_failing)
    edit_record(half_failing, lambda record: record["failures"][0].update(reason="it was too hot"))
    other = again(half_failing)

    assert same.status == Changed("partial", "partial")
    assert same.identical
    assert (other.identical, other.results) == (False, ("failures",))


def test_data_that_are_gone_are_a_data_error_and_a_copy_is_pointed_at(
    train: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(HOLDOUT)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "table.csv").rename(tmp_path / "elsewhere" / "table.csv")

    with pytest.raises(DataError, match=r"there is no file '.*table\.csv'"):
        rerun(first, runs_dir=first.parent)
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"hint: '.*elsewhere/table\.csv' has the content of '.*/table\.csv'"):
        rerun(first, runs_dir=first.parent)
    (tmp_path / "elsewhere" / "table.csv").write_text("a,b,y\n1,2,0\n")
    with pytest.raises(DataError) as other:
        rerun(first, runs_dir=first.parent)

    assert "has the content of" not in str(other.value)
    assert [path.name for path in first.parent.iterdir() if not path.is_symlink()] == [first.name]


def test_splits_from_a_file_that_changed_are_told(train: Callable[..., Path], tmp_path: Path) -> None:
    drawn, other = train(HOLDOUT), train(HOLDOUT, "evaluation.split_seed=1")
    shutil.copy(drawn / "splits.npz", tmp_path / "given.npz")
    first = train(f"evaluation={{splits: {tmp_path / 'given.npz'}}}")
    shutil.copy(other / "splits.npz", tmp_path / "given.npz")

    verdict = again(first)

    assert verdict.splits is False
    assert not verdict.identical
    assert "splits.npz" in differing(verdict)


def test_a_rerun_that_fails_says_so_and_names_what_it_repeats(train: Callable[..., Path]) -> None:
    first = train(HOLDOUT)
    spec = first / "spec.yaml"
    spec.write_text(spec.read_text().replace("learning_rate: 0.001", "learning_rate: 1.0e+38"))

    with pytest.raises(TrainingError):
        rerun(first, runs_dir=first.parent)

    (failed,) = (path for path in first.parent.iterdir() if not path.is_symlink() and path != first)
    record = json.loads((failed / "record.json").read_text())
    assert (record["status"], record["rerun_of"]) == ("failed", first.name)
