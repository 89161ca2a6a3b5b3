"""The lines that tell how training goes."""

from __future__ import annotations

import pytest

from dlrun.events import BatchEnded, EpochEnded, FitEnded, FitStarted, Warned
from dlrun.report.progress import epoch_fields, fold_fields, fold_name, line_of, log_line, step_fields, time_left

EPOCH = EpochEnded(1, 2, 3, 20, {"loss": 0.51234}, {"loss": 0.25, "accuracy": 0.885}, 0.04)


def test_an_epoch_is_one_line_of_values_and_time() -> None:
    assert line_of(epoch_fields(EPOCH, left="0:07")) == (
        "epoch  3/20  loss 0.5123  val_loss 0.2500  val_accuracy 0.8850  40 ms  0:07 left"
    )
    assert line_of(epoch_fields(EPOCH, "fold 2/4")).startswith("fold 2/4  epoch  3/20  loss")


def test_a_step_says_what_the_epoch_before_came_to() -> None:
    step = BatchEnded(1, 2, 4, 50, 100)

    assert step_fields(step, 20, "fold 2/4", ("loss 0.5", "0:07 left")) == (
        "fold 2/4",
        "epoch 4/20",
        "step 50/100",
        "before: loss 0.5  0:07 left",
    )
    assert step_fields(step, 20) == ("epoch 4/20", "step 50/100")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ((1, 3, 1, 4), "fold 3/4"),
        ((2, 1, 3, 4), "iteration 2/3 fold 1/4"),
        ((2, 1, 3, 1), "iteration 2/3 fold 1/1"),
        ((1, 1, 1, 1), ""),
        ((0, 0, 3, 4), ""),
    ],
)
def test_a_fit_is_named_where_there_are_several(place: tuple[int, int, int, int], name: str) -> None:
    assert fold_name(*place) == name


def test_a_fold_is_one_line_with_its_primary_score() -> None:
    scores = {"loss": 9.5, "mae": 2.31, "r2": 0.8}

    assert line_of(fold_fields(FitEnded(1, 2, 100), "fold 2/4", scores, 4.11, "0:08")) == (
        "fold 2/4  100 epochs  val_mae 2.3100  4.1 s  0:08 left"
    )
    assert line_of(fold_fields(FitEnded(1, 1, 1), "fold 1/4", {"loss": 9.5}, 4.11)) == (
        "fold 1/4  1 epoch  val_loss 9.5000  4.1 s"
    )
    assert "failed: NaN" in fold_fields(FitEnded(1, 2, 3, "NaN"), "fold 2/4", scores, 4.11)


@pytest.mark.parametrize(
    ("elapsed", "done", "of", "left"),
    [
        (10.0, 5, 10, "0:10"),
        (60.0, 1, 3, "2:00"),
        (3600.0, 1, 3, "2:00:00"),
        (5.0, 10, 10, ""),
        (30.0, 1.5, 4, "0:50"),  # 20 s a fold, and two and a half folds to go
        (1.0, 0, 4, ""),
    ],
)
def test_time_left_goes_by_the_pace_so_far(elapsed: float, done: float, of: float, left: str) -> None:
    assert time_left(elapsed, done, of) == left


@pytest.mark.parametrize("where", ["", "iteration 2/3 fold 1/4"])
@pytest.mark.parametrize("width", range(20, 110, 7))
def test_a_narrow_terminal_loses_whole_fields_and_never_the_time_left(width: int, where: str) -> None:
    fields = epoch_fields(EPOCH, where, "0:07")

    short = line_of(fields, width)

    assert len(short) <= width
    if width >= 35:
        assert short.endswith("0:07 left")
        assert short.startswith(fields[0])


def test_the_log_keeps_what_a_person_would_read() -> None:
    assert log_line(Warned("careful")) == "warning: careful"
    assert log_line(FitStarted(1, 2, 7)) == "iteration 1 fold 2: 7 steps an epoch"
    assert (log_line(EPOCH) or "").startswith("iteration 1 fold 2  epoch  3/20")
    assert log_line(FitEnded(1, 2, 4, "the loss became NaN")) == (
        "iteration 1 fold 2: failed: the loss became NaN after 4 epochs"
    )
    assert log_line(FitEnded(0, 0, 4)) == "final fit: done after 4 epochs"
    assert log_line(BatchEnded(1, 1, 1, 2, 3)) is None
