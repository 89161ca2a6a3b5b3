"""Each task under each protocol by each engine: the whole way from a spec to a run folder, on small data.

A task is a row of the table below. The compiled engine runs one of its programs in each test, so that over the table
every task meets every program.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.errors import SpecError
from dlrun.models import TASKS

pytestmark = pytest.mark.tensorflow

PROTOCOLS = {
    "holdout": ("{test: 0.2, validation: 0.25}", 1, 1),
    "kfold": ("{protocol: kfold, k: 2, test: 0.2}", 1, 2),
    "iterated_kfold": ("{protocol: iterated_kfold, k: 2, iterations: 2, test: 0.2}", 2, 2),
}
"""The section of the spec, iterations, folds."""
PROGRAMS = ("vectorized", "unrolled", "graph")


@dataclass(frozen=True)
class Row:
    """One kind of problem.

    Args:
        task: as the spec says it.
        spec: data, preprocessing and layers.
        naive: its naive baselines.
        metric: the primary metric.
        epochs: so many that the net certainly beats every naive baseline.
        rate: the learning rate of adam.
        refuses: a protocol that has no meaning for the task.
    """

    task: str
    spec: str
    naive: frozenset[str]
    metric: str
    epochs: int = 6
    rate: float = 0.02
    refuses: str | None = None


MAJORITY, MEANS = frozenset({"majority"}), frozenset({"mean", "median"})
ROWS = {
    "binary": Row(
        "binary",
        "dataset: {source: make_moons, n_samples: 200, noise: 0.1}\nlayers: [Dense: 8]\n",
        MAJORITY,
        "accuracy",
    ),
    "one-hot classes": Row(
        "multiclass", "dataset: wine\npreprocessing: [normalise]\nlayers: [Dense: 8]\n", MAJORITY, "accuracy"
    ),
    "integer classes": Row(
        "multiclass",
        "dataset: wine\npreprocessing: [normalise]\nlayers: [Dense: 8]\nlabels: integer\n",
        MAJORITY,
        "accuracy",
    ),
    "labels": Row(
        "multilabel",
        "dataset: {source: make_multilabel_classification, n_samples: 200}\npreprocessing: [normalise]\n"
        "layers: [Dense: 8]\n",
        frozenset({"frequencies"}),
        "mean_average_precision",
    ),
    "a number": Row(
        "regression",
        "dataset: {source: npz, path: DATA/numbers.npz, targets: one}\nlayers: [Dense: 8]\n",
        MEANS,
        "mae",
    ),
    "numbers": Row(
        "vector_regression",
        "dataset: {source: npz, path: DATA/numbers.npz, targets: three}\nlayers: [Dense: 8]\n",
        MEANS,
        "mae",
    ),
    "a share": Row(
        "unit_regression",
        "dataset: {source: npz, path: DATA/numbers.npz, targets: share}\nlayers: [Dense: 8]\n",
        frozenset({"mean"}),
        "mae",
    ),
    "a series": Row(
        "forecasting",
        "dataset: {source: timeseries, path: DATA/series.csv, target: wave, time: step, lookback: 6}\n"
        "layers: [Flatten, {Dense: 8}]\n",
        frozenset({"mean", "last_value"}),
        "mae",
        refuses="iterated_kfold",
    ),
    "itself": Row(
        "autoencoder",
        "dataset: {source: npz, path: DATA/numbers.npz}\npreprocessing: [normalise]\nlayers: [{Dense: 3}]\n",
        frozenset({"mean"}),
        "mse",
    ),
}
PLACES = [(row, protocol) for row in ROWS for protocol in PROTOCOLS if protocol != ROWS[row].refuses]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers that follow from others, and a series that follows from its own past."""
    folder = tmp_path_factory.mktemp("matrix")
    random = np.random.default_rng(6)
    inputs = random.normal(size=(160, 4))
    mixed = np.tanh(inputs @ random.normal(size=(4, 3))) + 0.05 * random.normal(size=(160, 3))
    np.savez(folder / "numbers.npz", x=inputs, one=mixed[:, 0], three=mixed, share=1 / (1 + np.exp(-3 * mixed[:, 0])))
    wave = np.sin(np.arange(240) / 2.5) + 0.05 * random.normal(size=240)
    lines = [f"{step},{value:.6f}" for step, value in enumerate(wave)]
    (folder / "series.csv").write_text("step,wave\n" + "\n".join(lines) + "\n")
    return folder


