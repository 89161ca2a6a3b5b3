"""Splits made elsewhere: files and columns, honest ones and others."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import fingerprint
from dlrun.data.dataset import Array, Dataset
from dlrun.errors import DataError, SpecError
from dlrun.evaluation.splitting.making import make_splits
from dlrun.spec.sections import Evaluation, SplitsFile

MakeDataset = Callable[..., Dataset]
ROWS = 12
GOOD = {"test": [10, 11], "splits": [{"train": [4, 5, 6], "validation": [0, 1]}, {"train": [0, 1], "validation": [4]}]}


@pytest.fixture
def dataset(make_dataset: MakeDataset) -> Dataset:
    return make_dataset(
        "regression",
        np.zeros(ROWS),
        columns={"g": np.arange(ROWS) // 4, "t": np.arange(ROWS), "ties": np.arange(ROWS) // 2},
    )


def of(path: Path, **keys: Any) -> Evaluation:
    return Evaluation(splits=SplitsFile(path=str(path)), **keys)


def saved(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def arrays_of(*, test: Any = (), train: Any = (0, 1), validation: Any = (2, 3), **more: Any) -> dict[str, Any]:
    return {"test": np.array(test, int), "i1-f1_train": train, "i1-f1_validation": validation, **more}


def npz(path: Path, arrays: dict[str, Any]) -> Path:
    with path.open("wb") as stream:
        np.savez(stream, **arrays)
    return path


def test_json_gives_the_rows_it_names(dataset: Dataset, tmp_path: Path) -> None:
    path = saved(tmp_path / "splits.json", GOOD)

    plan = make_splits(dataset, of(path))

    assert [(split.iteration, split.fold) for split in plan.splits] == [(1, 1), (1, 2)]
    assert [split.train.tolist() for split in plan.splits] == [[4, 5, 6], [0, 1]]
    assert [split.validation.tolist() for split in plan.splits] == [[0, 1], [4]]
    assert plan.test.tolist() == [10, 11]
    assert plan.pool.tolist() == [0, 1, 4, 5, 6]


def test_the_complete_section_has_the_files_sha256_and_gives_the_same_splits(dataset: Dataset, tmp_path: Path) -> None:
    path = saved(tmp_path / "splits.json", GOOD)
    plan = make_splits(dataset, of(path))

    again = make_splits(dataset, plan.evaluation)

    assert plan.evaluation.splits == SplitsFile(path=str(path), sha256=fingerprint.of_file(path))
    assert (plan.evaluation.protocol, plan.evaluation.duplicates, plan.evaluation.k) == ("kfold", "allow", None)
    assert (again.fingerprint, again.evaluation) == (plan.fingerprint, plan.evaluation)


def test_a_file_that_has_changed_since_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    path = saved(tmp_path / "splits.json", GOOD)
    complete = make_splits(dataset, of(path)).evaluation
    saved(path, GOOD | {"test": [11]})

    with pytest.raises(DataError, match="has changed: its sha256 is"):
        make_splits(dataset, complete)


@pytest.mark.parametrize("keys", [{}, {"protocol": "kfold"}, {"protocol": "iterated_kfold", "k": 3, "iterations": 2}])
def test_a_runs_own_file_gives_its_splits_again(
    make_dataset: MakeDataset, tmp_path: Path, keys: dict[str, Any]
) -> None:
    dataset = make_dataset("binary", np.arange(60) % 2)
    run = make_splits(dataset, Evaluation(**keys))
    arrays = {"test": run.test}
    for split in run.splits:
        fitted, monitor = run.inner(split, 0.2)
        name = f"i{split.iteration}-f{split.fold}"
        arrays |= {f"{name}_train": split.train, f"{name}_validation": split.validation}
        arrays |= {f"{name}_monitor": monitor, f"{name}_fitted": fitted}

    plan = make_splits(dataset, of(npz(tmp_path / "splits.npz", arrays)))

    assert plan.fingerprint == run.fingerprint
    assert plan.evaluation.protocol == run.evaluation.protocol
    assert plan.inner(plan.splits[-1], 0.2)[1].tolist() == run.inner(run.splits[-1], 0.2)[1].tolist()


def test_without_test_rows_the_provided_ones_are_used(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset("regression", np.zeros(ROWS), test=2)
    path = saved(tmp_path / "s.json", {"splits": [{"train": [0, 1], "validation": [2]}]})

    plan = make_splits(dataset, of(path))

    assert plan.test.tolist() == [10, 11]
    assert (plan.evaluation.protocol, plan.evaluation.test) == ("holdout", "provided")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"splits": [{"train": [0], "validation": [1, 10]}]}, "puts row 10 into a split, which is a row of the test"),
        ({"test": [11], "splits": [{"train": [0], "validation": [1]}]}, "names 1 test rows"),
    ],
)
def test_a_file_that_speaks_against_the_provided_test_set_is_refused(
    make_dataset: MakeDataset, tmp_path: Path, content: Any, message: str
) -> None:
    dataset = make_dataset("regression", np.zeros(ROWS), test=2)

    with pytest.raises((DataError, SpecError), match=message):
        make_splits(dataset, of(saved(tmp_path / "s.json", content), test="provided"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": [0, 1, 1]}, r"'train' of iteration 1, fold 1 .* names row 1 twice"),
        ({"train": [0, -1]}, "names row -1; the data have 12 rows"),
        ({"train": [0, 12]}, "names row 12; the data have 12 rows"),
        ({"train": [0, 10**15]}, "names row 1000000000000000"),
        ({"train": [0, 10**400]}, "no list of row numbers"),
        ({"train": [0.0, 1.0]}, "no list of row numbers"),
        ({"train": [True, False]}, "no list of row numbers"),
        ({"train": ["0"]}, "no list of row numbers"),
        ({"train": [[0]]}, "no list of row numbers"),
        ({"train": {"0": 1}}, "no list of row numbers"),
        ({"train": None}, "no list of row numbers"),
        ({"train": []}, "has no train rows"),
        ({"validation": []}, "has no validation rows"),
        ({"validation": [0]}, "row 0 is in 'train' and in 'validation'"),
        ({"validation": [2, 11]}, "row 11 is in 'validation' and in 'test'"),
        ({"valid": [2]}, "unknown key 'valid'"),
        ({"fold": 0}, "whole numbers from 1"),
        ({"fold": 2}, "holds 1 splits, numbered up to iteration 1 and fold 2"),
        ({"iteration": True}, "whole numbers from 1"),
        ({"fold": 10**9}, "whole numbers from 1"),
    ],
)
def test_a_split_that_cannot_be_is_refused(
    dataset: Dataset, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    split = {"train": [0, 1], "validation": [2]} | change
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"test": [11], "splits": [split]}))

    with pytest.raises(DataError, match=message):
        make_splits(dataset, of(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("[]", "does not hold splits"),
        ("{}", "does not hold splits"),
        ('{"splits": []}', "does not hold splits"),
        ('{"splits": {"train": [0]}}', "is no list"),
        ('{"splits": [[0, 1]]}', "split 1 .* is no mapping"),
        ('{"splits": [{"train": [0], "validation": [1]}], "k": 4}', "does not hold splits"),
        ('{"splits": [{"train": [0], "train": [2], "validation": [1]}]}', "a key stands twice"),
        ('{"splits": [{"train": [0], "validation": [1]', "neither an npz nor JSON"),
        ('{"splits": [{"train": [NaN], "validation": [1]}]}', "no list of row numbers"),
        ("[" * 100_000, "neither an npz nor JSON"),
        ("row,fold\n0,1\n", "neither an npz nor JSON"),
        ('{"splits": [{"train": [' + "9" * 6000 + '], "validation": [1]}]}', "neither an npz nor JSON"),
    ],
)
def test_what_is_no_file_of_splits_is_refused(dataset: Dataset, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)

    with pytest.raises(DataError, match=message):
        make_splits(dataset, of(path))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (arrays_of(train=np.array([0, 1], object)), "array of Python objects"),
        (arrays_of(train=np.array([0.0, 1.0])), "has type float64"),
        (arrays_of(train=np.array([True, False])), "has type bool"),
        (arrays_of(train=np.array(["0"])), "has type <U1"),
        (arrays_of(train=np.array([[0], [1]])), r"shape \(2, 1\)"),
        (arrays_of(train=np.array(0)), r"shape \(\)"),
        (arrays_of(train=np.array([0, 2**63], np.uint64)), "names row 9223372036854775808"),
        (arrays_of(train=np.array([0, -5], np.int8)), "names row -5"),
        (arrays_of(**{"i1-f3_train": [0], "i1-f3_validation": [4]}), "holds 2 splits, numbered up to .* fold 3"),
        (arrays_of(**{"i1-f2_train": [0]}), "fold 2 in .* has no validation rows"),
        (arrays_of(**{"i0-f1_train": [0]}), "an array named 'i0-f1_train'"),
        (arrays_of(**{"i1-f01_train": [0]}), "an array named 'i1-f01_train'"),
        (arrays_of(weights=[0]), "an array named 'weights'"),
        ({"test": [1]}, "holds no splits"),
    ],
)
def test_an_archive_that_cannot_be_is_refused(
    dataset: Dataset, tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        make_splits(dataset, of(npz(tmp_path / "s.npz", arrays)))


class Bomb:
    """Says so when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("opened"),))


