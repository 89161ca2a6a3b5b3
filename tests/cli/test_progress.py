"""Progress on a terminal and off it: what is written to stderr for a run's events, without training anything."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from dlrun.cli.progress import Progress
from dlrun.cli.terminal import Terminal
from dlrun.events import BatchEnded, EpochEnded, Event, FitEnded, FitStarted, RunStarted, Warned

HOLD_OUT = {"protocol": {"name": "holdout", "k": 1, "iterations": 1}}
FOUR_FOLD = {"protocol": {"name": "kfold", "k": 4, "iterations": 1}}
ITERATED = {"protocol": {"name": "iterated_kfold", "k": 2, "iterations": 3}}
Watch = Callable[..., str]


class Screen(io.StringIO):
    """A stream that passes for a terminal, or for a file."""

    def __init__(self, tty: bool) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Shows events and returns what was written; every look at the clock finds it a second later."""
    ticks = iter(range(10**6))
    # Not the function of the module `time`: other threads of the process look at that one too.
    monkeypatch.setattr("dlrun.cli.progress.time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    monkeypatch.setenv("TERM", "xterm")

    def watched(events: Iterable[Event], *, tty: bool = False, quiet: bool = False, verbose: bool = False) -> str:
        terminal = Terminal()
        terminal.messages = Screen(tty)
        with Progress(terminal, None, lambda record: None, quiet=quiet, verbose=verbose) as progress:
            for event in events:
                progress(event)
        return terminal.messages.getvalue()

    return watched


def fit(iteration: int, fold: int, epochs: int = 2, failure: str | None = None) -> Iterator[Event]:
    yield FitStarted(iteration, fold, 5)
    for epoch in range(1, epochs + 1):
        yield BatchEnded(iteration, fold, epoch, 3, 5)
        yield EpochEnded(iteration, fold, epoch, 2, {"loss": 0.5}, {"loss": 0.25, "mae": fold + epoch / 10}, 1.5)
    yield FitEnded(iteration, fold, epochs, failure)


def run(record: dict[str, Any], fits: int, *parts: Iterable[Event]) -> Iterator[Event]:
    yield RunStarted("runs/x-1", record, fits, 2)
    for part in parts:
        yield from part


def test_off_a_terminal_a_hold_out_run_has_a_line_an_epoch(watch: Watch) -> None:
    lines = watch(run(HOLD_OUT, 1, fit(1, 1))).splitlines()

    assert [line.split()[:2] for line in lines] == [["epoch", "1/2"], ["epoch", "2/2"]]


def test_off_a_terminal_a_k_fold_run_has_a_line_a_fold(watch: Watch) -> None:
    lines = watch(run(FOUR_FOLD, 4, *(fit(1, fold) for fold in (1, 2, 3, 4)))).splitlines()

    assert [line.split("  ")[:3] for line in lines] == [
        [f"fold {fold}/4", "2 epochs", f"val_mae {fold}.2000"] for fold in (1, 2, 3, 4)
    ]
    assert [line.endswith(" left") for line in lines] == [True, True, True, False]


def test_verbose_adds_the_epochs_of_every_fold(watch: Watch) -> None:
    lines = watch(run(FOUR_FOLD, 4, fit(1, 1), fit(1, 2)), verbose=True).splitlines()

    assert [line.split("  ")[:2] for line in lines] == [
        ["fold 1/4", "epoch 1/2"],
        ["fold 1/4", "epoch 2/2"],
        ["fold 1/4", "2 epochs"],
        ["fold 2/4", "epoch 1/2"],
        ["fold 2/4", "epoch 2/2"],
        ["fold 2/4", "2 epochs"],
    ]


def test_folds_of_several_iterations_are_named_with_both(watch: Watch) -> None:
    out = watch(run(ITERATED, 6, fit(1, 1), fit(2, 1)))

    assert [line.split("  ")[0] for line in out.splitlines()] == ["iteration 1/3 fold 1/2", "iteration 2/3 fold 1/2"]


def test_time_left_is_that_of_the_whole_run(watch: Watch) -> None:
    first = watch(run(FOUR_FOLD, 4, fit(1, 1))).splitlines()[0]

    # A look at the clock when the fit began (0), at both epochs (1, 2), for the fit's seconds (3), for the time left
    # (4): four seconds a fold, three folds to go.
    assert first.endswith("  3.0 s  0:12 left")


def test_one_fold_of_a_shared_run_is_named_with_its_number(watch: Watch) -> None:
    line = watch(run(FOUR_FOLD, 1, fit(1, 3)))

    assert line.startswith("fold 3/4  2 epochs  val_mae 3.2000")
    assert "left" not in line


def test_the_fit_after_the_folds_is_shown_by_epochs(watch: Watch) -> None:
    final = [FitStarted(0, 0, 5), EpochEnded(0, 0, 1, 2, {"loss": 0.5}, {}, 1.5), FitEnded(0, 0, 1)]

    assert watch(run(FOUR_FOLD, 1, final)).startswith("epoch 1/2  loss 0.5000  1.5 s")


def test_a_terminal_shows_one_moving_line_and_leaves_it_clear(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")

    frames = watch(run(FOUR_FOLD, 4, fit(1, 1), fit(1, 2)), tty=True).split("\r\x1b[2K")

    assert frames[1] == "fold 1/4  epoch 1/2  step 3/5"
    assert frames[2].startswith("fold 1/4  epoch 1/2  loss 0.5000")
    assert frames[3].startswith("fold 1/4  epoch 2/2  step 3/5  before: loss 0.5000")
    assert frames[-1] == ""
    assert not any("\n" in frame for frame in frames)


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_moving_line_fits_the_terminal(watch: Watch, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    frames = watch(run(ITERATED, 6, fit(1, 1)), tty=True).split("\r\x1b[2K")

    assert max(map(len, frames)) < columns
    assert frames[2].startswith("iteration 1/3 fold 1/2")
    assert frames[2].endswith(" left")


@pytest.mark.parametrize("tty", [True, False])
def test_a_failed_fold_is_told_wherever_and_the_others_go_on(watch: Watch, tty: bool) -> None:
    out = watch(run(FOUR_FOLD, 4, fit(1, 1, 1, "the loss became NaN"), fit(1, 2)), tty=tty)

    assert "fold 1/4  1 epoch  failed: the loss became NaN" in out
    assert "fold 2/4" in out


def test_a_failed_hold_out_run_is_told_without_a_fold(watch: Watch) -> None:
    assert watch(run(HOLD_OUT, 1, fit(1, 1, 0, "the loss became NaN"))) == "failed: the loss became NaN\n"


@pytest.mark.parametrize("tty", [True, False])
def test_quiet_is_silent(watch: Watch, tty: bool) -> None:
    events = run(FOUR_FOLD, 4, [Warned("careful")], fit(1, 1), fit(1, 2, 1, "NaN"))

    assert watch(events, tty=tty, quiet=True) == ""


def test_a_warning_stands_on_a_line_of_its_own(watch: Watch) -> None:
    assert watch(run(HOLD_OUT, 1, [Warned("careful")])) == "warning: careful\n"


def together(folds: int, epochs: int = 3) -> Iterator[Event]:
    """Folds that train as lanes of one program: they begin together, and end together."""
    for fold in range(1, folds + 1):
        yield FitStarted(1, fold, 5)
    for epoch in range(1, epochs + 1):
        yield BatchEnded(1, 1, epoch, 3, 5)
        for fold in range(1, folds + 1):
            yield EpochEnded(1, fold, epoch, epochs, {"loss": 0.5}, {"loss": 0.25, "mae": float(fold)}, 0.1)
    for fold in range(1, folds + 1):
        yield FitEnded(1, fold, epochs)


def test_folds_that_train_together_are_shown_as_one_with_their_mean(watch: Watch) -> None:
    shown = watch(run(FOUR_FOLD, 4, together(4)), tty=True)

    assert "4 folds together  epoch 3/3  loss 0.5000  val_loss 0.2500  val_mae 2.5000" in shown
    assert "fold 1/4" not in shown


def test_off_a_terminal_folds_that_train_together_have_a_line_now_and_then_and_one_each_at_the_end(
    watch: Watch,
) -> None:
    lines = watch(run(FOUR_FOLD, 4, together(2, epochs=20))).splitlines()

    together_lines = [line for line in lines if line.startswith("2 folds together")]
    assert 1 <= len(together_lines) < 20
    assert [line.split("  ")[:3] for line in lines[-2:]] == [
        [f"fold {fold}/4", "20 epochs", f"val_mae {fold}.0000"] for fold in (1, 2)
    ]


def test_verbose_shows_every_epoch_of_folds_that_train_together(watch: Watch) -> None:
    lines = watch(run(FOUR_FOLD, 4, together(2)), verbose=True).splitlines()

    assert [line.split("  ")[:2] for line in lines[:6]] == [
        [f"fold {fold}/4", f"epoch {epoch}/3"] for epoch in (1, 2, 3) for fold in (1, 2)
    ]
