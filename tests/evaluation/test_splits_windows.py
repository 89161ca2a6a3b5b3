"""Windows over a series: no step of an earlier part's window is at or after the first step of a later part's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dlrun.data.dataset import Dataset, Indices
from dlrun.data.windows import Origin, Series, windows_over
from dlrun.errors import SpecError
from dlrun.evaluation.splitting.making import make_splits
from dlrun.spec.sections import Evaluation, SplitsFile
from dlrun.spec.sources import Windows


def dataset_of(steps: int, holes: tuple[int, ...] = (), **options: Any) -> tuple[Dataset, Windows]:
    windows = Windows(**options)
    values = np.arange(steps, dtype=np.float64)
    joined = np.ones(steps - 1, bool)
    joined[list(holes)] = False
    return windows_over(Series("counted", values[:, None], values, "y", joined), windows, Origin()), windows


def steps_of(rows: Indices, windows: Windows) -> tuple[int, int]:
    """The first and the last step that any of these windows holds, inputs and targets."""
    return int(rows.min()) * windows.stride, int(rows.max()) * windows.stride + windows.span - 1


PROTOCOLS = st.one_of(
    st.fixed_dictionaries({"validation": st.sampled_from([0.1, 0.3, 5])}),
    st.fixed_dictionaries({"protocol": st.just("kfold"), "k": st.integers(2, 4)}),
)


@given(
    lookback=st.integers(1, 12),
    horizon=st.integers(1, 8),
    stride=st.integers(1, 5),
    predict=st.sampled_from(["last", "all"]),
    holes=st.lists(st.integers(0, 398), max_size=2),
    protocol=PROTOCOLS,
    test=st.sampled_from([0.2, "none"]),
)
@settings(max_examples=60)
def test_parts_share_no_step_and_stand_in_the_order_of_time(
    lookback: int, horizon: int, stride: int, predict: str, holes: list[int], protocol: dict[str, Any], test: Any
) -> None:
    dataset, windows = dataset_of(400, tuple(holes), lookback=lookback, horizon=horizon, stride=stride, predict=predict)
    assume(len(dataset.train_rows) > 60)

    plan = make_splits(dataset, Evaluation(test=test, **protocol))

    for split in plan.splits:
        validation_from, validation_to = steps_of(split.validation, windows)
        inner, watched = plan.inner(split, 0.25)
        assert steps_of(split.train, windows)[1] < validation_from
        assert steps_of(inner, windows)[1] < steps_of(watched, windows)[0]
        assert steps_of(watched, windows)[1] < validation_from
        if len(plan.test):
            assert validation_to < steps_of(plan.test, windows)[0]
    if len(plan.test):
        assert steps_of(plan.pool, windows)[1] < steps_of(plan.test, windows)[0]
    assert np.isin(np.concatenate([split.train for split in plan.splits]), dataset.train_rows).all()


def test_no_more_windows_are_left_out_than_need_be() -> None:
    dataset, windows = dataset_of(400, lookback=7, horizon=3, stride=2)

    (split,) = make_splits(dataset, Evaluation()).splits

    assert split.validation.min() - split.train.max() == windows.gap + 1
    assert steps_of(split.train + 1, windows)[1] >= steps_of(split.validation, windows)[0]


def test_the_complete_evaluation_says_time_and_gap_and_gives_the_same_splits() -> None:
    dataset, _ = dataset_of(400, lookback=7, horizon=3)
    plan = make_splits(dataset, Evaluation(protocol="kfold", k=3))

    again = make_splits(dataset, plan.evaluation)

    assert (plan.evaluation.time, plan.evaluation.gap, plan.evaluation.shuffle) == (True, 9, False)
    assert again.fingerprint == plan.fingerprint


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"protocol": "iterated_kfold"}, "protocol"),
        ({"shuffle": True}, "shuffle"),
        ({"gap": 8}, "gap"),
        ({"group": "town"}, "group"),
        ({"fold": "part"}, "fold"),
    ],
)
def test_what_would_mix_past_and_future_is_refused(section: dict[str, Any], key: str) -> None:
    dataset, _ = dataset_of(400, lookback=7, horizon=3)

    with pytest.raises(SpecError) as caught:
        make_splits(dataset, Evaluation(**section))

    (problem,) = caught.value.problems
    assert problem.path == ("evaluation", key)


def test_a_larger_gap_is_kept() -> None:
    dataset, _ = dataset_of(400, lookback=7, horizon=3)

    (split,) = make_splits(dataset, Evaluation(gap=30)).splits

    assert split.validation.min() - split.train.max() == 31


def test_splits_of_a_file_are_refused_where_windows_share_steps(tmp_path: Path) -> None:
    dataset, _ = dataset_of(60, lookback=3, horizon=2)
    path = tmp_path / "splits.npz"
    parts = {"i1-f1_train": np.arange(20), "test": np.arange(40, 50)}

    np.savez(path, **{**parts, "i1-f1_validation": np.arange(24, 30)})
    assert make_splits(dataset, Evaluation(splits=SplitsFile(path=str(path)))).splits[0].validation.min() == 24

    np.savez(path, **{**parts, "i1-f1_validation": np.arange(23, 30)})
    with pytest.raises(SpecError, match="windows 19 and 23"):
        make_splits(dataset, Evaluation(splits=SplitsFile(path=str(path))))


def test_rows_without_an_order_of_their_own_are_shuffled_as_ever() -> None:
    dataset, _ = dataset_of(400, lookback=7, horizon=3)

    plan = make_splits(replace(dataset, gap=None), Evaluation())

    assert plan.evaluation.time is None
    assert plan.splits[0].train.max() > plan.splits[0].validation.min()