def test_a_pickle_is_not_opened(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_bytes(pickle.dumps(Bomb()))
    inside = npz(tmp_path / "inside", arrays_of(train=np.array([Bomb(), 1], object)))

    for path in (tmp_path / "plain", inside):
        with pytest.raises(DataError):
            make_splits(dataset, of(path))

    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_an_archive_that_is_cut_short_is_refused(dataset: Dataset, tmp_path: Path, keep: float) -> None:
    path = npz(tmp_path / "s.npz", arrays_of())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])

    with pytest.raises(DataError, match="damaged"):
        make_splits(dataset, of(path))


def test_an_archive_with_two_members_of_one_name_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    path = npz(tmp_path / "s.npz", arrays_of())
    with zipfile.ZipFile(path) as source:
        content = source.read("i1-f1_train.npy")
    with zipfile.ZipFile(path, "a") as target, pytest.warns(UserWarning, match="Duplicate name"):
        target.writestr("i1-f1_train.npy", content)

    with pytest.raises(DataError, match=r"more than one member 'i1-f1_train\.npy'"):
        make_splits(dataset, of(path))


@pytest.mark.parametrize("name", ["missing.npz", "."])
def test_a_file_that_is_not_there_is_an_error(dataset: Dataset, tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError):
        make_splits(dataset, of(tmp_path / name))


