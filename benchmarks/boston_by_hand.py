"""configs/boston.yaml as one would write it by hand: scikit-learn's KFold, a new model and ``model.fit`` for each fold.

python benchmarks/boston_by_hand.py [SPLIT_SEED]      prints the mean absolute error of each fold and their mean
"""

from __future__ import annotations

import sys

import keras
import numpy as np
from sklearn.model_selection import KFold

K, EPOCHS, BATCH = 4, 100, 16


def build(features: int) -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((features,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer=keras.optimizers.RMSprop(0.001), loss="mse", metrics=["mae"])
    return model


def main(split_seed: int) -> None:
    keras.utils.set_random_seed(0)
    (inputs, targets), _ = keras.datasets.boston_housing.load_data()
    scores = []
    for train, held_out in KFold(K, shuffle=True, random_state=split_seed).split(inputs):
        mean, std = inputs[train].mean(axis=0), inputs[train].std(axis=0)
        normalised = ((inputs - mean) / std).astype(np.float32)
        history = build(inputs.shape[1]).fit(
            normalised[train],
            targets[train],
            epochs=EPOCHS,
            batch_size=BATCH,
            validation_data=(normalised[held_out], targets[held_out]),
            verbose=0,
        )
        scores.append(history.history["val_mae"][-1])
    print(" ".join(f"{score:.2f}" for score in scores), f"mean {np.mean(scores):.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
