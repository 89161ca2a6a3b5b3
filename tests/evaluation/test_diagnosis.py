from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.evaluation import Comparison, Curve, Diagnosis, EvaluationResult, diagnose

Curves = Mapping[str, Sequence[float]]
IMDB_LOSS = [0.38, 0.31, 0.29, 0.28, 0.285, 0.30, 0.33, 0.36, 0.40, 0.43, 0.46, 0.50, 0.52, 0.55]
IMDB_ACCURACY = [0.87, 0.88, 0.887, 0.889, 0.888, 0.886, 0.885, 0.88, 0.88, 0.879, 0.878, 0.876, 0.875, 0.874]
FALLING = [1 / (epoch + 2) for epoch in range(14)]
SETTLED = [1.0, 0.6, 0.5, *[0.45, 0.451] * 10]


def read(
    train: Curves,
    validation: Curves,
    primary: str = "loss",
    higher: bool = False,
    *,
    folds: Sequence[int] = (),
    stopped: int = 0,
    comparisons: Sequence[Comparison] = (),
    baselines: Mapping[str, Mapping[str, float]] | None = None,
    regularised: bool = False,
) -> Diagnosis:
    epochs = len(validation["loss"])
    tables = [{name: tuple(values) for name, values in curves.items()} for curves in (train, validation)]
    curve = Curve(tuple(folds) or (1,) * epochs, tables[0], {}, tables[1], {}, stopped)
    by_name = {one.baseline: one for one in comparisons}
    result = EvaluationResult({}, {}, baselines or {}, by_name, curve, primary, higher)
    return diagnose(result, regularised=regularised)


def test_a_curve_that_turns_says_where_and_how_far() -> None:
    diagnosis = read({"loss": FALLING}, {"loss": IMDB_LOSS, "accuracy": IMDB_ACCURACY}, "accuracy", True)

    assert diagnosis.words == (
        "best accuracy 0.889 at epoch 4; overfitting after it (validation loss 0.280 → 0.550); "
        "a wide gap at the end (loss 0.067 in training, 0.550 in validation)"
    )
    assert (diagnosis.best_epoch, diagnosis.best_value, diagnosis.last_value) == (4, 0.889, 0.874)
    assert (diagnosis.overfits_from, diagnosis.underfits) == (5, False)


def test_where_score_and_loss_turn_at_different_epochs_both_are_named() -> None:
    accuracy = [*IMDB_ACCURACY[:8], 0.891, *IMDB_ACCURACY[9:]]

    diagnosis = read({"loss": FALLING}, {"loss": IMDB_LOSS, "accuracy": accuracy}, "accuracy", True)

    assert diagnosis.words.startswith("best accuracy 0.891 at epoch 9; overfitting after epoch 4 ")


def test_over_several_folds_the_best_score_is_called_an_average() -> None:
    diagnosis = read({"loss": FALLING}, {"loss": IMDB_LOSS}, folds=[4] * 14)

    assert diagnosis.words.startswith("best average loss 0.280 at epoch 4; ")


def test_only_epochs_that_every_fold_reached_are_read() -> None:
    diagnosis = read({"loss": FALLING}, {"loss": IMDB_LOSS}, folds=[4] * 4 + [1] * 10, stopped=3)

    assert (diagnosis.best_epoch, diagnosis.last_value, diagnosis.overfits_from) == (4, 0.28, None)
    assert "; early stopping ended the training of 3 of 4 folds; " in diagnosis.words


def test_a_curve_that_still_falls_underfits() -> None:
    diagnosis = read({"loss": FALLING}, {"loss": FALLING, "mae": FALLING}, "mae")

    assert (diagnosis.underfits, diagnosis.overfits_from) == (True, None)
    still_falls = "underfitting: validation loss still falls at the last epoch"
    assert diagnosis.words.startswith(f"best mae 0.067 at epoch 14; {still_falls}; ")


def test_a_curve_that_has_settled_neither_overfits_nor_underfits() -> None:
    diagnosis = read({"loss": np.linspace(1, 0.2, 23)}, {"loss": SETTLED})

    assert (diagnosis.overfits_from, diagnosis.underfits) == (None, False)
    assert diagnosis.words.startswith("best loss 0.450 at epoch 4; no overfitting so far; a wide gap")


