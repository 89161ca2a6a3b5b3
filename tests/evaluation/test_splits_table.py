"""The table of docs/splits.md, cell by cell: what it promises holds for every example, what it denies fails for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data.dataset import Array, Dataset, Indices
from dlrun.evaluation.splitting.making import SplitPlan, make_splits
from dlrun.spec.sections import Evaluation

K = 3
SHARE = 0.3
HOLDOUT: dict[str, Any] = {"validation": SHARE}
KFOLD: dict[str, Any] = {"protocol": "kfold", "k": K}
ITERATED: dict[str, Any] = {"protocol": "iterated_kfold", "k": K, "iterations": 2}
PLAIN: dict[str, Any] = {"stratify": False}
SPLITTERS: dict[str, dict[str, Any]] = {
    "hold-out": HOLDOUT | PLAIN,
    "hold-out, stratified": HOLDOUT,
    "hold-out, several labels": HOLDOUT,
    "hold-out, in order": HOLDOUT | {"shuffle": False},
    "hold-out, groups": HOLDOUT | PLAIN | {"group": "g"},
    "hold-out, groups, stratified": HOLDOUT | {"group": "g"},
    "hold-out, time": HOLDOUT | {"time": "t"},
    "hold-out, time and groups": HOLDOUT | {"time": "t", "group": "g"},
    "K-fold": KFOLD | PLAIN,
    "K-fold, stratified": KFOLD,
    "K-fold, several labels": KFOLD,
    "K-fold, in order": KFOLD | {"shuffle": False},
    "K-fold, groups": KFOLD | PLAIN | {"group": "g"},
    "K-fold, groups, stratified": KFOLD | {"group": "g"},
    "K-fold, time": KFOLD | {"time": "t"},
    "K-fold, time and groups": KFOLD | {"time": "t", "group": "g"},
    "iterated K-fold": ITERATED | PLAIN,
    "iterated K-fold, stratified": ITERATED,
}
ROWS, DISTINCT_ROWS, DISTINCT_TIMES = "yes", "in distinct rows", "in distinct times"


def table() -> dict[str, dict[str, str]]:
    page = (Path(__file__).parents[2] / "docs" / "splits.md").read_text(encoding="utf-8")
    lines = page[page.index("| splitter |") :].split("\n\n")[0].splitlines()
    head, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: dict(zip(head[1:], cells, strict=True)) for name, *cells in body}


TABLE = table()


class Example:
    """Random data with equal rows, times and groups, split by one line of the table."""

    def __init__(self, splitter: str, seed: int, make_dataset: Callable[..., Dataset]) -> None:
        random = np.random.default_rng(seed)
        distinct = int(random.integers(60, 120))
        copies = random.integers(0, distinct, distinct // 4)
        which = random.permutation(np.concatenate([np.arange(distinct), copies]))
        if "labels" in splitter:
            targets = (random.random((distinct, 4)) < [0.05, 0.2, 0.3, 0.6]).astype(np.uint8)
        else:
            targets = random.permutation(np.arange(distinct) % 7 // 3)  # shares 3/7, 3/7, 1/7
        self.keys = SPLITTERS[splitter]
        self.times = random.integers(0, distinct // 2, len(which))
        self.groups = self._groups(random, which)
        task = "multilabel" if "labels" in splitter else "multiclass"
        columns = {"t": self.times, "g": self.groups}
        self.dataset = make_dataset(task, targets[which], inputs=which, columns=columns)
        self.which = which
        self.evaluation = Evaluation(test=SHARE, split_seed=seed, **self.keys)
        self.plan: SplitPlan = make_splits(self.dataset, self.evaluation)
        self.pool = np.setdiff1d(np.arange(len(which)), self.plan.test)
        if {"time", "group"} <= set(self.keys):  # rows of the test rows' groups are left out
            self.pool = self.pool[~np.isin(self.groups[self.pool], self.groups[self.plan.test])]

    def _groups(self, random: np.random.Generator, which: Indices) -> Array:
        if "time" in self.keys:  # groups that come and go, so that earlier ones are left to train on
            return (self.times + random.integers(0, 3, len(which))) // 3
        several = int(random.integers(8, 16))
        groups = random.integers(0, several, which.max() + 1)[which]
        groups[:2] = random.integers(0, several, 2)  # equal rows may be of different groups
        return groups

    def units(self, rows: Indices, unit: str) -> Array:
        """What is counted: rows, distinct rows or distinct times."""
        if unit == DISTINCT_ROWS:
            return np.unique(self.which[rows])
        return np.unique(self.times[rows]) if unit == DISTINCT_TIMES else rows

    def pairs(self) -> Iterator[tuple[Indices, Indices]]:
        """Whatever must be apart: training and validation rows, and both and the test rows."""
        for split in self.plan.splits:
            yield split.train, split.validation
            yield np.concatenate([split.train, split.validation]), self.plan.test

    def share(self) -> float:
        if "validation" in self.keys:
            return SHARE
        return 1 / (K + 1) if "time" in self.keys else 1 / K


def is_complete(example: Example, unit: str) -> bool:
    iterations = {split.iteration for split in example.plan.splits}
    return all(
        np.sort(np.concatenate([split.validation for split in example.plan.splits if split.iteration == at])).tolist()
        == example.pool.tolist()
        for at in iterations
    )


def has_sizes(example: Example, unit: str) -> bool:
    whole = len(example.units(example.pool, unit))
    sizes = [len(example.units(split.validation, unit)) for split in example.plan.splits]
    return all(abs(size - whole * example.share()) <= 1 for size in sizes)


def keeps_classes(example: Example, unit: str) -> bool:
    targets = example.dataset.targets
    members = targets.T > 0 if targets.ndim == 2 else targets == np.arange(targets.max() + 1)[:, None]
    return all(
        abs(
            len(example.units(split.validation[member[split.validation]], unit))
            - len(example.units(example.pool[member[example.pool]], unit)) * example.share()
        )
        <= 1
        for split in example.plan.splits
        for member in members
    )


def has_whole_groups(example: Example, unit: str) -> bool:
    return not any(np.isin(example.groups[late], example.groups[early]).any() for early, late in example.pairs())


def runs_forward(example: Example, unit: str) -> bool:
    order = np.arange(len(example.which))
    if "time" in example.keys:
        order = example.times
    elif unit == DISTINCT_ROWS:
        order = np.array([np.flatnonzero(example.which == content)[0] for content in example.which])
    return all(order[early].max() < order[late].min() for early, late in example.pairs())


def keeps_twins(example: Example, unit: str) -> bool:
    return not any(np.isin(example.which[late], example.which[early]).any() for early, late in example.pairs())


PROMISES = {
    "complete": is_complete,
    "sizes": has_sizes,
    "classes": keeps_classes,
    "groups": has_whole_groups,
    "time": runs_forward,
    "twins": keeps_twins,
}


def test_the_table_has_every_splitter_and_every_promise() -> None:
    assert set(TABLE) == set(SPLITTERS)
    assert all(set(cells) == set(PROMISES) for cells in TABLE.values())
    assert {cell for cells in TABLE.values() for cell in cells.values()} == {
        "no",
        ROWS,
        DISTINCT_ROWS,
        DISTINCT_TIMES,
    }


@pytest.mark.parametrize("splitter", TABLE)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_the_table_promises_holds(make_dataset: Callable[..., Dataset], splitter: str, seed: int) -> None:
    example = Example(splitter, seed, make_dataset)

    held = {name: cell for name, cell in TABLE[splitter].items() if cell != "no"}
    assert [name for name, cell in held.items() if not PROMISES[name](example, cell)] == []
    assert all(len(np.intersect1d(early, late)) == 0 and len(early) and len(late) for early, late in example.pairs())


@pytest.mark.parametrize("splitter", TABLE)
def test_what_the_table_denies_has_a_counterexample(make_dataset: Callable[..., Dataset], splitter: str) -> None:
    denied = {
        name for name, cell in TABLE[splitter].items() if cell != ROWS
    }  # of rows, where it holds in distinct ones

    for seed in range(100):
        example = Example(splitter, seed, make_dataset)
        denied -= {name for name in denied if not PROMISES[name](example, ROWS)}
        if not denied:
            break

    assert denied == set()


@pytest.mark.parametrize("splitter", TABLE)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_complete_section_gives_the_same_splits_again(
    make_dataset: Callable[..., Dataset], splitter: str, seed: int
) -> None:
    example = Example(splitter, seed, make_dataset)

    again = make_splits(example.dataset, example.plan.evaluation)

    assert again.fingerprint == example.plan.fingerprint
    assert again.evaluation == example.plan.evaluation
