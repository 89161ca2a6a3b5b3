"""Groups of uneven sizes: no fold is empty, parts come near to their sizes, and where they cannot, that is said."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from dlrun.data.dataset import Dataset
from dlrun.errors import SpecError
from dlrun.evaluation.splitting.grouping import group_folds
from dlrun.evaluation.splitting.making import make_splits
from dlrun.evaluation.splitting.rules import Rules
from dlrun.evaluation.splitting.subsets import nearest_subset
from dlrun.spec.sections import Evaluation

MakeDataset = Callable[..., Dataset]
SEEDS = st.integers(0, 2**32 - 1)
SEVEN = np.repeat(np.arange(7), [10, 7, 8, 5, 7, 4, 6])
PURE = np.isin(SEVEN, [3, 5]).astype(int)
"""Every group is of one class; StratifiedGroupKFold puts the groups of class 1 into a fold with others."""


@settings(max_examples=30)
@given(seed=SEEDS, sizes=st.lists(st.integers(1, 12), min_size=3, max_size=9), classes=st.integers(2, 3))
def test_no_fold_is_empty_even_where_every_group_is_a_fold_and_of_one_class(
    make_dataset: MakeDataset, seed: int, sizes: list[int], classes: int
) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    targets = groups % classes
    dataset = make_dataset("binary" if classes == 2 else "multiclass", targets, columns={"g": groups})

    plan = make_splits(dataset, Evaluation(protocol="kfold", k=len(sizes), group="g", test="none", split_seed=seed))

    assert sorted(len(split.validation) for split in plan.splits) == sorted(sizes)
    assert not set(np.concatenate([groups[split.validation] for split in plan.splits])) ^ set(groups)


def test_dealing_groups_out_without_classes_is_noted(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("binary", PURE, columns={"g": SEVEN})

    plan = make_splits(dataset, Evaluation(protocol="kfold", k=7, group="g", test="none"))

    assert not plan.stratified
    assert plan.evaluation.stratify is None
    assert plan.notes[0].startswith("not stratified: with so few groups, dealing them out by their classes leaves")


def test_a_fold_that_classes_would_leave_empty_is_an_error_where_classes_are_required(
    make_dataset: MakeDataset,
) -> None:
    dataset = make_dataset("binary", PURE, columns={"g": SEVEN})

    with pytest.raises(SpecError, match="true cannot be done: with so few groups") as caught:
        make_splits(dataset, Evaluation(protocol="kfold", k=7, group="g", test="none", stratify=True))

    assert caught.value.problems[0].path == ("evaluation", "stratify")


@settings(max_examples=20)
@given(seed=SEEDS, folds=st.integers(2, 6))
def test_dealing_out_by_size_is_what_scikit_learn_does_with_one_class(seed: int, folds: int) -> None:
    random = np.random.default_rng(seed)
    groups = np.unique(random.integers(0, 40, 200), return_inverse=True)[1]
    rows = np.arange(200)

    fold_of, _ = group_folds(Rules(), rows, groups, folds, seed)

    met = {fold: set(groups[fold_of == fold]) for fold in range(folds)}
    assert sum(map(len, met.values())) == len(set(groups))
    sizes = [int((fold_of == fold).sum()) for fold in range(folds)]
    theirs = [len(held) for _, held in StratifiedGroupKFold(folds).split(rows, np.zeros(200), groups)]
    assert max(sizes) - min(sizes) <= max(max(theirs) - min(theirs), int(np.bincount(groups).max()))


@settings(max_examples=30)
@given(seed=SEEDS, sizes=st.lists(st.integers(1, 40), min_size=2, max_size=9), share=st.floats(0.1, 0.9))
def test_of_a_few_groups_the_nearest_are_chosen(seed: int, sizes: list[int], share: float) -> None:
    counts = np.array(sizes)
    held = max(1, int(share * counts.sum()))

    chosen = nearest_subset(counts[:, None], held, len(sizes) - 1, seed)

    every = [sum(some) for size in range(1, len(sizes)) for some in combinations(sizes, size)]
    assert 1 <= chosen.sum() < len(sizes)
    assert abs(counts[chosen].sum() - held) <= max(min(abs(rows - held) for rows in every), 0.02 * held)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_parts_of_uneven_groups_come_near_to_their_sizes_and_classes(make_dataset: MakeDataset, seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = np.ceil(random.lognormal(1.5, 1, 60)).astype(int)
    groups = np.repeat(np.arange(60), sizes)
    targets = (random.random(60) < 0.4)[groups] ^ (random.random(len(groups)) < 0.1)  # groups are nearly pure
    dataset = make_dataset("binary", targets.astype(int), columns={"g": groups})

    plan = make_splits(dataset, Evaluation(group="g", split_seed=seed))

    rows, held = len(groups), plan.splits[0].validation
    assert abs(len(plan.test) - 0.2 * rows) <= 0.03 * rows
    assert abs(len(held) - 0.2 * (rows - len(plan.test))) <= 0.03 * rows
    assert abs(targets[plan.test].mean() - targets.mean()) < 0.1
    assert not any("asked for" in note for note in plan.notes)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_one_large_group_trains_and_the_parts_that_miss_their_sizes_are_named(
    make_dataset: MakeDataset, seed: int
) -> None:
    groups = np.repeat(np.arange(11), [90] + [1] * 10)
    dataset = make_dataset("regression", np.zeros(100), columns={"g": groups})

    plan = make_splits(dataset, Evaluation(group="g", test=0.2, validation=0.2, split_seed=seed))

    (split,) = plan.splits
    assert (len(split.train), len(split.validation), len(plan.test)) == (90, 5, 5)  # a test part leaves half the groups
    assert plan.notes == (
        "test rows: 5, where 20 were asked for, because groups stay whole",
        "validation rows: 5, where 19 were asked for, because groups stay whole",
    )


def test_different_seeds_draw_different_groups(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(300), columns={"g": np.random.default_rng(0).integers(0, 60, 300)})

    parts = {make_splits(dataset, Evaluation(group="g", split_seed=seed)).test.tobytes() for seed in range(10)}

    assert len(parts) == 10


def test_a_part_of_few_times_that_misses_its_size_is_named(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(100), columns={"t": np.repeat([0, 1, 2], [20, 20, 60])})

    plan = make_splits(dataset, Evaluation(time="t", test="none", validation=0.2))

    assert plan.notes == ("validation rows: 60, where 20 were asked for, because rows of one time stay together",)


def test_inner_rows_that_miss_their_size_are_named(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(120), columns={"g": np.arange(120) // 30})
    plan = make_splits(dataset, Evaluation(protocol="kfold", k=2, group="g", test="none"))

    watching = plan.watching(0.2)

    assert [list(map(len, parts)) for parts in (watching.watched or {}).values()] == [[30, 30], [30, 30]]
    assert watching.notes[-1] == (
        "early stopping's rows: in 2 of 2 splits, such as 30, where 12 were asked for, because groups stay whole"
    )
