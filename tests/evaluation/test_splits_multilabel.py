"""Rows with several labels: iterative stratification."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from dlrun.data.dataset import Dataset
from dlrun.errors import SpecError
from dlrun.evaluation.splitting.iterative_stratification import spread
from dlrun.evaluation.splitting.making import make_splits
from dlrun.spec.sections import Evaluation

MakeDataset = Callable[..., Dataset]
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=30)
@given(seed=SEEDS, rows=st.integers(0, 80), labels=st.integers(1, 6), parts=st.integers(2, 5))
def test_every_row_has_a_part_and_sizes_are_exact(seed: int, rows: int, labels: int, parts: int) -> None:
    random = np.random.default_rng(seed)
    sizes = random.multinomial(rows, np.ones(parts) / parts)

    part_of = spread((random.random((rows, labels)) < 0.3).astype(np.uint8), sizes, seed)

    assert np.bincount(part_of, minlength=parts).tolist() == sizes.tolist()


@settings(max_examples=30)
@given(seed=SEEDS, k=st.integers(2, 6))
def test_labels_that_exclude_each_other_are_spread_as_classes_are(seed: int, k: int) -> None:
    classes = np.random.default_rng(seed).permutation(np.arange(12 * k) % 4)  # 3 k rows of each

    part_of = spread(np.eye(4, dtype=np.uint8)[classes], np.full(k, 12), seed)

    counts = np.array([np.bincount(classes[part_of == part], minlength=4) for part in range(k)])
    assert (counts == 3).all()


def test_a_hand_worked_case() -> None:
    # Label 1 is rarer (2 rows), so its rows go first and to different parts, as do then the two others of label 0.
    labels = np.array([[1, 1], [1, 0], [1, 1], [1, 0]], np.uint8)

    for seed in range(20):
        part_of = spread(labels, np.array([2, 2]), seed)

        assert part_of[0] != part_of[2]
        assert part_of[1] != part_of[3]


def test_rare_labels_come_nearer_to_their_share_than_by_plain_drawing() -> None:
    random = np.random.default_rng(5)
    labels = (random.random((400, 12)) < np.linspace(0.02, 0.4, 12)).astype(np.uint8)
    share = labels.sum(axis=0) / 4

    part_of = spread(labels, np.full(4, 100), 0)

    ours = [labels[part_of == part].sum(axis=0) for part in range(4)]
    plain = [labels[held].sum(axis=0) for _, held in KFold(4, shuffle=True, random_state=0).split(labels)]
    assert np.abs(ours - share).max() <= 2
    assert np.abs(ours - share).mean() < np.abs(plain - share).mean() / 4


def test_the_seed_decides_and_another_one_decides_differently() -> None:
    labels = (np.random.default_rng(0).random((100, 5)) < 0.3).astype(np.uint8)
    one, again, other = (spread(labels, np.array([50, 50]), seed).tolist() for seed in (1, 1, 2))

    assert one == again
    assert one != other


@pytest.mark.parametrize("protocol", ["holdout", "kfold"])
def test_a_multi_label_task_is_stratified_by_default(make_dataset: MakeDataset, protocol: str) -> None:
    labels = (np.random.default_rng(1).random((200, 3)) < 0.4).astype(np.uint8)

    plan = make_splits(make_dataset("multilabel", labels), Evaluation.model_validate({"protocol": protocol}))

    assert plan.stratified
    assert plan.evaluation.stratify is True
    assert np.abs(labels[plan.test].mean(axis=0) - labels.mean(axis=0)).max() < 0.05  # 2 of 40 rows


def test_labels_and_groups_at_once_are_not_stratified_and_the_plan_says_why(make_dataset: MakeDataset) -> None:
    labels = (np.random.default_rng(1).random((60, 3)) < 0.4).astype(np.uint8)
    dataset = make_dataset("multilabel", labels, columns={"g": np.arange(60) // 4})

    plan = make_splits(dataset, Evaluation(group="g"))

    assert not plan.stratified
    assert (
        plan.notes[0] == "not stratified: rows with several labels cannot be kept in proportion and in groups at once"
    )
    with pytest.raises(SpecError, match="several labels"):
        make_splits(dataset, Evaluation(group="g", stratify=True))


def test_a_label_that_no_training_row_has_is_named(make_dataset: MakeDataset) -> None:
    labels = np.zeros((20, 2), np.uint8)
    labels[:, 0] = 1
    labels[19, 1] = 1

    dataset = make_dataset("multilabel", labels, classes=("common", "rare"))
    plan = make_splits(dataset, Evaluation(shuffle=False, test="none"))

    assert plan.notes == ("among the validation rows, but not the training rows: label 'rare'",)
