"""Rows that early stopping watches: cut once, before anything is trained, and written so that splits come back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec
from dlrun.errors import SpecError
from dlrun.evaluation import SplitPlan
from dlrun.experiment import plan
from dlrun.experiment.recording import write_plan
from dlrun.runs import create_run

SPEC = """\
task: regression
dataset: {source: csv, path: %s/table.csv, target: y, features: [a]}
layers: [Dense: 2]
evaluation: %s
training: {epochs: 1, early_stopping: {inner: %s}}
"""


def spec_of(folder: Path, columns: Mapping[str, Any], evaluation: str, inner: float = 0.25) -> Path:
    rows = len(next(iter(columns.values())))
    table = {"a": np.arange(rows), "y": np.arange(rows) / 10, **columns}
    lines = zip(*table.values(), strict=True)
    (folder / "table.csv").write_text(
        "\n".join([",".join(table), *(",".join(map(str, line)) for line in lines)]) + "\n"
    )
    (folder / "inner.yaml").write_text(SPEC % (folder, evaluation, inner))
    return folder / "inner.yaml"


def test_a_runs_file_gives_its_splits_back_where_a_gap_left_rows_out(tmp_path: Path) -> None:
    times = {"t": np.arange(40)}
    loaded = load_spec(spec_of(tmp_path, times, "{protocol: kfold, k: 3, time: t, gap: 1, test: 4}"))
    experiment = plan(loaded)
    with create_run(tmp_path / "runs", "inner") as folder:
        write_plan(folder, experiment)
        folder.finish({})

    left = folder.path / "splits.npz"
    again = plan(load_spec(spec_of(tmp_path, times, f"{{splits: {left}, time: t}}"))).splits
    with np.load(left) as file:
        parts = {name: file[name].tolist() for name in file.files}
    assert again.fingerprint == experiment.splits.fingerprint
    for split in experiment.splits.splits:
        name = f"i1-f{split.fold}"
        fitted, monitor = parts[f"{name}_fitted"], parts[f"{name}_monitor"]
        assert parts[f"{name}_train"] == split.train.tolist()
        assert sorted([*fitted, fitted[-1] + 1, *monitor]) == split.train.tolist()  # one time lies between


def test_where_all_other_rows_are_fitted_the_file_does_not_list_them(tmp_path: Path) -> None:
    loaded = load_spec(spec_of(tmp_path, {"t": np.arange(40)}, "{test: none}"))
    with create_run(tmp_path / "runs", "inner") as folder:
        write_plan(folder, plan(loaded))
        folder.finish({})

    with np.load(folder.path / "splits.npz") as file:
        assert set(file.files) == {"test", "i1-f1_train", "i1-f1_validation", "i1-f1_monitor"}
        assert set(file["i1-f1_monitor"]) < set(file["i1-f1_train"])


def test_an_inner_split_that_fails_in_a_later_fold_is_found_when_the_experiment_is_planned(tmp_path: Path) -> None:
    columns = {"g": np.repeat([0, 1, 2], [20, 10, 10]), "f": np.repeat([1, 2], 20)}  # fold 2 trains on group 0 alone
    loaded = load_spec(spec_of(tmp_path, columns, "{fold: f, group: g}"))

    with pytest.raises(SpecError) as caught:
        plan(loaded)

    (problem,) = caught.value.problems
    assert problem.message.startswith("all 20 training rows of fold 2 belong to one group")
    assert problem.place is not None
    assert problem.place.line == 5


def test_inner_rows_are_cut_once_for_each_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cuts: list[int] = []
    original = SplitPlan._cut_inner

    def counted(self: SplitPlan, split: object, share: float) -> object:
        cuts.append(split.fold)  # type: ignore[attr-defined]
        return original(self, split, share)  # type: ignore[arg-type]

    monkeypatch.setattr(SplitPlan, "_cut_inner", counted)
    loaded = load_spec(spec_of(tmp_path, {"t": np.arange(40)}, "{protocol: kfold, k: 3}"))
    with create_run(tmp_path / "runs", "inner") as folder:
        write_plan(folder, plan(loaded))
        folder.finish({})

    assert cuts == [1, 2, 3]
