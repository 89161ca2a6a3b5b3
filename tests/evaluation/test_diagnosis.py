from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.evaluation import EvaluationResult, Score, diagnose, power
from dlrun.evaluation.diagnosis import figure

IMDB_LOSS = [0.38, 0.31, 0.29, 0.28, 0.285, 0.30, 0.33, 0.36, 0.40, 0.43, 0.46, 0.50, 0.52, 0.55]
IMDB_ACCURACY = [0.87, 0.88, 0.887, 0.889, 0.888, 0.886, 0.885, 0.88, 0.88, 0.879, 0.878, 0.876, 0.875, 0.874]
FALLING = [1 / (epoch + 2) for epoch in range(14)]


def result(
    value: float, low: float | None, high: float | None, /, *, higher: bool = True, **baselines: float
) -> EvaluationResult:
    score = Score(value, None, low, high, 1, ((value,),))
    scores = {name: {"score": value} for name, value in baselines.items()}
    return EvaluationResult({"score": score}, {}, scores, "score", higher)


def test_a_curve_that_turns_says_where_and_how_far() -> None:
    validation = {"loss": IMDB_LOSS, "accuracy": IMDB_ACCURACY}

    diagnosis = diagnose({"loss": FALLING}, validation, "accuracy", higher_is_better=True)

    assert diagnosis.words == "best accuracy 0.889 at epoch 4; overfitting after it (validation loss 0.280 → 0.550)"
    assert (diagnosis.best_epoch, diagnosis.best_value, diagnosis.last_value) == (4, 0.889, 0.874)
    assert (diagnosis.overfits_from, diagnosis.underfits) == (5, False)


def test_where_score_and_loss_turn_at_different_epochs_both_are_named() -> None:
    accuracy = [*IMDB_ACCURACY[:8], 0.891, *IMDB_ACCURACY[9:]]

    diagnosis = diagnose(
        {"loss": FALLING}, {"loss": IMDB_LOSS, "accuracy": accuracy}, "accuracy", higher_is_better=True
    )

    assert diagnosis.words.startswith("best accuracy 0.891 at epoch 9; overfitting after epoch 4 ")


def test_a_curve_that_still_falls_asks_for_more_epochs() -> None:
    diagnosis = diagnose({"loss": FALLING}, {"loss": FALLING, "mae": FALLING}, "mae", higher_is_better=False)

    assert diagnosis.underfits
    assert diagnosis.overfits_from is None
    still_falls = "validation loss still falls at the last epoch: try more epochs"
    assert diagnosis.words == f"best mae 0.067 at epoch 14; {still_falls}"


def test_a_curve_that_has_settled_neither_overfits_nor_underfits() -> None:
    losses = [1.0, 0.6, 0.5, *[0.45, 0.451] * 10]

    diagnosis = diagnose({"loss": np.linspace(1, 0.2, 23)}, {"loss": losses}, "loss", higher_is_better=False)

    assert (diagnosis.overfits_from, diagnosis.underfits) == (None, False)
    assert diagnosis.words == "best loss 0.450 at epoch 4; no overfitting so far"


def test_a_loss_that_rises_in_training_too_is_not_called_overfitting() -> None:
    rising = [0.5, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]

    assert diagnose({"loss": rising}, {"loss": rising}, "loss", higher_is_better=False).overfits_from is None


@pytest.mark.parametrize("epochs", [6, 10, 20, 60, 200])
def test_noise_around_a_settled_loss_is_seldom_taken_for_a_turn_or_for_progress(epochs: int) -> None:
    random = np.random.default_rng(epochs)
    train = {"loss": np.linspace(1, 0.5, epochs)}

    found = [
        diagnose(train, {"loss": 1 + random.normal(0, 0.05, epochs)}, "loss", higher_is_better=False)
        for _ in range(300)
    ]

    assert sum(diagnosis.overfits_from is not None for diagnosis in found) <= 0.08 * 300
    assert sum(diagnosis.underfits for diagnosis in found) <= 0.15 * 300


@pytest.mark.parametrize("seed", range(10))
def test_a_clear_turn_is_found_under_noise_near_its_place(seed: int) -> None:
    epochs = np.arange(100)
    noise = np.random.default_rng(seed).normal(0, 0.03, 100)
    losses = 0.5 + 0.5 * np.abs(epochs - 40) / 40 + noise

    diagnosis = diagnose({"loss": np.linspace(1, 0.1, 100)}, {"loss": losses}, "loss", higher_is_better=False)

    assert diagnosis.overfits_from is not None
    assert abs(diagnosis.overfits_from - 41) <= 8


