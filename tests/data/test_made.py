"""Data that dlrun makes up itself: the same each time, and what they are said to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlrun.data import load_dataset
from dlrun.data.catalogue import SOURCES
from dlrun.data.dataset import Dataset
from dlrun.data.sources.made import BALL_RADIUS, MADE_UP
from dlrun.spec.sources import BallSource, ResponseSource, SeasonalSource

MADE: dict[str, Any] = {
    "make_series": SeasonalSource,
    "make_bouncing_ball": BallSource,
    "make_dose_response": ResponseSource,
}


def made(name: str, **options: Any) -> Dataset:
    return load_dataset(MADE[name](source=name, **options))


@pytest.mark.parametrize("name", MADE)
def test_one_seed_makes_the_same_data_and_another_one_others(name: str) -> None:
    assert made(name).fingerprint == made(name).fingerprint
    assert made(name).fingerprint != made(name, random_state=1).fingerprint


@pytest.mark.parametrize("name", MADE)
def test_made_up_data_say_so_and_are_in_the_catalogue(name: str) -> None:
    dataset = made(name)

    assert MADE_UP in dataset.notes
    assert (SOURCES[name].task, SOURCES[name].origin) == (dataset.task, "generated")


def test_the_series_comes_round_each_day_but_for_the_weekend() -> None:
    dataset = made("make_series", lookback=24, horizon=24)
    demand = dataset.targets

    errors = {ahead: np.abs(demand[ahead:] - demand[:-ahead]).mean() for ahead in (12, 24, 168)}
    assert errors[168] < errors[24] < errors[12] / 2
    assert [each.name for each in dataset.forecasts] == ["last_value", "same_hour_yesterday"]


def test_the_ball_flies_straight_at_its_own_speed_and_stays_inside() -> None:
    dataset = made("make_bouncing_ball", videos=50, frames=12, size=20)
    frames = np.concatenate([dataset.inputs[..., 0], dataset.targets.reshape(50, 1, 20, 20)], axis=1)

    # Where the ball is whole, its centre of light is its centre.
    light = frames.sum(axis=(2, 3))
    centres = np.stack([(frames.sum(axis=other) * np.arange(20)).sum(axis=2) / light for other in (3, 2)], axis=-1)
    steps = np.diff(centres, axis=1)
    clear = ((centres > 3 * BALL_RADIUS) & (centres < 19 - 3 * BALL_RADIUS)).all(axis=2)
    free = clear[:, 2:] & clear[:, 1:-1] & clear[:, :-2]
    assert dataset.inputs.shape == (50, 11, 20, 20, 1)
    assert frames.min() >= 0
    assert frames.max() <= 1
    assert free.sum() > 30
    np.testing.assert_allclose(steps[:, 1:][free], steps[:, :-1][free], atol=0.05)
    assert (np.sign(steps[:, 1:]) != np.sign(steps[:, :-1])).any()  # some bounce


def test_shares_are_shares_of_forty_patients_and_rise_with_the_dose() -> None:
    dataset = made("make_dose_response")

    assert dataset.targets.min() >= 0
    assert dataset.targets.max() <= 1
    np.testing.assert_allclose(dataset.targets * 40, np.round(dataset.targets * 40))
    assert np.corrcoef(np.asarray(dataset.inputs)[:, 0], dataset.targets)[0, 1] > 0.7
