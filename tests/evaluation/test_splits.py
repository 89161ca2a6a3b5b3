from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data.dataset import Dataset, Indices
from dlrun.errors import DataError, SpecError
from dlrun.evaluation.splitting.making import SplitPlan, make_splits
from dlrun.spec.sections import Evaluation

MakeDataset = Callable[..., Dataset]
SEEDS = st.integers(0, 2**32 - 1)


def parts(plan: SplitPlan) -> tuple[Indices, Indices, Indices]:
    (split,) = plan.splits
    return split.train, split.validation, plan.test


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(10, 300), validation=st.integers(1, 4), test=st.integers(1, 4), seed=SEEDS, shuffle=st.booleans()
)
def test_every_row_is_in_exactly_one_part_and_counts_are_exact(
    make_dataset: MakeDataset, rows: int, validation: int, test: int, seed: int, shuffle: bool
) -> None:
    dataset = make_dataset("regression", np.zeros(rows))

    plan = make_splits(dataset, Evaluation(validation=validation, test=test, shuffle=shuffle, split_seed=seed))

    train, validated, tested = parts(plan)
    assert sorted([*train, *validated, *tested]) == list(range(rows))
    assert (len(validated), len(tested)) == (validation, test)
    assert all((np.diff(part) > 0).all() for part in (train, validated, tested))


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(10, 60), min_size=2, max_size=4),
    share=st.floats(0.15, 0.5),
    seed=SEEDS,
)
def test_stratified_parts_hold_each_class_within_one_row_of_its_share(
    make_dataset: MakeDataset, counts: list[int], share: float, seed: int
) -> None:
    targets = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    dataset = make_dataset("multiclass", targets)

    plan = make_splits(dataset, Evaluation(validation=share, test="none", split_seed=seed))

    _, validated, _ = parts(plan)
    held = np.bincount(targets[validated], minlength=len(counts))
    assert plan.stratified
    assert np.abs(held - len(validated) * np.array(counts) / sum(counts)).max() <= 1


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_the_same_split_seed_gives_the_same_rows_and_another_one_others(make_dataset: MakeDataset, seed: int) -> None:
    dataset = make_dataset("binary", np.arange(200) % 2)

    first, again, other = (
        make_splits(dataset, Evaluation(split_seed=number)) for number in (seed, seed, (seed + 1) % 2**32)
    )

    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, one=st.integers(2, 50), other=st.integers(2, 50))
def test_test_rows_do_not_depend_on_the_size_of_validation(
    make_dataset: MakeDataset, seed: int, one: int, other: int
) -> None:
    dataset = make_dataset("binary", np.arange(100) % 2)

    plans = [make_splits(dataset, Evaluation(validation=size, split_seed=seed)) for size in (one, other)]

    assert plans[0].test.tolist() == plans[1].test.tolist()


def test_by_default_a_fifth_is_test_and_a_fifth_of_the_rest_validation(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(404))

    train, validated, tested = parts(make_splits(dataset, Evaluation()))

    assert (len(train), len(validated), len(tested)) == (258, 65, 81)  # a fifth of 404 is 80.8, of 323 64.6


def test_a_provided_test_set_is_the_default_where_there_is_one(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(50), test=10)

    _, validated, tested = parts(make_splits(dataset, Evaluation()))

    assert tested.tolist() == list(range(40, 50))
    assert len(validated) == 8


def test_a_provided_validation_set_leaves_all_other_rows_for_training(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(50), validation=10)

    train, validated, tested = parts(make_splits(dataset, Evaluation(validation="provided", test="none")))

    assert (len(train), validated.tolist(), len(tested)) == (40, list(range(40, 50)), 0)


def test_a_provided_validation_set_is_what_a_hold_out_uses_by_default(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(50), validation=10)

    plan = make_splits(dataset, Evaluation(test="none"))

    assert plan.evaluation.validation == "provided"
    assert plan.splits[0].validation.tolist() == list(range(40, 50))


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_provided_part_that_is_not_there_is_a_data_error_with_the_remedy(
    make_dataset: MakeDataset, part: str
) -> None:
    dataset = make_dataset("regression", np.zeros(50))

    with pytest.raises(DataError, match=f"evaluation.{part}: provided") as caught:
        make_splits(dataset, Evaluation.model_validate({part: "provided"}))

    assert f"{part}: 0.2" in str(caught.value.hint)


def test_parts_of_the_data_that_are_left_aside_are_named(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(60), validation=10, test=20)

    plan = make_splits(dataset, Evaluation(test="none", validation=0.2))

    assert plan.notes == (
        "the data's own test set (20 rows) is not used",
        "the data's own validation set (10 rows) is not used; 'validation: provided' uses it",
    )
    assert np.concatenate(parts(plan)).max() < 30


