"""The files of two runs: equal bytes, equal content in other bytes, and all that can be wrong with one of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from dlrun.experiment.differences import Pair
from dlrun.experiment.same_files import FileVerdict, compare_files

HISTORY = """\
iteration,fold,epoch,metric,train,validation
1,1,1,loss,0.7,0.75
1,1,2,loss,0.5,0.625
1,2,1,loss,0.7,
"""


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """Two equal runs of two folds."""
    for name in ("first", "second"):
        for fold in ("i1-f1", "i1-f2"):
            home = tmp_path / name / "folds" / fold
            home.mkdir(parents=True)
            np.savez(home / "weights.npz", kernel=np.ones((2, 2), np.float32))
            (home / "preprocessing.json").write_text(json.dumps([{"step": "normalise", "mean": [0.5, 1.0]}]))
        (tmp_path / name / "history.csv").write_text(HISTORY)
        (tmp_path / name / "record.json").write_text(name)
        (tmp_path / name / "log.txt").write_text(name)
    return tmp_path / "first", tmp_path / "second"


def compared(runs: tuple[Path, Path], name: str) -> FileVerdict:
    return compare_files(*runs, model_replaced=False)[name]


def test_equal_runs_are_the_same_in_every_file_that_says_what_came_of_them(runs: tuple[Path, Path]) -> None:
    found = compare_files(*runs, model_replaced=False)

    assert set(found) == {
        "history.csv",
        *(f"folds/i1-f{fold}/{name}" for fold in (1, 2) for name in ("weights.npz", "preprocessing.json")),
    }
    assert all(verdict.same for verdict in found.values())


def test_a_table_tells_the_fold_the_epoch_and_the_metric(runs: tuple[Path, Path]) -> None:
    (runs[1] / "history.csv").write_text(HISTORY.replace("0.625", "0.5"))

    verdict = compared(runs, "history.csv")

    assert verdict.same is False
    assert verdict.found.first == Pair("fold 1, epoch 2, loss, validation", 0.625, 0.5)
    assert (verdict.found.values, verdict.found.differing) == (6, 1)


def test_iterations_are_told_where_there_are_several(runs: tuple[Path, Path]) -> None:
    for run, value in zip(runs, ("0.5", "0.25"), strict=True):
        (run / "history.csv").write_text(HISTORY + f"2,1,1,loss,{value},1.0\n")

    found = compared(runs, "history.csv").found

    assert found.first == Pair("iteration 2, fold 1, epoch 1, loss, train", 0.5, 0.25)


def test_lines_that_are_gone_and_columns_that_are_gone_are_differences(runs: tuple[Path, Path]) -> None:
    (runs[1] / "history.csv").write_text(HISTORY.rsplit("\n", 2)[0] + "\n")
    shorter = compared(runs, "history.csv")
    (runs[1] / "history.csv").write_text("\n".join(line.rsplit(",", 1)[0] for line in HISTORY.splitlines()) + "\n")
    narrower = compared(runs, "history.csv")

    assert (shorter.same, shorter.why) == (False, "the second has no fold 2, epoch 1, loss, train and 1 more")
    assert (narrower.same, narrower.why) == (False, "the second has no fold 1, epoch 1, loss, validation and 2 more")


def test_a_column_that_a_newer_version_adds_is_no_difference(runs: tuple[Path, Path]) -> None:
    (runs[1] / "history.csv").write_text("\n".join(f"{line},new" for line in HISTORY.splitlines()) + "\n")

    assert compared(runs, "history.csv").same


def test_the_same_arrays_in_other_bytes_are_the_same(runs: tuple[Path, Path]) -> None:
    np.savez_compressed(runs[1] / "folds/i1-f1/weights.npz", kernel=np.ones((2, 2), np.float32))

    assert compared(runs, "folds/i1-f1/weights.npz") == FileVerdict(
        True, found=compared(runs, "folds/i1-f1/weights.npz").found
    )


def test_a_weight_and_a_mean_that_differ_are_named(runs: tuple[Path, Path]) -> None:
    np.savez(runs[1] / "folds/i1-f2/weights.npz", kernel=np.array([[1, 1], [1.5, 1]], np.float32))
    (runs[1] / "folds/i1-f2/preprocessing.json").write_text(json.dumps([{"step": "normalise", "mean": [0.5, 1.25]}]))

    assert compared(runs, "folds/i1-f2/weights.npz").found.first == Pair("kernel[1, 0]", 1.0, 1.5)
    assert compared(runs, "folds/i1-f2/preprocessing.json").found.first == Pair("0.mean.1", 1.0, 1.25)


def test_a_file_that_only_one_run_has(runs: tuple[Path, Path]) -> None:
    (runs[1] / "curve.csv").write_text("epoch,metric\n1,loss\n")
    (runs[1] / "history.csv").unlink()

    assert compared(runs, "curve.csv") == FileVerdict(None, "the first run has none")
    assert compared(runs, "history.csv") == FileVerdict(False, "it was not written this time")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("history.csv", b""),
        ("history.csv", b"a,b\n1,2\n"),
        ("history.csv", b"\xff\xfe\n"),
        ("folds/i1-f1/weights.npz", b"no zip"),
        ("folds/i1-f1/preprocessing.json", b"{"),
        ("folds/i1-f1/preprocessing.json", b"[" * 100_000),
    ],
)
def test_a_damaged_file_is_not_the_same_and_the_others_are_compared(
    runs: tuple[Path, Path], name: str, content: bytes
) -> None:
    (runs[0] / name).write_bytes(content)

    found = compare_files(*runs, model_replaced=False)

    assert found[name].same is False
    assert "is damaged" in found[name].why
    assert all(verdict.same for other, verdict in found.items() if other != name)


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(runs: tuple[Path, Path]) -> None:
    (runs[0] / "history.csv").unlink()
    os.mkfifo(runs[0] / "history.csv")

    assert compared(runs, "history.csv") == FileVerdict(None, "the first run has none")


def test_the_model_that_a_test_has_put_in_the_place_of_the_first_is_left_out(runs: tuple[Path, Path]) -> None:
    for run in runs:
        (run / "preprocessing.json").write_text(run.name)
        (run / "model.keras").write_text(run.name)

    found = compare_files(*runs, model_replaced=True)

    assert not {"preprocessing.json", "model.keras"} & set(found)
    assert "folds/i1-f1/preprocessing.json" in found


def test_folds_come_in_their_order(runs: tuple[Path, Path]) -> None:
    for run in runs:
        (run / "folds/i1-f10").mkdir()
        (run / "folds/i1-f10/weights.npz").write_bytes((run / "folds/i1-f1/weights.npz").read_bytes())

    names = [name for name in compare_files(*runs, model_replaced=False) if name.endswith("weights.npz")]

    assert names == [f"folds/i1-f{fold}/weights.npz" for fold in (1, 2, 10)]


def test_what_a_hold_out_run_that_was_killed_at_its_end_left_is_no_difference(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "history.csv").write_text(HISTORY)
    (tmp_path / "first" / "folds" / "i1-f1").mkdir(parents=True)
    np.savez(tmp_path / "first" / "folds" / "i1-f1" / "outcome.npz", predictions=np.ones(2))

    found = compare_files(tmp_path / "first", tmp_path / "second", model_replaced=False)

    assert {name: verdict.same for name, verdict in found.items()} == {"history.csv": True}