@pytest.mark.parametrize(
    ("keys", "split", "path", "message"),
    [
        ({"group": "g"}, {"train": [0, 1], "validation": [3, 4]}, "group", "such as rows 3 and 0"),
        ({"group": "g"}, {"train": [0, 9], "validation": [4]}, "group", "1 test rows are of groups"),
        ({"time": "t"}, {"train": [0, 5], "validation": [4, 6]}, "time", "row 5 is as late"),
        ({"time": "ties"}, {"train": [0, 6], "validation": [7]}, "time", "row 6 is as late"),
        ({"time": "t"}, {"train": [0, 1], "validation": [11]}, "time", "the test rows are not later"),
        ({"protocol": "kfold"}, {"train": [0], "validation": [1]}, "protocol", "which is 'holdout'"),
        ({"test": "none"}, {"train": [0], "validation": [1]}, "test", "names 1 test rows"),
    ],
)
def test_what_the_spec_says_must_hold_for_given_splits_too(
    dataset: Dataset, tmp_path: Path, keys: dict[str, Any], split: Any, path: str, message: str
) -> None:
    file = saved(tmp_path / "s.json", {"test": [10], "splits": [split]})

    with pytest.raises(SpecError, match=message) as caught:
        make_splits(dataset, of(file, **keys))

    assert caught.value.problems[0].path == ("evaluation", path)


