"""One-hot and integer labels are two ways of writing the same classes: the same net learns the same from either."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from dlrun import load_spec, run

pytestmark = pytest.mark.tensorflow

CONFIGS = Path(__file__).parents[2] / "configs"


def losses(folder: Path, config: str, labels: str, *overrides: str) -> dict[tuple[str, str], tuple[float, float]]:
    """What a run's history says of the loss: training and validation, by fold and epoch."""
    loss = "categorical_crossentropy" if labels == "one_hot" else "sparse_categorical_crossentropy"
    spec = load_spec(CONFIGS / f"{config}.yaml", (f"labels={labels}", f"loss={loss}", *overrides))
    with (run(spec, runs_dir=folder / labels).folder / "history.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["metric"] == "loss"]
    return {(row["fold"], row["epoch"]): (float(row["train"]), float(row["validation"])) for row in rows}


@pytest.mark.parametrize("engine", ["keras", "compiled"])
def test_both_kinds_of_labels_give_the_same_losses(tmp_path: Path, engine: str) -> None:
    overrides = (f"training.engine={engine}", "training.epochs=12", "evaluation={protocol: kfold, k: 2}")

    one_hot, integer = (losses(tmp_path, "wine", labels, *overrides) for labels in ("one_hot", "integer"))

    assert len(one_hot) == 24
    assert one_hot.keys() == integer.keys()
    np.testing.assert_allclose([integer[key] for key in one_hot], list(one_hot.values()), rtol=0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["keras", "compiled"])
def test_both_kinds_of_labels_give_the_same_losses_on_46_topics(
    tmp_path: Path, engine: str, real_keras_home: Path
) -> None:
    # TensorFlow has a kernel for each kind, and their gradients differ in the last bit of a few numbers. Under relu
    # that may carry a unit across the kink; then a rare word's gradient is gone, and RMSprop makes full steps of such.
    overrides = (f"training.engine={engine}", "training.epochs=2", "hidden_activation=tanh")

    one_hot, integer = (losses(tmp_path, "reuters", labels, *overrides) for labels in ("one_hot", "integer"))

    assert len(one_hot) == 2
    np.testing.assert_allclose([integer[key] for key in one_hot], list(one_hot.values()), rtol=0, atol=1e-6)
