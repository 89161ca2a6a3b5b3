"""The experiment of configs/imdb.yaml as one would write it by hand: Keras's loader, float32 rows, ``model.fit``.

python benchmarks/imdb_by_hand.py [SEED]      prints the best and the last validation accuracy
"""

from __future__ import annotations

import sys

import keras
import numpy as np
from sklearn.metrics import roc_auc_score

WORDS, EPOCHS, BATCH, VALIDATION = 10_000, 20, 512, 10_000


def multi_hot(reviews: np.ndarray) -> np.ndarray:
    rows = np.zeros((len(reviews), WORDS), np.float32)
    for row, review in zip(rows, reviews, strict=True):
        row[review] = 1.0
    return rows


def main(seed: int) -> None:
    keras.utils.set_random_seed(seed)
    (reviews, labels), _ = keras.datasets.imdb.load_data(num_words=WORDS)
    inputs, labels = multi_hot(reviews), labels.astype(np.float32)
    held_out, inputs = inputs[:VALIDATION], inputs[VALIDATION:]
    held_out_labels, labels = labels[:VALIDATION], labels[VALIDATION:]
    model = keras.Sequential(
        [
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(
        inputs, labels, epochs=EPOCHS, batch_size=BATCH, validation_data=(held_out, held_out_labels), verbose=0
    )
    accuracies = history.history["val_accuracy"]
    area = roc_auc_score(held_out_labels, model.predict(held_out, verbose=0)[:, 0])
    print(f"best {max(accuracies):.4f}   last {accuracies[-1]:.4f}   roc_auc {area:.4f}")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