def test_without_shuffling_the_last_rows_are_held_out_in_order(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("binary", np.arange(20) % 2)

    plan = make_splits(dataset, Evaluation(validation=3, test=2, shuffle=False))

    train, validated, tested = parts(plan)
    assert (train.tolist(), validated.tolist(), tested.tolist()) == (list(range(15)), [15, 16, 17], [18, 19])
    assert not plan.stratified


@pytest.mark.parametrize(
    ("evaluation", "path", "message"),
    [
        (Evaluation(validation=10, test="none"), "validation", "nothing is left to train on"),
        (Evaluation(validation=11, test="none"), "validation", "takes all of the 10"),
        (Evaluation(validation=0.01, test="none"), "validation", "no row at all"),
        (Evaluation(validation=0.99, test="none"), "validation", "nothing is left to train on"),
        (Evaluation(test=500), "test", "takes all of the 10"),
        (Evaluation(test=5, validation=5), "validation", "takes all of the 5 rows that are not test rows"),
    ],
)
def test_a_part_that_would_be_empty_is_refused(
    make_dataset: MakeDataset, evaluation: Evaluation, path: str, message: str
) -> None:
    dataset = make_dataset("regression", np.zeros(10))

    with pytest.raises(SpecError, match=message) as caught:
        make_splits(dataset, evaluation)

    assert caught.value.problems[0].path == ("evaluation", path)


def test_data_without_training_rows_are_refused(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(5), test=5)

    with pytest.raises(DataError, match="no training rows"):
        make_splits(dataset, Evaluation())


@pytest.mark.parametrize(
    ("targets", "validation", "reason"),
    [
        ([0] * 20 + [1], 0.2, "class 'rare' has only one row"),
        ([0, 1] * 5, 1, "a part of 1 rows cannot hold all 2 classes"),
    ],
)
def test_where_classes_are_too_small_the_default_is_not_to_stratify_and_to_say_so(
    make_dataset: MakeDataset, targets: list[int], validation: float, reason: str
) -> None:
    dataset = make_dataset("binary", targets, classes=("common", "rare"))

    plan = make_splits(dataset, Evaluation(validation=validation, test="none"))

    assert not plan.stratified
    assert any(note.startswith(f"not stratified: {reason}") for note in plan.notes)


@pytest.mark.parametrize(
    ("task", "targets", "evaluation", "message"),
    [
        ("binary", [0] * 20 + [1], Evaluation(stratify=True), "only one row"),
        ("regression", np.zeros(20), Evaluation(stratify=True), "does not fit task 'regression'"),
    ],
)
def test_stratifying_that_is_asked_for_and_cannot_be_done_is_an_error(
    make_dataset: MakeDataset, task: str, targets: object, evaluation: Evaluation, message: str
) -> None:
    dataset = make_dataset(task, targets)

    with pytest.raises(SpecError, match=message) as caught:
        make_splits(dataset, evaluation)

    assert caught.value.problems[0].path == ("evaluation", "stratify")


def test_stratify_false_is_obeyed_without_a_note(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("binary", [0, 1] * 50)

    plan = make_splits(dataset, Evaluation(stratify=False))

    assert (plan.stratified, plan.notes) == (False, ())


def test_a_class_without_training_rows_is_named(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("multiclass", [0] * 8 + [1] * 8 + [2] * 4, classes=("a", "b", "c"))

    plan = make_splits(dataset, Evaluation(validation=4, test="none", shuffle=False))

    assert plan.notes[0] == "among the validation rows, but not the training rows: class 'c'"
    assert plan.notes[1].startswith("every validation row is of class 'c'")


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, share=st.one_of(st.integers(4, 50), st.floats(0.1, 0.9)))
def test_inner_rows_are_training_rows_and_keep_classes_in_proportion(
    make_dataset: MakeDataset, seed: int, share: float
) -> None:
    targets = np.arange(200) % 2
    plan = make_splits(make_dataset("binary", targets), Evaluation(validation=100, test="none", split_seed=seed))

    rest, inner = plan.inner(plan.splits[0], share)

    assert sorted([*rest, *inner]) == plan.splits[0].train.tolist()
    assert len(inner) == (share if isinstance(share, int) else int(share * 100 + 0.5))
    assert abs(2 * targets[inner].sum() - len(inner)) <= 1


def test_inner_rows_fall_back_to_plain_drawing_where_a_class_has_one_row(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("binary", [0] * 10 + [1] * 2)
    plan = make_splits(dataset, Evaluation(validation=6, test="none", stratify=True))

    rest, inner = plan.inner(plan.splits[0], 3)

    assert dataset.targets[plan.splits[0].train].sum() == 1
    assert (len(rest), len(inner)) == (3, 3)


def test_inner_rows_that_leave_nothing_to_train_on_are_refused(make_dataset: MakeDataset) -> None:
    plan = make_splits(make_dataset("regression", np.zeros(10)), Evaluation(test="none"))

    with pytest.raises(SpecError, match=r"training.early_stopping.inner.*nothing is left"):
        plan.inner(plan.splits[0], 8)


def test_inner_rows_of_rows_in_order_are_the_last_ones(make_dataset: MakeDataset) -> None:
    plan = make_splits(make_dataset("regression", np.zeros(12)), Evaluation(validation=2, test="none", shuffle=False))

    rest, inner = plan.inner(plan.splits[0], 3)

    assert rest.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert inner.tolist() == [7, 8, 9]


def test_inner_rows_differ_from_fold_to_fold(make_dataset: MakeDataset) -> None:
    plan = make_splits(make_dataset("regression", np.zeros(100)), Evaluation(protocol="iterated_kfold", test="none"))

    parts = {plan.inner(split, 0.2)[1].tobytes() for split in plan.splits}

    assert len(parts) == len(plan.splits) == 12
