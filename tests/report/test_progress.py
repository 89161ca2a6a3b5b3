"""The lines that tell how training goes."""

from __future__ import annotations

import pytest

from dlrun.events import BatchEnded, EpochEnded, FitEnded, FitStarted, Warned
from dlrun.report.progress import epoch_line, log_line, shortened, time_left

EPOCH = EpochEnded(1, 2, 3, 20, {"loss": 0.51234}, {"loss": 0.25, "accuracy": 0.885}, 0.04)


def test_an_epoch_is_one_line_of_values_and_time() -> None:
    assert epoch_line(EPOCH, "0:07") == (
        "epoch  3/20  loss 0.5123  val_loss 0.2500  val_accuracy 0.8850  40 ms  0:07 left"
    )
    assert epoch_line(EPOCH, fold=True).startswith("iteration 1 fold 2  epoch  3/20")


@pytest.mark.parametrize(
    ("elapsed", "epoch", "epochs", "left"),
    [(10.0, 5, 10, "0:10"), (60.0, 1, 3, "2:00"), (3600.0, 1, 3, "2:00:00"), (5.0, 10, 10, "")],
)
def test_time_left_goes_by_the_pace_so_far(elapsed: float, epoch: int, epochs: int, left: str) -> None:
    assert time_left(elapsed, epoch, epochs) == left


@pytest.mark.parametrize("width", range(20, 90, 7))
def test_a_narrow_terminal_loses_whole_fields_and_never_the_time_left(width: int) -> None:
    line = epoch_line(EPOCH, "0:07")

    short = shortened(line, width)

    assert len(short) <= width
    if width >= 45:
        assert short.endswith("0:07 left")
        assert set(short.split("  ")) <= set(line.split("  "))


def test_the_log_keeps_what_a_person_would_read() -> None:
    assert log_line(Warned("careful")) == "warning: careful"
    assert log_line(FitStarted(1, 2, 7)) == "iteration 1 fold 2: 7 steps an epoch"
    assert log_line(FitEnded(1, 2, 4, "the loss became NaN")) == (
        "iteration 1 fold 2: failed: the loss became NaN after 4 epochs"
    )
    assert log_line(BatchEnded(1, 1, 1, 2, 3)) is None
