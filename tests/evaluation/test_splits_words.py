"""What is said about splits, and whether what is advised works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlrun.data.dataset import Dataset
from dlrun.errors import SpecError
from dlrun.evaluation.splitting.making import make_splits
from dlrun.spec.sections import Evaluation

MakeDataset = Callable[..., Dataset]
INNER = ("training", "early_stopping", "inner")


def test_training_rows_of_one_group_are_refused_in_plain_words(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(120), columns={"g": np.arange(120) // 60})
    plan = make_splits(dataset, Evaluation(protocol="kfold", k=2, group="g", test="none"))

    with pytest.raises(SpecError) as caught:
        plan.watching(0.2)

    (problem,) = caught.value.problems
    assert problem.path == INNER
    assert problem.message == ("all 60 training rows of fold 1 belong to one group, so none of them can be held out")
    assert "early_stopping: {on: validation}" in str(problem.hint)
    assert "duplicates" not in str(problem.hint)


def test_equal_rows_are_mentioned_where_they_have_joined_the_groups(make_dataset: MakeDataset) -> None:
    inputs = np.arange(60)
    inputs[[0, 20]] = 99  # joins groups 0 and 1; group 2 is apart
    dataset = make_dataset("regression", np.zeros(60), inputs=inputs, columns={"g": np.arange(60) // 20})

    for seed in range(10):
        plan = make_splits(dataset, Evaluation(group="g", test="none", split_seed=seed))
        alone = len(plan.splits[0].train) == 20
        with pytest.raises(SpecError) as caught:
            plan.inner(plan.splits[0], 0.2)

        assert ("duplicates: drop" in str(caught.value)) is not alone
        assert ("once those that hold equal rows are joined" in str(caught.value)) is not alone


@pytest.mark.parametrize(("groups", "words"), [([0] * 12, "1 group"), ([0] * 6 + [1] * 6, "2 groups")])
def test_groups_are_counted_in_good_english(make_dataset: MakeDataset, groups: list[int], words: str) -> None:
    dataset = make_dataset("regression", np.zeros(12), columns={"g": groups})

    with pytest.raises(SpecError, match=f"3 folds cannot be made of {words}\n") as caught:
        make_splits(dataset, Evaluation(protocol="kfold", k=3, group="g", test="none"))

    assert "duplicates" not in str(caught.value)


@pytest.mark.parametrize("keys", [{}, {"stratify": True}])
def test_where_nothing_is_drawn_nothing_is_stratified(make_dataset: MakeDataset, keys: dict[str, Any]) -> None:
    dataset = make_dataset("binary", np.arange(60) % 2, validation=10, test=10)

    plan = make_splits(dataset, Evaluation(validation="provided", test="provided", **keys))

    assert not plan.stratified
    assert plan.evaluation.stratify is keys.get("stratify")


@pytest.mark.parametrize("keys", [{"validation": 0.2}, {"validation": "provided", "test": 0.2}, {"protocol": "kfold"}])
def test_one_part_that_is_drawn_by_class_is_enough(make_dataset: MakeDataset, keys: dict[str, Any]) -> None:
    dataset = make_dataset("binary", np.arange(60) % 2, validation=10, test=10)

    assert make_splits(dataset, Evaluation(**keys)).stratified


@pytest.mark.parametrize(
    ("targets", "columns", "why"),
    [
        (np.zeros(6), {}, "every fold is one row, or rows that are equal"),
        (np.zeros(6), {"g": np.arange(6)}, "every fold is one group"),
    ],
)
def test_iterations_of_leave_one_out_are_the_same_for_the_right_reason(
    make_dataset: MakeDataset, targets: Any, columns: dict[str, Any], why: str
) -> None:
    dataset = make_dataset("regression", targets, columns=columns)

    plan = make_splits(
        dataset, Evaluation(protocol="iterated_kfold", k=6, iterations=2, test="none", group="g" if columns else None)
    )

    assert plan.notes[0].startswith(f"only 1 of 2 iterations differ: {why}")


def test_what_is_advised_against_a_validation_set_that_repeats_training_rows_works(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(60), validation=12, inputs=[*range(48), *range(42, 54)])
    written: dict[str, Any] = {"validation": "provided", "test": "none"}

    for keep in ("together", "allow"):
        plan = make_splits(dataset, Evaluation.model_validate({**written, "duplicates": keep}))

        assert plan.repeated == (6,)
        assert plan.notes[0].endswith("; 'duplicates: drop' takes them out, 'validation: 0.2' draws other rows instead")
    for remedy in ({"duplicates": "drop"}, {"validation": 0.2}):
        assert make_splits(dataset, Evaluation.model_validate({**written, **remedy})).repeated == (0,)


def test_a_validation_set_that_only_repeats_training_rows_is_not_told_to_drop_them(make_dataset: MakeDataset) -> None:
    dataset = make_dataset("regression", np.zeros(12), validation=2, inputs=[*range(10), 3, 4])

    plan = make_splits(dataset, Evaluation(validation="provided", test="none"))

    assert plan.notes[0].endswith("so the score flatters; 'validation: 0.2' draws other rows instead")