def test_inner_rows_of_given_splits_keep_groups_whole(dataset: Dataset, tmp_path: Path) -> None:
    split = {"train": [0, 1, 2, 3, 4, 5, 6, 7], "validation": [8, 9]}
    plan = make_splits(dataset, of(saved(tmp_path / "s.json", {"splits": [split]}), group="g"))

    rest, inner = plan.inner(plan.splits[0], 0.5)

    assert sorted([rest.tolist(), inner.tolist()]) == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize(
    ("column", "folds"),
    [
        ([10, 9, 9, 10, 2, 2], [[4, 5], [1, 2], [0, 3]]),
        ([1.0, 0.5, 0.5, 1.0, 1.0, 1.0], [[1, 2], [0, 3, 4, 5]]),
        (np.array(["b", "a", "10", "9", "a", "b"], object), [[3], [2], [1, 4], [0, 5]]),
        (np.array([True, False, False, True, True, True]), [[1, 2], [0, 3, 4, 5]]),
    ],
)
def test_a_column_of_folds_holds_each_out_once_in_their_order(
    make_dataset: MakeDataset, column: Any, folds: list[list[int]]
) -> None:
    plan = make_splits(make_dataset("regression", np.zeros(6), columns={"f": column}), Evaluation(fold="f"))

    assert [split.validation.tolist() for split in plan.splits] == folds
    assert all(sorted([*split.train, *split.validation]) == list(range(6)) for split in plan.splits)
    assert (plan.evaluation.protocol, plan.evaluation.test, plan.evaluation.k) == ("kfold", "none", None)
    assert len(plan.test) == 0


def test_rows_that_a_column_calls_test_are_test_rows(make_dataset: MakeDataset) -> None:
    column = np.array(["1", "2", "test", "1", "2", "Test"], object)
    dataset = make_dataset("regression", np.zeros(6), columns={"f": column})

    plan = make_splits(dataset, Evaluation(fold="f"))

    assert plan.test.tolist() == [2, 5]
    assert [split.validation.tolist() for split in plan.splits] == [[0, 3], [1, 4]]
    assert make_splits(dataset, plan.evaluation).fingerprint == plan.fingerprint


def test_test_rows_may_be_drawn_before_the_folds_of_a_column(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(40), columns={"f": np.arange(40) % 2})

    plan = make_splits(dataset, Evaluation(fold="f", test=8, split_seed=5))

    drawn = make_splits(dataset, Evaluation(test=8, split_seed=5)).test
    assert plan.test.tolist() == drawn.tolist()
    assert (np.concatenate([split.validation % 2 for split in plan.splits[:1]]) == 0).all()
    assert len(plan.splits[0].validation) + len(plan.splits[1].validation) == 32


def test_a_provided_test_set_needs_no_folds(make_dataset: MakeDataset) -> None:
    column = np.array(["1", "2", "1", "2", None, None], object)
    dataset = make_dataset("regression", np.zeros(6), test=2, columns={"f": column})

    plan = make_splits(dataset, Evaluation(fold="f"))

    assert plan.test.tolist() == [4, 5]
    assert plan.evaluation.test == "provided"


@pytest.mark.parametrize(
    ("column", "keys", "message"),
    [
        (np.array(["1", None, "2", "1", "2", "1"], object), {}, "'f' is empty in row 2"),
        (np.array([1, np.nan, 2, 1, 2, 1]), {}, "'f' is empty in row 2"),
        (np.ones(6), {}, "holds only '1.0'; expected at least two folds"),
        (np.array(["test"] * 6, object), {}, "holds nothing but 'test'"),
        (np.array(["train", "train", "validation"] * 2, object), {}, "part of a hold-out and no fold"),
        (np.array(["1", "2", "test"] * 2, object), {"test": "none"}, "names 2 test rows, but the spec says test: none"),
        (np.array(["1", "2", "test"] * 2, object), {"test": 0.2}, "names 2 test rows, but the spec says test: 0.2"),
        (np.arange(6), {"test": 3}, "the test rows take all rows of fold"),
        (np.arange(6) % 2, {"group": "g"}, "validation rows are of groups"),
        (np.arange(6) % 2, {"time": True}, "the validation rows are not later"),
    ],
)
def test_a_column_that_gives_no_folds_is_refused(
    make_dataset: MakeDataset, column: Array, keys: dict[str, Any], message: str
) -> None:
    dataset = make_dataset("regression", np.zeros(6), columns={"f": column, "g": np.zeros(6)})

    with pytest.raises((DataError, SpecError), match=message):
        make_splits(dataset, Evaluation(fold="f", **keys))
