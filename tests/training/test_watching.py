"""The rules for the best epoch and for stopping, without an engine."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dlrun.training.contract import EarlyStop, TrainingPlan
from dlrun.training.watching import Watch, is_better


def watch(*, higher_is_better: bool) -> Watch:
    plan = TrainingPlan(lambda seed: None, dict, (), ("score", higher_is_better), epochs=9, batch_size=1)
    return Watch(plan)


def record(watch: Watch, score: float) -> None:
    watch.record({"loss": 1.0}, {"loss": 1.0, "score": score}, np.full((1, 1), score, np.float32), 0.1)


@pytest.mark.parametrize(("higher", "best"), [(True, 3), (False, 2)])
def test_best_epoch_is_the_first_of_the_best_scores(higher: bool, best: int) -> None:
    follower = watch(higher_is_better=higher)

    for score in (2.0, 1.0, 3.0, 3.0, 1.0):
        record(follower, score)

    assert follower.best_epoch == best
    assert follower.best_predictions is not None
    assert follower.best_predictions[0, 0] == (3.0 if higher else 1.0)


def test_nan_is_never_better() -> None:
    assert not is_better(math.nan, None, higher_is_better=True)
    assert not is_better(math.nan, 1.0, higher_is_better=False)


def test_stopping_waits_for_patience_epochs_without_a_gain_above_min_delta() -> None:
    follower = watch(higher_is_better=False)
    rule = EarlyStop("loss", patience=2, min_delta=0.5, higher_is_better=False, restore_best=False)
    stops = []

    for value in (5.0, 4.0, 3.8, 3.6, 1.0):
        record(follower, 0.0)
        follower.monitor(value, rule)
        stops.append(follower.should_stop(rule))

    assert stops == [False, False, False, True, False]
    assert follower.monitored_epoch == 5


def test_a_score_that_is_missing_in_an_epoch_is_nan_there() -> None:
    follower = watch(higher_is_better=True)
    record(follower, 1.0)

    follower.record({"loss": math.nan}, {"loss": math.nan}, np.full((1, 1), np.nan, np.float32), 0.1)

    scores = follower.history.validation["score"]
    assert scores[0] == 1.0
    assert math.isnan(scores[1])
    assert follower.best_epoch == 1
