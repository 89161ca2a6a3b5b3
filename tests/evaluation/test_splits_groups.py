"""Groups: never on two sides, however rows repeat and whatever came with the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

from dlrun.data.dataset import Array, Dataset
from dlrun.errors import DataError, SpecError
from dlrun.evaluation.splitting.making import make_splits
from dlrun.evaluation.splitting.units import connected
from dlrun.spec.sections import Evaluation

MakeDataset = Callable[..., Dataset]
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=50)
@given(data=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12)), min_size=1, max_size=30))
def test_units_are_what_walking_from_row_to_row_reaches(data: list[tuple[int, int]]) -> None:
    one, other = (np.array(column) for column in zip(*data, strict=True))

    units = connected(one, other)

    for row in range(len(data)):
        reached = {row}
        while (
            more := {
                at for at in range(len(data)) for seen in reached if one[at] == one[seen] or other[at] == other[seen]
            }
            - reached
        ):
            reached |= more
        assert units[row] == min(reached)


def test_a_long_chain_of_groups_and_twins_is_one_unit() -> None:
    steps = np.arange(5000)

    assert (connected(steps // 2, (steps + 1) // 2) == 0).all()


@pytest.mark.parametrize("test", [0.1, 0.2, 0.25, 0.4, 0.5, 0.75, 30])
@settings(max_examples=5)
@given(seed=SEEDS)
def test_a_part_of_equal_groups_comes_within_one_group_of_its_size(
    make_dataset: MakeDataset, test: float, seed: int
) -> None:
    dataset = make_dataset("regression", np.zeros(200), columns={"g": np.arange(200) % 40})  # 40 groups of 5

    plan = make_splits(dataset, Evaluation(group="g", test=test, split_seed=seed))

    assert abs(len(plan.test) - (test if test > 1 else 200 * test)) <= 5


@settings(max_examples=10)
@given(seed=SEEDS)
def test_folds_of_groups_are_as_even_as_those_of_scikit_learn_within_one_group(
    make_dataset: MakeDataset, seed: int
) -> None:
    groups = np.random.default_rng(seed).integers(0, 50, 300)
    dataset = make_dataset("regression", np.zeros(300), columns={"g": groups})

    plan = make_splits(dataset, Evaluation(protocol="kfold", group="g", test="none", split_seed=seed))

    sizes = [len(split.validation) for split in plan.splits]
    reference = [len(held) for _, held in GroupKFold(4).split(groups, groups=groups)]
    largest = np.bincount(groups).max()
    assert max(sizes) - min(sizes) <= max(reference) - min(reference) + largest


def test_stratified_folds_of_groups_hold_each_class_where_groups_are_pure(make_dataset: MakeDataset) -> None:
    groups = np.arange(120) // 5  # 24 groups, 6 of them of class 1
    targets = (groups % 4 == 0).astype(int)
    dataset = make_dataset("binary", targets, columns={"g": groups})

    plan = make_splits(dataset, Evaluation(protocol="kfold", k=3, group="g", test="none"))

    assert plan.stratified
    assert [targets[split.validation].sum() for split in plan.splits] == [10, 10, 10]


def test_reshuffled_iterations_of_groups_differ(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(60), columns={"g": np.arange(60) // 3})

    plan = make_splits(dataset, Evaluation(protocol="iterated_kfold", group="g"))

    assert len({split.validation.tobytes() for split in plan.splits}) == 12
    assert plan.notes == ()


def test_iterations_that_cannot_differ_are_named(make_dataset: MakeDataset) -> None:
    groups = np.repeat(np.arange(6), [40, 32, 24, 16, 12, 8])  # no two alike: there is one way to deal them out
    targets = np.concatenate([np.arange(count) % 4 == 0 for count in (40, 32, 24, 16, 12, 8)]).astype(int)
    dataset = make_dataset("binary", targets, columns={"g": groups})

    plan = make_splits(dataset, Evaluation(protocol="iterated_kfold", k=2, group="g", test="none"))

    assert plan.notes[0].startswith("only 1 of 3 iterations differ")


def test_without_shuffling_the_last_groups_are_held_out(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(20), columns={"g": np.arange(20) // 4})

    plan = make_splits(dataset, Evaluation(group="g", shuffle=False, test=0.2, validation=0.2))

    assert plan.test.tolist() == [16, 17, 18, 19]
    assert plan.splits[0].validation.tolist() == [12, 13, 14, 15]  # a fifth of 16 is 3.2: one group is nearest


def test_groups_may_be_texts_and_inner_rows_keep_them_whole(make_dataset: MakeDataset) -> None:
    groups = np.array([f"patient {row % 12}" for row in range(96)], object)
    plan = make_splits(make_dataset("binary", np.arange(96) // 12 % 2, columns={"g": groups}), Evaluation(group="g"))

    rest, inner = plan.inner(plan.splits[0], 0.25)

    assert sorted([*rest, *inner]) == plan.splits[0].train.tolist()
    assert not set(groups[rest]) & set(groups[inner])


@pytest.mark.parametrize("values", [[1.0, np.nan] * 10, np.array(["a", None] * 10, object)])
def test_a_row_without_a_group_is_an_error(make_dataset: MakeDataset, values: Array) -> None:
    dataset = make_dataset("regression", np.zeros(20), columns={"g": values})

    with pytest.raises(DataError, match=r"group column 'g' is empty in rows 2, 4, 6, 8, 10 and 5 more"):
        make_splits(dataset, Evaluation(group="g"))


@pytest.mark.parametrize(
    ("keys", "path"), [({"protocol": "kfold", "k": 4, "test": "none"}, "k"), ({"test": 0.2}, "validation")]
)
def test_too_few_groups_are_an_error(make_dataset: MakeDataset, keys: dict[str, Any], path: str) -> None:
    dataset = make_dataset("regression", np.zeros(20), columns={"g": np.arange(20) // 10})  # two groups

    with pytest.raises(SpecError, match="groups") as caught:
        make_splits(dataset, Evaluation(group="g", **keys))

    assert caught.value.problems[0].path == ("evaluation", path)


def test_two_groups_are_enough_for_a_hold_out_without_test_rows(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(20), columns={"g": np.arange(20) // 10})

    (split,) = make_splits(dataset, Evaluation(group="g", test="none")).splits

    assert sorted([split.train.tolist(), split.validation.tolist()]) == [list(range(10)), list(range(10, 20))]


@pytest.mark.parametrize("keys", [{}, {"protocol": "kfold"}, {"shuffle": False}])
def test_groups_that_equal_rows_join_into_one_are_refused_with_the_remedy(
    make_dataset: MakeDataset, keys: dict[str, Any]
) -> None:
    inputs = np.arange(40)
    inputs[::4] = 0  # a row that every group has
    dataset = make_dataset("regression", np.zeros(40), inputs=inputs, columns={"g": np.arange(40) // 4})

    with pytest.raises(SpecError, match="once those that hold equal rows are joined") as caught:
        make_splits(dataset, Evaluation(group="g", test="none", **keys))

    assert "duplicates: drop" in str(caught.value)
    assert "duplicates: allow" in str(caught.value)
    for remedy in ("drop", "allow"):
        assert make_splits(dataset, Evaluation.model_validate({"group": "g", "duplicates": remedy, **keys})).splits


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_group_that_a_provided_part_shares_is_an_error(make_dataset: MakeDataset, part: str) -> None:
    dataset = make_dataset("regression", np.zeros(20), columns={"g": [*range(18), 3, 40]}, **{part: 2})

    with pytest.raises(
        SpecError, match=f"1 {part} rows are of groups that stand before them too, such as rows 18 and 3"
    ):
        make_splits(dataset, Evaluation.model_validate({"group": "g", "test": "none", part: "provided"}))


def test_a_column_that_was_not_read_is_an_error_of_the_spec(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(20), columns={"patient": np.arange(20)})

    with pytest.raises(SpecError, match=r"evaluation.group: 'small' has no column 'g'") as caught:
        make_splits(dataset, Evaluation(group="g"))

    assert "patient" in str(caught.value)
