"""Splits made elsewhere: what dlrun cuts beside them, and what it says about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data.dataset import Dataset
from dlrun.errors import SpecError
from dlrun.evaluation.splitting.making import make_splits
from dlrun.spec.sections import Evaluation, SplitsFile

MakeDataset = Callable[..., Dataset]
SEEDS = st.integers(0, 2**32 - 1)


def of(path: Path, splits: Sequence[Any], *, test: Any = (), **keys: Any) -> Evaluation:
    path.write_text(json.dumps({"test": list(test), "splits": splits}))
    return Evaluation(splits=SplitsFile(path=str(path)), **keys)


def texts(*values: str) -> Any:
    return np.array(values, object)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_test_and_inner_rows_beside_a_column_of_folds_part_no_equal_rows(make_dataset: MakeDataset, seed: int) -> None:
    which = np.random.default_rng(seed).permutation(np.arange(120) // 3)
    dataset = make_dataset("binary", which % 2, inputs=which, columns={"f": np.arange(120) % 3})

    plan = make_splits(dataset, Evaluation(fold="f", test=0.2, split_seed=seed))
    rest, inner = plan.inner(plan.splits[0], 0.25)

    assert not set(which[plan.test]) & set(which[plan.pool])
    assert not set(which[rest]) & set(which[inner])
    assert plan.evaluation.duplicates == "allow"
    assert sum(plan.repeated) > 0  # the folds themselves are not moved


def test_inner_rows_of_a_file_of_splits_part_no_equal_rows(make_dataset: MakeDataset, tmp_path: Path) -> None:
    which = np.arange(60) // 2
    dataset = make_dataset("regression", np.zeros(60), inputs=which)
    plan = make_splits(dataset, of(tmp_path / "s.json", [{"train": list(range(48)), "validation": [50, 51]}]))

    rest, inner = plan.inner(plan.splits[0], 0.25)

    assert (len(rest), len(inner)) == (36, 12)
    assert not set(which[rest]) & set(which[inner])


def test_a_column_that_names_test_rows_goes_before_a_provided_test_set(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(8), test=2, columns={"f": texts(*"12", "test", *"121", "3", "")})

    plan = make_splits(dataset, Evaluation(fold="f"))

    assert plan.test.tolist() == [2]
    assert [split.validation.tolist() for split in plan.splits] == [[0, 3, 5], [1, 4]]
    assert plan.notes == ("the data's own test set (2 rows) is not used",)
    assert make_splits(dataset, plan.evaluation).fingerprint == plan.fingerprint


def test_rows_of_a_provided_test_set_that_the_column_calls_test_too_are_test_rows(make_dataset: MakeDataset) -> None:
    column = texts("1", "2", "test", "1", "2", "test")
    dataset = make_dataset("regression", np.zeros(6), test=1, columns={"f": column})

    plan = make_splits(dataset, Evaluation(fold="f"))

    assert plan.test.tolist() == [2, 5]
    assert plan.notes == ()


def test_test_rows_of_a_column_and_in_the_spec_are_refused(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(6), test=1, columns={"f": texts("1", "2", "test", "1", "2", "1")})

    with pytest.raises(SpecError, match="names 1 test rows, but the spec says test: provided"):
        make_splits(dataset, Evaluation(fold="f", test="provided"))


def test_rows_that_a_file_leaves_out_are_counted(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset("regression", np.zeros(12), validation=2, test=1)
    splits = [{"train": [0, 1], "validation": [2, 9]}]

    plan = make_splits(dataset, of(tmp_path / "s.json", splits, test=[3]))

    assert plan.notes[1:] == ("6 of 11 rows are in no part: the file of splits does not name them",)  # 4 to 8, and 10


def test_rows_that_an_iteration_scores_twice_are_counted(make_dataset: MakeDataset, tmp_path: Path) -> None:
    splits = [
        {"train": [0, 1], "validation": [2, 3]},
        {"train": [0, 4], "validation": [3, 5]},
        {"iteration": 2, "fold": 1, "train": [0, 1], "validation": [2, 3]},
        {"iteration": 2, "fold": 2, "train": [2, 3], "validation": [4, 5]},
    ]

    plan = make_splits(make_dataset("regression", np.zeros(6)), of(tmp_path / "s.json", splits))

    assert plan.notes == (
        "1 row is a validation row of several splits of one iteration, which counts more than once in its score",
    )


def test_iterations_of_a_file_that_repeat_each_other_are_named_without_talk_of_groups(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    pair = [{"train": [0, 1], "validation": [2, 3]}, {"train": [2, 3], "validation": [0, 1]}]
    splits = [{**split, "iteration": at, "fold": fold} for at in (1, 2) for fold, split in enumerate(pair, start=1)]

    plan = make_splits(make_dataset("regression", np.zeros(4)), of(tmp_path / "s.json", splits))

    assert plan.notes == ("only 1 of 2 iterations differ: the others repeat them",)