def test_two_epochs_are_too_few_to_speak_of_overfitting() -> None:
    diagnosis = diagnose({"loss": [0.5, 0.4]}, {"loss": [0.4, 0.6]}, "loss", higher_is_better=False)

    assert diagnosis.words == "best loss 0.400 at epoch 1; no overfitting so far"


def test_one_epoch_is_enough_for_words() -> None:
    diagnosis = diagnose({"loss": [0.5]}, {"loss": [0.4], "accuracy": [0.85]}, "accuracy", higher_is_better=True)

    assert diagnosis.words == "best accuracy 0.850 at epoch 1, the only one: try more epochs to see where it turns"
    assert (diagnosis.overfits_from, diagnosis.underfits) == (None, False)


@settings(max_examples=100, deadline=None)
@given(losses=st.lists(st.floats(0, 1e6), min_size=1, max_size=40), higher=st.booleans())
def test_any_curve_gets_an_epoch_that_exists(losses: list[float], higher: bool) -> None:
    diagnosis = diagnose({"loss": losses}, {"loss": losses}, "loss", higher_is_better=higher)

    assert diagnosis.best_value == (max if higher else min)(losses)
    assert losses[diagnosis.best_epoch - 1] == diagnosis.best_value
    assert diagnosis.overfits_from is None or 2 <= diagnosis.overfits_from <= len(losses)


def test_of_equal_scores_the_first_epoch_is_the_best() -> None:
    assert diagnose({"loss": [1, 1, 1]}, {"loss": [3, 2, 2]}, "loss", higher_is_better=False).best_epoch == 2


def test_a_loss_that_is_no_number_is_named_with_its_epoch() -> None:
    nan = float("nan")

    diagnosis = diagnose({"loss": [1, nan, nan]}, {"loss": [1, nan, nan]}, "loss", higher_is_better=False)

    assert diagnosis.words == "validation loss is not a finite number from epoch 2 on: try a lower learning rate"
    assert (diagnosis.best_epoch, diagnosis.best_value) == (1, 1)


def test_a_score_that_is_never_defined_is_named() -> None:
    curves = {"loss": [1.0, 0.5], "roc_auc": [float("nan")] * 2}

    diagnosis = diagnose({"loss": [1, 0.5]}, curves, "roc_auc", higher_is_better=True)

    assert diagnosis.words == "roc_auc has no value on these validation rows"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (result(0.889, 0.88, 0.9, majority=0.5), "beats always saying the largest class: 0.500"),
        (
            result(0.52, 0.48, 0.56, majority=0.5),
            "may not beat always saying the largest class: 0.500 (its 95 % interval reaches that far)",
        ),
        (result(0.5, 0.4, 0.6, majority=0.5), "does not beat always saying the largest class: 0.500"),
        (
            result(2.4, 2.0, 2.8, higher=False, mean=6.9, median=6.53),
            "beats always saying the training median: 6.53",
        ),
        (result(7.0, 6.0, 8.0, higher=False, mean=6.9), "does not beat always saying the training mean: 6.90"),
        (result(0.7, None, None, majority=0.5), "beats always saying the largest class: 0.500"),
        (result(0.7, 0.6, 0.8), ""),
        (result(float("nan"), None, None, majority=0.5), ""),
    ],
)
def test_power_says_whether_the_whole_interval_clears_the_best_baseline(given: EvaluationResult, words: str) -> None:
    assert power(given) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8891, "0.889"), (2.381, "2.38"), (53.24, "53.2"), (1204.4, "1,204"), (0.00012, "0.00012"), (0, "0.000")],
)
def test_figures_have_the_digits_that_count(value: float, text: str) -> None:
    assert figure(value) == text


def test_after_an_early_stop_more_epochs_are_no_advice() -> None:
    losses = [1.0, 0.8, 0.6, 0.5, 0.4, 0.3]

    diagnosis = diagnose({"loss": losses}, {"loss": losses}, "loss", False, stopped_early=True)

    assert diagnosis.words == "best loss 0.300 at epoch 6; early stopping ended the training"
    assert not diagnosis.underfits