def test_a_loss_that_rises_in_training_too_is_not_called_overfitting() -> None:
    rising = [0.5, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]

    assert read({"loss": rising}, {"loss": rising}).overfits_from is None


@pytest.mark.parametrize("epochs", [6, 10, 20, 60, 200])
def test_noise_around_a_settled_loss_is_seldom_taken_for_a_turn_or_for_progress(epochs: int) -> None:
    random = np.random.default_rng(epochs)
    train = {"loss": np.linspace(1, 0.5, epochs)}

    found = [read(train, {"loss": 1 + random.normal(0, 0.05, epochs)}) for _ in range(300)]

    assert sum(diagnosis.overfits_from is not None for diagnosis in found) <= 0.08 * 300
    assert sum(diagnosis.underfits for diagnosis in found) <= 0.15 * 300


@pytest.mark.parametrize("seed", range(10))
def test_a_clear_turn_is_found_under_noise_near_its_place(seed: int) -> None:
    epochs = np.arange(100)
    noise = np.random.default_rng(seed).normal(0, 0.03, 100)
    losses = 0.5 + 0.5 * np.abs(epochs - 40) / 40 + noise

    diagnosis = read({"loss": np.linspace(1, 0.1, 100)}, {"loss": losses})

    assert diagnosis.overfits_from is not None
    assert abs(diagnosis.overfits_from - 41) <= 8


def test_two_epochs_are_too_few_to_speak_of_overfitting() -> None:
    diagnosis = read({"loss": [0.5, 0.4]}, {"loss": [0.4, 0.6]})

    assert diagnosis.words.startswith("best loss 0.400 at epoch 1; no overfitting so far")


def test_one_epoch_is_enough_for_words() -> None:
    diagnosis = read({"loss": [0.5]}, {"loss": [0.4], "accuracy": [0.85]}, "accuracy", True)

    assert diagnosis.words.startswith(
        "best accuracy 0.850 at epoch 1, the only one: try more epochs to see where it turns"
    )
    assert (diagnosis.overfits_from, diagnosis.underfits) == (None, False)
    assert diagnosis.next == "More epochs: `training: {epochs: 10}`."


@settings(max_examples=100, deadline=None)
@given(losses=st.lists(st.floats(0, 1e6), min_size=1, max_size=40), higher=st.booleans())
def test_any_curve_gets_an_epoch_that_exists(losses: list[float], higher: bool) -> None:
    diagnosis = read({"loss": losses}, {"loss": losses}, "loss", higher)

    assert diagnosis.best_value == (max if higher else min)(losses)
    assert losses[diagnosis.best_epoch - 1] == diagnosis.best_value
    assert diagnosis.overfits_from is None or 2 <= diagnosis.overfits_from <= len(losses)
    assert diagnosis.next


def test_a_loss_that_is_no_number_is_named_with_its_epoch() -> None:
    nan = float("nan")

    diagnosis = read({"loss": [1, nan, nan]}, {"loss": [1, nan, nan]})

    assert diagnosis.words == "validation loss is not a finite number from epoch 2 on"
    assert "lower learning rate" in diagnosis.next
    assert (diagnosis.best_epoch, diagnosis.best_value) == (1, 1)


def test_a_score_that_is_never_defined_is_named() -> None:
    diagnosis = read({"loss": [1, 0.5]}, {"loss": [1.0, 0.5], "roc_auc": [float("nan")] * 2}, "roc_auc", True)

    assert diagnosis.words == "roc_auc has no value on these validation rows"
    assert "another metric" in diagnosis.next


def test_where_every_fold_failed_there_is_nothing_to_read() -> None:
    diagnosis = read({}, {"loss": []})

    assert (diagnosis.best_epoch, diagnosis.words) == (0, "every fold failed: there is no curve")
    assert "lower learning rate" in diagnosis.next


