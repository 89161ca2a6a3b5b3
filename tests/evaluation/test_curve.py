from __future__ import annotations

import numpy as np
import pytest

from dlrun.evaluation import CURVE_HEADER, FoldOutcome, mean_curve

NOTHING = np.empty((0, 1), np.float32)


def fold(
    number: int,
    losses: list[float],
    *,
    iteration: int = 1,
    train: list[float] | None = None,
    stopped: bool = False,
    failure: str | None = None,
) -> FoldOutcome:
    return FoldOutcome(
        iteration=iteration,
        fold=number,
        train_rows=3,
        validation_rows=np.arange(1),
        predictions=NOTHING,
        best_predictions=NOTHING,
        train={} if train is None else {"loss": train},
        validation={"loss": losses},
        final_epoch=len(losses),
        best_epoch=1,
        stopped_early=stopped,
        baselines={},
        failure=failure,
    )


def test_rows_hold_means_and_deviations_over_folds_epoch_by_epoch() -> None:
    rows = list(mean_curve([fold(1, [4, 2], train=[5, 3]), fold(2, [2, 1], train=[5, 1])]).rows())

    root = 2**0.5
    assert len(CURVE_HEADER) == len(rows[0])
    assert rows[0] == (1, "loss", 2, 5, 0, 3, pytest.approx(root))  # of 4 and 2: mean 3, sqrt((1 + 1) / 1)
    assert rows[1] == (2, "loss", 2, 2, pytest.approx(root), 1.5, pytest.approx(root / 2))


def test_one_fold_has_no_deviation_and_what_keras_does_not_follow_has_no_training_value() -> None:
    assert list(mean_curve([fold(1, [4])]).rows()) == [(1, "loss", 1, None, None, 4, None)]


def test_folds_that_stop_early_leave_the_mean_to_those_that_go_on() -> None:
    curve = mean_curve([fold(1, [4, 3, 1]), fold(2, [6, 5], stopped=True)])

    assert curve.folds == (2, 2, 1)
    assert curve.validation["loss"] == (5, 4, 1)
    assert curve.validation_std["loss"][2] is None
    assert (curve.common, curve.stopped) == (2, 1)


def test_the_best_epoch_is_one_that_every_fold_reached() -> None:
    curve = mean_curve([fold(1, [4, 3, 1]), fold(2, [6, 5])])

    assert curve.best_epoch("loss", higher_is_better=False) == 2


@pytest.mark.parametrize(
    ("losses", "higher", "epoch"),
    [
        ([3, 1, 1, 2], False, 2),
        ([3, 1, 3, 2], True, 1),
        ([float("nan"), 2, 5], False, 2),
        ([float("nan")] * 3, False, 3),
    ],
    ids=["first of equal lows", "first of equal highs", "NaN never wins", "all NaN: the last"],
)
def test_the_best_epoch_is_the_first_best_number(losses: list[float], higher: bool, epoch: int) -> None:
    assert mean_curve([fold(1, losses)]).best_epoch("loss", higher) == epoch


def test_a_fold_that_failed_is_in_no_mean() -> None:
    curve = mean_curve([fold(1, [4, 2]), fold(2, [float("nan")], failure="loss is NaN")])

    assert (curve.folds, curve.common) == ((1, 1), 2)
    assert curve.validation["loss"] == (4, 2)


def test_where_every_fold_failed_there_is_no_curve() -> None:
    curve = mean_curve([fold(1, [], failure="out of memory")])

    assert (list(curve.rows()), curve.common, curve.best_epoch("loss", False)) == ([], 0, 0)


def test_iterations_weigh_the_same_whatever_their_number_of_folds() -> None:
    curve = mean_curve([fold(1, [1]), fold(2, [3]), fold(1, [8], iteration=2)])

    assert curve.validation["loss"] == (5,)  # of 2 and 8
