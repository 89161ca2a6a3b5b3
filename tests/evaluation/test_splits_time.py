"""The arrow of time: training, gap, validation, gap, test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from dlrun.data.dataset import Array, Dataset
from dlrun.errors import DataError, SpecError
from dlrun.evaluation.splitting.making import make_splits
from dlrun.evaluation.splitting.time_order import time_ranks
from dlrun.spec.sections import Evaluation

MakeDataset = Callable[..., Dataset]


def texts(*values: str | None) -> Array:
    return np.array(values, object)


def test_rows_in_the_order_of_time_are_cut_from_the_end(make_dataset: MakeDataset) -> None:
    plan = make_splits(make_dataset("regression", np.zeros(10)), Evaluation(time=True, test=2, validation=3))

    (split,) = plan.splits
    assert (split.train.tolist(), split.validation.tolist(), plan.test.tolist()) == ([0, 1, 2, 3, 4], [5, 6, 7], [8, 9])
    assert not plan.stratified


def test_a_column_gives_the_order_and_the_gap_counts_distinct_times(make_dataset: MakeDataset) -> None:
    times = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]  # backwards, so the last times stand first
    dataset = make_dataset("binary", np.arange(10) % 2, columns={"t": times})

    plan = make_splits(dataset, Evaluation(time="t", test=2, validation=2, gap=1))

    (split,) = plan.splits
    assert (plan.test.tolist(), split.validation.tolist(), split.train.tolist()) == ([0, 1], [3, 4], [6, 7, 8, 9])
    assert plan.pool.tolist() == [3, 4, 5, 6, 7, 8, 9]
    assert plan.notes == ("2 of 10 rows are in no part: the gap of 1 distinct times",)


def test_rows_of_one_time_stay_together_and_the_nearest_size_is_taken(make_dataset: MakeDataset) -> None:
    times = np.repeat([0, 1, 2, 3], [10, 4, 5, 1])

    plan = make_splits(
        make_dataset("regression", np.zeros(20), columns={"t": times}), Evaluation(time="t", test=4, validation=5)
    )

    assert plan.test.tolist() == list(range(14, 20))  # 1 or 6 rows: 6 is nearer to 4
    assert plan.splits[0].validation.tolist() == [10, 11, 12, 13]


@settings(max_examples=30)
@given(rows=st.integers(18, 100), k=st.integers(2, 5), gap=st.integers(0, 2), seed=st.integers(0, 99))
def test_forward_chaining_is_that_of_scikit_learn(
    make_dataset: MakeDataset, rows: int, k: int, gap: int, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(rows)  # the row at each place in time
    times = np.argsort(order) / 7.0
    dataset = make_dataset("regression", np.zeros(rows), columns={"t": times})

    plan = make_splits(dataset, Evaluation(protocol="kfold", k=k, time="t", gap=gap, test="none"))

    for split, (past, now) in zip(plan.splits, TimeSeriesSplit(k, gap=gap).split(order), strict=True):
        assert split.train.tolist() == sorted(order[past])
        assert split.validation.tolist() == sorted(order[now])


def test_inner_rows_are_the_last_ones_with_the_gap_before_them(make_dataset: MakeDataset) -> None:
    plan = make_splits(make_dataset("regression", np.zeros(20)), Evaluation(time=True, gap=2, test=4, validation=4))

    rest, inner = plan.inner(plan.splits[0], 2)

    assert plan.splits[0].train.tolist() == list(range(8))
    assert (rest.tolist(), inner.tolist()) == ([0, 1, 2, 3], [6, 7])


def test_groups_of_later_rows_are_left_out_of_training(make_dataset: MakeDataset) -> None:
    groups = [0, 1, 2, 3, 0, 4, 1, 5, 2, 6]
    dataset = make_dataset("regression", np.zeros(10), columns={"g": groups})

    plan = make_splits(dataset, Evaluation(time=True, group="g", test=2, validation=3))

    (split,) = plan.splits
    assert plan.test.tolist() == [8, 9]  # groups 2 and 6
    assert split.validation.tolist() == [5, 6, 7]  # groups 4, 1 and 5
    assert split.train.tolist() == [0, 3, 4]
    assert plan.notes == ("2 of 10 rows are in no part: groups that stand among later rows too",)


@pytest.mark.parametrize("keys", [{}, {"protocol": "kfold"}, {"test": "none"}])
def test_groups_that_are_always_there_are_refused(make_dataset: MakeDataset, keys: dict[str, Any]) -> None:
    dataset = make_dataset("regression", np.zeros(60), columns={"g": np.arange(60) % 3, "t": np.arange(60) // 3})

    with pytest.raises(SpecError, match="every earlier row is of a group that stands among the later rows") as caught:
        make_splits(dataset, Evaluation(time="t", group="g", **keys))

    assert caught.value.problems[0].path == ("evaluation", "group")


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        ({"gap": 9}, "gap", "leaves no earlier time to train on"),
        ({"protocol": "kfold", "k": 10}, "k", "10 folds in the order of time need 11 distinct times; there are 8"),
        ({"protocol": "kfold", "k": 3, "gap": 3}, "gap", "leave the first of 3 folds nothing to train on"),
        ({"validation": 10}, "validation", "nothing is left to train on"),
    ],
)
def test_too_few_times_are_refused(make_dataset: MakeDataset, keys: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        make_splits(make_dataset("regression", np.zeros(10)), Evaluation(time=True, **({"test": 2} | keys)))

    assert caught.value.problems[0].path == ("evaluation", path)


def test_the_largest_gap_that_is_offered_works(make_dataset: MakeDataset) -> None:
    plan = make_splits(
        make_dataset("regression", np.zeros(8)), Evaluation(time=True, protocol="kfold", k=3, gap=1, test="none")
    )

    assert [split.train.tolist() for split in plan.splits] == [[0], [0, 1, 2], [0, 1, 2, 3, 4]]


def test_one_time_for_all_rows_cannot_be_cut(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(10), columns={"t": np.zeros(10)})

    with pytest.raises(SpecError, match="have the same time"):
        make_splits(dataset, Evaluation(time="t"))


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_provided_part_must_be_later(make_dataset: MakeDataset, part: str) -> None:
    early = make_dataset("regression", np.zeros(10), columns={"t": [*range(8), 5, 9]}, **{part: 2})
    late = make_dataset("regression", np.zeros(10), columns={"t": range(10)}, **{part: 2})
    evaluation = Evaluation.model_validate({"time": "t", "gap": 1, "validation": 1, "test": "none", part: "provided"})

    with pytest.raises(SpecError, match=f"the {part} set that came with the data is not later .* 3 are as late"):
        make_splits(early, evaluation)

    assert 7 not in make_splits(late, evaluation).pool or part == "validation"
    assert 7 not in make_splits(late, evaluation).splits[0].train


def test_equal_rows_are_only_counted(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(10), inputs=[0, 1, 2, 3, 4, 5, 6, 0, 1, 9])

    plan = make_splits(dataset, Evaluation(time=True, validation=3, test="none"))

    assert plan.repeated == (2,)
    assert plan.splits[0].validation.tolist() == [7, 8, 9]
    assert "together" not in plan.notes[0]


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        (np.array([3, 1, 3]), [1, 0, 1]),
        (np.array([0.5, -1.0, np.inf]), [1, 0, 2]),
        (texts("2024-02-01", "2024-01-31", "2024-02-01"), [1, 0, 1]),
        (texts("2024-01-01T10:00", "2024-01-01 09:59:59.5", "2024-01-01"), [2, 1, 0]),
        (texts("2024-01-01T12:00+02:00", "2024-01-01T11:00Z", "2024-01-01T10:00Z"), [0, 1, 0]),
        (texts("9999-12-31", "1066-10-14", "1969-07-20"), [2, 0, 1]),
        (np.array(["2024-01-02", "2024-01-01", "2024-01-03"], "datetime64[D]"), [1, 0, 2]),
    ],
)
def test_times_are_ranked(values: Array, ranks: list[int]) -> None:
    assert time_ranks(values, np.arange(3), "t").tolist() == ranks


def test_rows_that_are_not_in_play_need_no_time() -> None:
    assert time_ranks(np.array([5.0, np.nan, 4.0]), np.array([0, 2]), "t").tolist() == [1, -1, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([1.0, np.nan]), "'t' is empty in row 2"),
        (texts("2024-01-01", None), "'t' is empty in row 2"),
        (texts("", "2024-01-01"), "'t' is empty in row 1"),
        (np.array(["2024-01-01", "NaT"], "datetime64[D]"), "'t' is empty in row 2"),
        (texts("31.01.2024", "01.02.2024"), "'31.01.2024', which is neither a number nor an ISO date, in rows 1, 2"),
        (texts("2024-01-01", "01/02/2024"), "'01/02/2024', .* in row 2"),
        (texts("2024-01-01", "2024-02-30"), "'2024-02-30'"),
        (texts("2024-01-01", "today"), "'today'"),
        (texts("12345", "12346"), "'12345'"),
        (texts("2024-01-01", "x" * 10_000), "'x{60}'"),
        (texts("2024-01-01T10:00Z", "2024-01-01T10:00"), r"some times name a zone and others don't \(row 2\)"),
        (np.array([True, False]), "of type bool"),
        (np.array([1j, 2j]), "of type complex"),
    ],
)
def test_what_is_no_time_beyond_doubt_is_an_error(values: Array, message: str) -> None:
    with pytest.raises(DataError, match=message):
        time_ranks(values, np.arange(2), "t")
