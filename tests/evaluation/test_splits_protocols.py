"""K-fold and iterated K-fold: against scikit-learn, and what is refused or said."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from dlrun.data.dataset import Dataset, Indices
from dlrun.errors import SpecError
from dlrun.evaluation.splitting.making import SplitPlan, make_splits
from dlrun.seeds import child_seed
from dlrun.spec import load_spec
from dlrun.spec.sections import Evaluation

MakeDataset = Callable[..., Dataset]
SEEDS = st.integers(0, 2**32 - 1)
PROTOCOLS: list[dict[str, Any]] = [
    {},
    {"validation": 0.5},
    {"protocol": "kfold"},
    {"protocol": "kfold", "k": 7},
    {"protocol": "iterated_kfold", "iterations": 2},
]


def validation_of(plan: SplitPlan) -> list[list[int]]:
    return [split.validation.tolist() for split in plan.splits]


@settings(max_examples=20)
@given(seed=SEEDS, rows=st.integers(20, 200), k=st.integers(2, 10))
def test_folds_are_those_of_scikit_learn(make_dataset: MakeDataset, seed: int, rows: int, k: int) -> None:
    dataset = make_dataset("regression", np.zeros(rows))

    plan = make_splits(dataset, Evaluation(protocol="kfold", k=k, test="none", split_seed=seed))

    folds = KFold(k, shuffle=True, random_state=child_seed(seed, "folds", 1)).split(np.arange(rows))
    assert validation_of(plan) == [held.tolist() for _, held in folds]


@settings(max_examples=20)
@given(seed=SEEDS, k=st.integers(2, 8))
def test_stratified_folds_of_the_rows_that_are_left_are_those_of_scikit_learn(
    make_dataset: MakeDataset, seed: int, k: int
) -> None:
    targets = np.random.default_rng(seed).permutation(np.arange(90) % 3)
    plan = make_splits(
        make_dataset("multiclass", targets), Evaluation(protocol="iterated_kfold", k=k, iterations=2, split_seed=seed)
    )

    pool, test = train_test_split(
        np.arange(90), test_size=18, random_state=child_seed(seed, "test rows"), stratify=targets
    )
    pool = np.sort(pool)
    expected = [
        pool[held].tolist()
        for iteration in (1, 2)
        for _, held in StratifiedKFold(k, shuffle=True, random_state=child_seed(seed, "folds", iteration)).split(
            pool, targets[pool]
        )
    ]
    assert plan.test.tolist() == sorted(test)
    assert validation_of(plan) == expected


def test_a_hold_out_is_the_one_of_scikit_learn(make_dataset: MakeDataset) -> None:
    plan = make_splits(make_dataset("regression", np.zeros(100)), Evaluation(test=10, validation=0.25, split_seed=3))

    pool, test = train_test_split(np.arange(100), test_size=10, random_state=child_seed(3, "test rows"))
    _, held = train_test_split(np.sort(pool), test_size=23, random_state=child_seed(3, "validation rows", 1))
    assert plan.test.tolist() == sorted(test)
    assert validation_of(plan) == [sorted(held)]  # a quarter of 90 is 22.5


@settings(max_examples=20)
@given(seed=SEEDS)
def test_equal_rows_follow_the_split_of_distinct_ones(make_dataset: MakeDataset, seed: int) -> None:
    random = np.random.default_rng(seed)
    which = random.permutation(np.concatenate([np.arange(50), random.integers(0, 50, 30)]))
    targets = which % 2
    twins = make_dataset("binary", targets, inputs=which)
    _, first = np.unique(which, return_index=True)
    first = np.sort(first)
    alone = make_dataset("binary", targets[first], inputs=which[first])
    evaluation = Evaluation(protocol="kfold", split_seed=seed)

    plan, reference = make_splits(twins, evaluation), make_splits(alone, evaluation)

    for split, other in zip(plan.splits, reference.splits, strict=True):
        assert set(which[split.validation]) == set(which[first[other.validation]])
    assert set(which[plan.test]) == set(which[first[reference.test]])


@settings(max_examples=20)
@given(seed=SEEDS)
def test_dropping_leaves_the_first_of_equal_rows(make_dataset: MakeDataset, seed: int) -> None:
    which = np.random.default_rng(seed).integers(0, 40, 80)
    dataset = make_dataset("regression", which / 1.0, inputs=which)

    plan = make_splits(dataset, Evaluation(protocol="kfold", k=3, duplicates="drop", test="none", split_seed=seed))

    _, first = np.unique(which, return_index=True)
    assert plan.dropped.tolist() == np.setdiff1d(np.arange(80), first).tolist()
    assert np.sort(np.concatenate([split.validation for split in plan.splits])).tolist() == sorted(first)
    assert plan.repeated == (0, 0, 0)


def test_what_is_allowed_to_part_is_counted_and_warned_of(make_dataset: MakeDataset) -> None:
    which = np.repeat(np.arange(20), 2)  # rows 0 and 1 are equal, 2 and 3, ...
    dataset = make_dataset("regression", np.zeros(40), inputs=which)

    plan = make_splits(dataset, Evaluation(protocol="kfold", k=2, duplicates="allow", test="none"))

    by_hand = [sum(which[row] in which[split.train] for row in split.validation) for split in plan.splits]
    assert list(plan.repeated) == by_hand
    assert sum(by_hand) > 0
    assert plan.notes[0].startswith(f"{sum(by_hand)} of the 40 validation rows of 2 splits together also stand")


@settings(max_examples=20)
@given(seed=SEEDS)
def test_test_rows_are_the_same_whatever_the_protocol(make_dataset: MakeDataset, seed: int) -> None:
    which = np.random.default_rng(seed).integers(0, 100, 120)
    dataset = make_dataset("binary", which % 2, inputs=which, columns={"g": which % 17})

    for more in ({}, {"group": "g"}):
        plans = [make_splits(dataset, Evaluation(**keys, **more, split_seed=seed)) for keys in PROTOCOLS]

        assert len({plan.test.tobytes() for plan in plans}) == 1


@settings(max_examples=20)
@given(seed=SEEDS)
@pytest.mark.parametrize("keys", PROTOCOLS)
def test_one_split_seed_makes_one_fingerprint(make_dataset: MakeDataset, keys: dict[str, Any], seed: int) -> None:
    dataset = make_dataset("binary", np.arange(200) % 2)

    one, again, other = (make_splits(dataset, Evaluation(**keys, split_seed=at)) for at in (seed, seed, seed ^ 1))

    assert one.fingerprint == again.fingerprint
    assert not set(map(tuple, validation_of(one))) & set(map(tuple, validation_of(other)))


def test_iterations_are_reshuffled_and_the_first_is_that_of_plain_k_fold(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("binary", np.arange(100) % 2)

    iterated = make_splits(dataset, Evaluation(protocol="iterated_kfold", iterations=5))
    single = make_splits(dataset, Evaluation(protocol="kfold"))

    parts = validation_of(iterated)
    assert parts[:4] == validation_of(single)
    assert len({tuple(part) for part in parts}) == 20
    assert [(split.iteration, split.fold) for split in iterated.splits] == [
        (i, f) for i in range(1, 6) for f in range(1, 5)
    ]


def test_splits_have_no_way_to_see_the_seed_of_the_run() -> None:
    names = {field.name for field in dataclasses.fields(Dataset)} | set(Evaluation.model_fields)

    assert "seed" not in names


@pytest.mark.parametrize(
    ("keys", "filled"),
    [
        ({}, {"protocol": "holdout", "validation": 0.2, "k": None, "iterations": None, "shuffle": True, "gap": None}),
        ({"protocol": "kfold"}, {"k": 4, "validation": None, "iterations": None}),
        ({"protocol": "iterated_kfold", "k": 3}, {"k": 3, "iterations": 3}),
        ({"time": True}, {"shuffle": False, "gap": 0, "duplicates": "allow", "stratify": None}),
        ({"shuffle": False}, {"shuffle": False, "stratify": None, "duplicates": "together"}),
        ({"stratify": False}, {"stratify": False, "test": 0.2}),
    ],
)
def test_defaults_are_filled_in_and_can_be_read_again(
    make_dataset: MakeDataset, tmp_path: Path, keys: dict[str, Any], filled: dict[str, Any]
) -> None:
    complete = make_splits(make_dataset("binary", np.arange(40) % 2), Evaluation(**keys)).evaluation

    written = json.dumps(complete.model_dump(exclude_none=True))
    (tmp_path / "spec.yaml").write_text(f"dataset: digits\nlayers: [Dense: 4]\nevaluation: {written}\n")
    assert filled.items() <= complete.model_dump().items()
    assert load_spec(tmp_path / "spec.yaml").spec.evaluation == complete


def test_a_class_with_fewer_rows_than_folds_is_a_note_and_no_warning(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("binary", [0] * 20 + [1] * 3, classes=("common", "rare"))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan = make_splits(dataset, Evaluation(protocol="kfold", k=5, test="none"))

    assert not plan.stratified
    assert plan.evaluation.stratify is None
    assert plan.notes[0] == "not stratified: class 'rare' has fewer rows than there are folds (3 of 5)"


def test_a_class_with_fewer_rows_than_folds_is_an_error_where_classes_are_required(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("binary", [0] * 20 + [1] * 3)

    with pytest.raises(SpecError, match="true cannot be done: class 1 has fewer rows") as caught:
        make_splits(dataset, Evaluation(protocol="kfold", k=5, test="none", stratify=True))

    assert caught.value.problems[0].path == ("evaluation", "stratify")


def test_classes_that_no_fold_can_learn_are_counted_over_folds(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("multiclass", [0] * 10 + [1] * 10 + [2] * 10, classes=("a", "b", "c"))

    plan = make_splits(dataset, Evaluation(protocol="kfold", k=3, test="none", shuffle=False))

    assert plan.notes == (
        "among the validation rows, but not the training rows of 3 of 3 splits: classes 'a', 'b', 'c'",
        "every validation row of 3 of 3 splits is of classes 'a', 'b', 'c': the scores say little",
    )


@pytest.mark.parametrize(
    ("rows", "inputs", "message", "hint"),
    [
        (5, None, "9 folds cannot be made of 5 rows", "use k: 5 or fewer"),
        (40, np.arange(40) % 6, "9 folds cannot be made of 6 distinct rows", "duplicates: drop"),
    ],
)
def test_more_folds_than_rows_are_refused(
    make_dataset: MakeDataset, rows: int, inputs: Indices | None, message: str, hint: str
) -> None:
    dataset = make_dataset("regression", np.zeros(rows), inputs=inputs)

    with pytest.raises(SpecError, match=message) as caught:
        make_splits(dataset, Evaluation(protocol="kfold", k=9, test="none"))

    assert caught.value.problems[0].path == ("evaluation", "k")
    assert hint in str(caught.value)


@pytest.mark.parametrize("keys", [{}, {"shuffle": False}, {"test": 3}])
def test_rows_that_are_all_equal_cannot_be_parted(make_dataset: MakeDataset, keys: dict[str, Any]) -> None:
    dataset = make_dataset("regression", np.zeros(20), inputs=np.zeros(20))

    with pytest.raises(SpecError, match=r"all 20 rows .* are equal, and equal rows stay together") as caught:
        make_splits(dataset, Evaluation(**keys))

    assert "duplicates: allow" in str(caught.value)


def test_a_number_of_rows_is_reached_on_average_where_rows_are_repeated(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(90), inputs=np.arange(90) // 3)

    plan = make_splits(dataset, Evaluation(validation=24, test="none"))

    assert len(plan.splits[0].validation) == 24  # 8 of 30 distinct rows, each there three times


def test_rows_of_a_provided_test_set_that_are_known_are_named(make_dataset: MakeDataset) -> None:
    inputs = [*range(20), 30, 4, 31, 7]
    dataset = make_dataset("regression", np.zeros(24), test=4, inputs=inputs)

    plan = make_splits(dataset, Evaluation())

    assert plan.test.tolist() == [20, 21, 22, 23]
    assert plan.notes == (
        "2 of the 4 test rows also stand among the other rows, exactly: rows 21 (as 4), 23 (as 7), counted from 0",
    )


def test_drawn_test_rows_are_known_only_where_that_is_allowed(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(40), inputs=np.arange(40) // 2)

    notes = {
        keep: make_splits(dataset, Evaluation.model_validate({"duplicates": keep})).notes
        for keep in ("together", "drop", "allow")
    }

    assert (notes["together"], notes["drop"]) == ((), ())
    assert any("of the 8 test rows also stand among the other rows" in note for note in notes["allow"])


def test_a_provided_validation_set_is_counted_against_the_training_rows(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(12), validation=2, inputs=[*range(10), 3, 50])

    plan = make_splits(dataset, Evaluation(validation="provided", test="none"))

    assert plan.repeated == (1,)
    assert "1 of the 2 validation rows also stand among the training rows" in plan.notes[0]


def test_dropping_takes_repeated_rows_out_of_a_provided_validation_set(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(12), validation=2, inputs=[*range(10), 3, 50])

    plan = make_splits(dataset, Evaluation(validation="provided", test="none", duplicates="drop"))

    assert plan.splits[0].validation.tolist() == [11]
    assert plan.dropped.tolist() == [10]


def test_a_provided_validation_set_that_only_repeats_is_refused(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(12), validation=2, inputs=[*range(10), 3, 4])

    with pytest.raises(SpecError, match="repeats an earlier row, and is dropped"):
        make_splits(dataset, Evaluation(validation="provided", test="none", duplicates="drop"))