def test_after_an_early_stop_more_epochs_are_no_advice() -> None:
    losses = [1.0, 0.8, 0.6, 0.5, 0.4, 0.3]

    diagnosis = read({"loss": losses}, {"loss": losses}, stopped=1)

    assert diagnosis.words.startswith("best loss 0.300 at epoch 6; early stopping ended the training; no gap")
    assert not diagnosis.underfits
    assert "More epochs" not in diagnosis.next


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (0.97, "no gap at the end (loss 0.970 in training, 1.00 in validation)"),
        (1.5, "no gap at the end (loss 1.50 in training, 1.00 in validation)"),
        (0.8, "a small gap at the end (loss 0.800 in training, 1.00 in validation)"),
        (0.7, "a wide gap at the end (loss 0.700 in training, 1.00 in validation)"),
    ],
)
def test_the_gap_between_training_and_validation_at_the_end_is_put_in_words(train: float, words: str) -> None:
    assert read({"loss": [2, train]}, {"loss": [2, 1.0]}).words.endswith(f"; {words}")


BEATEN = Comparison("median", 4, 3, 5)
NOT_BEATEN = Comparison("median", 0.1, -0.2, 0.4)


def mae_of(validation: Sequence[float], train: float = 0.1, *comparisons: Comparison, median: float = 5.0) -> Diagnosis:
    """Read a curve whose scores are its losses, beside a linear model with an error of 0.3."""
    falling = np.linspace(1, train, len(validation))
    return read(
        {"loss": falling, "mae": falling},
        {"loss": validation, "mae": validation},
        "mae",
        comparisons=comparisons,
        baselines={"median": {"mae": median}, "linear": {"mae": 0.3}},
    )


def test_advice_does_not_propose_what_is_set_already() -> None:
    words = read({"loss": FALLING}, {"loss": IMDB_LOSS}, stopped=1, regularised=True).next

    assert "early_stopping" not in words
    assert "stronger regularisation" in words


def test_who_overfits_trains_to_the_best_epoch_and_regularises() -> None:
    words = mae_of(IMDB_LOSS, 0.1, BEATEN).next

    assert words == (
        "Train to the best epoch with `dlrun test RUN --epochs 4`, or set `training: {early_stopping: {patience: 3}}`. "
        "Then try `regularisation: {l2: 0.001, dropout: 0.3}`, a smaller network, or more data."
    )


def test_who_overfits_before_beating_the_naive_baseline_needs_other_things_first() -> None:
    assert "no statistical power" in mae_of(IMDB_LOSS, 0.1, Comparison("median", -0.4, -0.5, -0.3), median=0.2).next


def test_who_underfits_trains_longer() -> None:
    assert mae_of(FALLING, 0.1, BEATEN).next == "More epochs: `training: {epochs: 28}`."


def test_who_underfits_and_fits_the_training_rows_no_better_than_a_linear_model_needs_capacity() -> None:
    words = mae_of(FALLING, 0.4, BEATEN).next

    assert "more capacity (more units, another layer)" in words
    assert "learning_rate" in words


def test_who_beats_the_linear_model_on_validation_rows_trains_longer_whatever_training_says() -> None:
    words = mae_of(FALLING, 0.4, BEATEN, Comparison("linear", 0.2, 0.1, 0.3)).next

    assert words.startswith("More epochs")


def test_who_has_settled_without_power_needs_a_bigger_model_or_other_data() -> None:
    words = mae_of(SETTLED, 0.4, NOT_BEATEN).next

    assert words.startswith("It has no statistical power yet: more epochs")
    assert "a bigger model" in words
    assert "`features`" in words


def test_who_has_settled_beside_the_linear_model_needs_capacity() -> None:
    assert mae_of(SETTLED, 0.4, BEATEN, Comparison("linear", 0.1, -0.1, 0.3)).next.startswith("More capacity")


def test_who_has_settled_with_a_wide_gap_regularises() -> None:
    words = mae_of(SETTLED, 0.1, BEATEN, Comparison("linear", 1, 0.5, 2)).next

    assert words.startswith("Regularisation (`regularisation: {l2: 0.001, dropout: 0.3}`)")


def test_who_has_settled_without_a_gap_goes_on_until_it_overfits() -> None:
    assert mae_of(SETTLED, 0.45, BEATEN).next.startswith(
        "A larger network (more units, another layer), until it overfits"
    )
