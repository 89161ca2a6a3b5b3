"""Boston by what scikit-learn users reach for: its own MLPRegressor, or Keras behind ``keras.wrappers``.

python benchmarks/sklearn_by_hand.py mlp|wrapper [--epochs N] [--batch N] [--seed N]

Four folds, two hidden layers of 64. MLPRegressor trains with Adam and scores nothing on the way, nor does the wrapper.
Prints one line of JSON: ``seconds`` of the fits (importing and loading do not count), and ``scores``: MAE of each fold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
import warnings
from typing import Any

import numpy as np
from boston_rows import boston
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, cross_validate
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def mlp(epochs: int, batch: int, seed: int) -> tuple[Any, dict[str, Any]]:
    """Return scikit-learn's net, trained for exactly ``epochs``, and nothing to pass to ``fit``."""
    net = MLPRegressor(
        hidden_layer_sizes=(64, 64),
        solver="adam",
        alpha=0.0,
        batch_size=batch,
        max_iter=epochs,
        early_stopping=False,
        n_iter_no_change=10**6,
        random_state=seed,
    )
    return net, {}


def wrapper(epochs: int, batch: int, seed: int) -> tuple[Any, dict[str, Any]]:
    """Return a Keras net as scikit-learn's estimator, and what to pass to ``fit``: cloning loses ``fit_kwargs``."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    random.seed(seed)  # not set_random_seed: see by_hand.py
    keras.config.disable_interactive_logging()

    def build(X: Any, y: Any) -> Any:
        layers = [keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "relu"), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input(X.shape[1:]), *layers])
        model.compile(optimizer=keras.optimizers.RMSprop(0.001), loss="mse", metrics=["mae"])
        return model

    passed = {"epochs": epochs, "batch_size": batch, "verbose": 0}
    name = "sklearnregressor"
    return keras.wrappers.SKLearnRegressor(build), {f"{name}__{key}": value for key, value in passed.items()}


def main() -> None:
    """Read the command line, cross-validate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", choices=("mlp", "wrapper"))
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # it was told to stop there
    inputs, targets = boston()
    net, passed = {"mlp": mlp, "wrapper": wrapper}[asked.net](asked.epochs, asked.batch, asked.seed)
    began = time.perf_counter()
    found = cross_validate(
        make_pipeline(StandardScaler(), net),
        inputs.astype(np.float32),
        targets,
        cv=KFold(4, shuffle=True, random_state=asked.seed),
        scoring="neg_mean_absolute_error",
        params=passed,
    )
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "scores": list(-found["test_score"])}))


if __name__ == "__main__":
    main()
