"""Forecasting from a file to a record: baselines beside pandas, and nothing of what comes later in what is learnt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.evaluation import Split
from dlrun.experiment import Experiment, plan
from dlrun.experiment.fitting import fold_baselines
from dlrun.experiment.folds import encode_fold, fold_data

LOOKBACK, HORIZON, STEPS = 30, 4, 600
SPEC = """\
dataset: {source: timeseries, path: series.csv, target: y, time: date, lookback: 30, horizon: 4, predict: %s}
preprocessing: [normalise]
layers: [Flatten, Dense: 4]
evaluation: %s
training: {epochs: 2, early_stopping: %s}
"""


def write_series(folder: Path, garbage_from: int = STEPS) -> None:
    import pandas as pd

    random, noise = np.random.default_rng(1), np.random.default_rng(2)
    hours = np.arange(STEPS)
    frame = pd.DataFrame(
        {
            "date": pd.date_range("2024-01-01", periods=STEPS, freq="h"),
            "x": random.normal(size=STEPS),
            "y": np.sin(hours * 2 * np.pi / 24) + random.normal(0, 0.1, STEPS),
        }
    )
    frame.loc[garbage_from:, ["x", "y"]] = noise.normal(0, 1e6, (max(0, STEPS - garbage_from), 2))
    frame.to_csv(folder / "series.csv", index=False)


def planned(folder: Path, evaluation: str, *, garbage_from: int = STEPS, predict: str = "last") -> Experiment:
    write_series(folder, garbage_from)
    (folder / "spec.yaml").write_text(SPEC % (predict, evaluation, "{patience: 1, inner: 0.25}"))
    return plan(load_spec(folder / "spec.yaml"))


def known(experiment: Experiment, split: Split, *, scored: bool = False) -> dict[str, Any]:
    """All that a fold is fitted on; with ``scored``, what it is scored on and compared with too."""
    fold = encode_fold(experiment.spec, experiment.dataset, experiment.splits, split)
    data = fold_data(experiment.spec, experiment.dataset, fold, experiment.metrics)
    count = len(fold.rows) if scored else len(fold.train) + len(fold.monitor)
    baselines, _ = fold_baselines(experiment, fold)
    return {
        "state": json.dumps(fold.fitted.state()),
        "rows": fold.rows[:count].tolist(),
        "inputs": np.asarray(fold.inputs)[:count].tobytes(),
        "targets": data.targets[:count].tobytes(),
        "baselines": {name: values.tobytes() for name, values in baselines.items()} if scored else {},
    }


PROTOCOLS = {"hold-out": "{protocol: holdout}", "forward chaining": "{protocol: kfold, k: 3}"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_comes_later_changes_nothing_that_a_fold_is_fitted_on(tmp_path: Path, protocol: str) -> None:
    clean = planned(tmp_path, PROTOCOLS[protocol])

    for at, split in enumerate(clean.splits.splits):
        first_step = int(split.validation.min())
        garbled = planned(tmp_path, PROTOCOLS[protocol], garbage_from=first_step)

        assert garbled.splits.fingerprint == clean.splits.fingerprint
        assert known(garbled, garbled.splits.splits[at]) == known(clean, split)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_steps_of_the_test_windows_change_nothing_that_is_known_before(tmp_path: Path, protocol: str) -> None:
    clean = planned(tmp_path, PROTOCOLS[protocol])

    garbled = planned(tmp_path, PROTOCOLS[protocol], garbage_from=int(clean.splits.test.min()))

    assert garbled.facts == clean.facts
    assert garbled.summary == clean.summary
    for after, before in zip(garbled.splits.splits, clean.splits.splits, strict=True):
        assert known(garbled, after, scored=True) == known(clean, before, scored=True)


def test_a_step_that_training_windows_hold_is_noticed(tmp_path: Path) -> None:
    clean = planned(tmp_path, PROTOCOLS["hold-out"])
    (split,) = clean.splits.splits
    last_step = int(split.train.max()) + LOOKBACK + HORIZON - 1

    garbled = planned(tmp_path, PROTOCOLS["hold-out"], garbage_from=last_step)

    assert known(garbled, garbled.splits.splits[0]) != known(clean, split)


@pytest.mark.tensorflow
@pytest.mark.parametrize("predict", ["last", "all"])
def test_the_baselines_score_what_a_few_lines_of_pandas_do(tmp_path: Path, predict: str) -> None:
    import pandas as pd

    experiment = planned(tmp_path, "{protocol: holdout}", predict=predict)
    record = run(load_spec(tmp_path / "spec.yaml"), experiment, runs_dir=tmp_path / "runs").record

    series = pd.read_csv(tmp_path / "series.csv", index_col="date")["y"]
    (split,) = experiment.splits.splits
    ends = split.validation + LOOKBACK - 1  # where the inputs of each window end
    steps = [HORIZON] if predict == "last" else list(range(1, HORIZON + 1))
    last = np.mean([(series.shift(-ahead) - series).iloc[ends].abs().mean() for ahead in steps])
    yesterday = np.mean([(series - series.shift(24)).iloc[ends + ahead].abs().mean() for ahead in steps])
    trained = np.concatenate([experiment.first.train, experiment.first.monitor]) + LOOKBACK - 1
    always = np.mean(
        [(series.iloc[ends + ahead] - series.iloc[trained + ahead].mean()).abs().mean() for ahead in steps]
    )
    baselines = record["scores"]["baselines"]
    assert baselines["last_value"]["mae"] == pytest.approx(last, rel=1e-5)
    assert baselines["same_hour_yesterday"]["mae"] == pytest.approx(yesterday, rel=1e-5)
    assert baselines["mean"]["mae"] == pytest.approx(always, rel=1e-5)
    assert set(record["comparisons"]) == {"mean", "last_value", "same_hour_yesterday", "linear"}
    assert "the same hour yesterday" in record["diagnosis"]["power"]  # by far the strongest on this series


@pytest.mark.tensorflow
def test_predictions_are_named_by_the_time_that_they_are_for(tmp_path: Path) -> None:
    import pandas as pd

    experiment = planned(tmp_path, "{protocol: holdout}")
    folder = run(load_spec(tmp_path / "spec.yaml"), experiment, runs_dir=tmp_path / "runs").folder

    said = pd.read_csv(folder / "predictions.csv", index_col="date")
    series = pd.read_csv(tmp_path / "series.csv", index_col="date")["y"]
    assert len(said) == len(experiment.splits.splits[0].validation)
    np.testing.assert_allclose(said["target"], series[said.index])