Carry = Callable[..., Any]


@pytest.fixture
def carry_out(data: Path, tmp_path: Path) -> Carry:
    """Runs a row of the table under a protocol by an engine; gives its record and its predictions."""

    def carry(row: Row, protocol: str, engine: str, program: str | None = None) -> tuple[Any, list[dict[str, str]]]:
        path = tmp_path / "matrix.yaml"
        path.write_text(
            f"task: {row.task}\n{row.spec.replace('DATA', str(data))}"
            f"optimiser: {{name: adam, learning_rate: {row.rate}}}\nevaluation: {PROTOCOLS[protocol][0]}\n"
            f"training: {{epochs: {row.epochs}, batch_size: 16, engine: {engine}, program: {program or 'null'}}}\n"
        )
        done = run(load_spec(path), runs_dir=tmp_path / "runs")
        with (done.folder / "predictions.csv").open() as stream:
            return done.record, list(csv.DictReader(stream))

    return carry


def numbers_of(predictions: list[dict[str, str]]) -> dict[tuple[str, ...], float]:
    """What was predicted for each row of each fold, column by column."""
    return {
        (line["iteration"], line["fold"], line["row"], key): float(value)
        for line in predictions
        for key, value in line.items()
        if key.startswith(("prediction", "probability", "error"))
    }


def test_every_task_has_its_row() -> None:
    assert {row.task for row in ROWS.values()} == set(TASKS)


@pytest.mark.parametrize(("name", "protocol"), PLACES)
def test_engines_agree_and_beat_what_is_naive(name: str, protocol: str, carry_out: Carry) -> None:
    row = ROWS[name]
    program = PROGRAMS[(list(ROWS).index(name) + list(PROTOCOLS).index(protocol)) % len(PROGRAMS)]
    _, iterations, folds = PROTOCOLS[protocol]

    by_keras, said = carry_out(row, protocol, "keras")
    compiled, said_compiled = carry_out(row, protocol, "compiled", program)

    assert (by_keras["engine"]["name"], compiled["engine"]["name"]) == ("keras", "compiled")
    assert compiled["engine"]["program"] == program
    for record in (by_keras, compiled):
        scores = record["scores"]
        primary = scores["validation"][record["primary"]]
        naive = {baseline: scores["baselines"][baseline][row.metric] for baseline in row.naive}
        assert (record["status"], record["primary"]) == ("done", row.metric)
        assert (len(primary["per_fold"]), len(primary["per_fold"][0])) == (iterations, folds)
        assert primary["n"] == iterations * folds
        assert "linear" in scores["baselines"]
        higher = record["primary"] in ("accuracy", "mean_average_precision")
        assert all(primary["mean"] > score if higher else primary["mean"] < score for score in naive.values())
    for metric, score in by_keras["scores"]["validation"].items():
        assert compiled["scores"]["validation"][metric]["mean"] == pytest.approx(score["mean"], rel=1e-4, abs=1e-5)
    assert numbers_of(said_compiled) == pytest.approx(numbers_of(said), abs=1e-5)


def test_integer_and_one_hot_classes_are_the_same_problem(carry_out: Carry) -> None:
    one_hot, integer = (
        carry_out(ROWS[name], "holdout", "compiled", "graph")[0]["scores"]["validation"]
        for name in ("one-hot classes", "integer classes")
    )

    assert integer["loss"]["mean"] == pytest.approx(one_hot["loss"]["mean"], abs=1e-6)
    assert integer["accuracy"]["mean"] == one_hot["accuracy"]["mean"]


@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].refuses])
def test_a_protocol_without_meaning_for_a_task_is_refused(name: str, carry_out: Carry) -> None:
    with pytest.raises(SpecError):
        carry_out(ROWS[name], ROWS[name].refuses or "", "keras")
