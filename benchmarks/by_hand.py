"""The experiments of `configs` and of this folder as one would write them by hand: Keras, scikit-learn and NumPy.

python benchmarks/by_hand.py NAME [--epochs N] [--batch N] [--fits N] [--seed N]

NAME is a config's name, or ``mnist_convnet`` or ``lstm``. Every fit is a new model and one ``model.fit``, which scores
the held-out rows after each epoch. Prints one line of JSON: ``seconds`` of all fits (loading and importing do not
count), and ``scores`` of each fit at its last epoch.

Seeds are Python's and NumPy's, which Keras's initial weights hang on. ``keras.utils.set_random_seed`` would set
TensorFlow's too, and then ``model.fit`` visits the rows of an array in one and the same order in every epoch: at batch
size 1 the scores get worse by a fifth, and both sides would not do the same.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import numpy.typing as npt
from keras.layers import LSTM, Conv2D, Dense, Dropout, Embedding, Flatten, MaxPooling2D, Reshape
from sklearn import datasets
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import StandardScaler

Rows = npt.NDArray[Any]
Split = tuple[Rows, Rows, Rows, Rows]
"""Training inputs and targets, held-out inputs and targets."""
WORDS = 10_000


@dataclass(frozen=True)
class Work:
    """One experiment. ``task`` is ``regression``, ``binary`` or a number of classes; ``curve``: score the ROC area."""

    splits: Callable[[int], Iterator[Split]]
    layers: Callable[[], list[Any]]
    task: str | int
    epochs: int
    batch: int
    rate: float = 0.001
    area: bool = False


def boston(seed: int) -> Iterator[Split]:
    (inputs, targets), _ = keras.datasets.boston_housing.load_data()
    for train, held_out in KFold(4, shuffle=True, random_state=seed).split(inputs):
        yield normalised(inputs[train], targets[train], inputs[held_out], targets[held_out])


def bundled(load: Callable[..., Any], divisor: float | None = None) -> Callable[[int], Iterator[Split]]:
    """Return the splits of one of scikit-learn's data sets: a fifth for the test, and a fifth of the rest held out."""

    def splits(seed: int) -> Iterator[Split]:
        inputs, targets = load(return_X_y=True)
        classes = load is not datasets.load_diabetes
        inputs, _, targets, _ = train_test_split(
            inputs, targets, test_size=0.2, random_state=seed, stratify=targets if classes else None
        )
        train, held_out, of_train, of_held_out = train_test_split(
            inputs, targets, test_size=0.2, random_state=seed, stratify=targets if classes else None
        )
        if divisor is None:
            yield normalised(train, of_train, held_out, of_held_out)
        else:
            yield (train / divisor).astype(np.float32), of_train, (held_out / divisor).astype(np.float32), of_held_out

    return splits


def normalised(inputs: Rows, targets: Rows, held_out: Rows, of_held_out: Rows) -> Split:
    scaler = StandardScaler().fit(inputs)
    scaled, held_out = (scaler.transform(rows).astype(np.float32) for rows in (inputs, held_out))
    return scaled, targets, held_out, of_held_out


def multi_hot(source: Any, count: int) -> Callable[[int], Iterator[Split]]:
    """Return the split of a set of token lists, as float32 rows of zeros and ones; the first rows are held out."""

    def splits(seed: int) -> Iterator[Split]:
        (texts, labels), _ = source.load_data(num_words=WORDS)
        rows = np.zeros((len(texts), WORDS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[text] = 1.0
        yield rows[count:], labels[count:], rows[:count], labels[:count]

    return splits


def mnist(seed: int) -> Iterator[Split]:
    (images, labels), _ = keras.datasets.mnist.load_data()
    images = images.astype(np.float32) / 255
    yield images[10_000:], labels[10_000:], images[:10_000], labels[:10_000]


def padded(seed: int) -> Iterator[Split]:
    (texts, labels), _ = keras.datasets.imdb.load_data(num_words=WORDS)
    rows = keras.utils.pad_sequences(texts[:2500], maxlen=500)
    yield rows[:2000], labels[:2000], rows[2000:], labels[2000:2500]


def stack(*widths: int, dropout: float = 0.0, l2: float = 0.0) -> list[Any]:
    layers: list[Any] = []
    for width in widths:
        layers.append(Dense(width, "relu", kernel_regularizer=keras.regularizers.L2(l2) if l2 else None))
        layers += [Dropout(dropout)] if dropout else []
    return layers


def convolutions() -> list[Any]:
    first = [Reshape((28, 28, 1)), Conv2D(32, 3, activation="relu"), MaxPooling2D()]
    return [*first, Conv2D(64, 3, activation="relu"), MaxPooling2D()]


WORK = {
    "boston": Work(boston, lambda: stack(64, 64), "regression", 100, 16),
    "breast_cancer": Work(bundled(datasets.load_breast_cancer), lambda: stack(16), "binary", 40, 32, area=True),
    "diabetes": Work(bundled(datasets.load_diabetes), lambda: stack(16, l2=0.01), "regression", 60, 32, 0.01),
    "digits": Work(bundled(datasets.load_digits, 16), lambda: stack(64, 32, dropout=0.2), 10, 40, 32),
    "imdb": Work(multi_hot(keras.datasets.imdb, 10_000), lambda: stack(16, 16), "binary", 20, 512, area=True),
    "mnist": Work(mnist, lambda: [Flatten(), *stack(512, 512, dropout=0.3)], 10, 12, 256),
    "reuters": Work(multi_hot(keras.datasets.reuters, 1_000), lambda: stack(64, 64), 46, 20, 512),
    "wine": Work(bundled(datasets.load_wine), lambda: stack(16), 3, 60, 16, 0.003),
    "mnist_convnet": Work(mnist, lambda: [*convolutions(), Flatten(), *stack(64)], 10, 1, 128),
    "lstm": Work(padded, lambda: [Embedding(WORDS, 32), LSTM(32)], "binary", 2, 128),
}


def fit(work: Work, split: Split) -> float:
    """Train one model; returns the score of the held-out rows at its last epoch."""
    inputs, targets, held_out, of_held_out = split
    task, metric = work.task, "mae" if work.task == "regression" else "accuracy"
    loss = {"regression": "mse", "binary": "binary_crossentropy"}.get(str(task), "categorical_crossentropy")
    if isinstance(task, int):
        targets, of_held_out = (keras.utils.to_categorical(labels, task) for labels in (targets, of_held_out))
    last = {"regression": None, "binary": "sigmoid"}.get(str(task), "softmax")
    kind = "int32" if inputs.dtype.kind == "i" else "float32"
    head = Dense(task if isinstance(task, int) else 1, activation=last)
    model = keras.Sequential([keras.Input(inputs.shape[1:], dtype=kind), *work.layers(), head])
    model.compile(optimizer=keras.optimizers.RMSprop(work.rate), loss=loss, metrics=[metric])
    history = model.fit(
        inputs,
        targets,
        epochs=work.epochs,
        batch_size=work.batch,
        validation_data=(held_out, of_held_out),
        verbose=0,
    )
    if work.area:
        roc_auc_score(of_held_out, model.predict(held_out, verbose=0)[:, 0])
    return float(history.history[f"val_{metric}"][-1])


def main() -> None:
    """Read the command line, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=WORK)
    for option in ("--epochs", "--batch", "--fits"):
        parser.add_argument(option, type=int)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    work = WORK[asked.name]
    work = replace(work, epochs=asked.epochs or work.epochs, batch=asked.batch or work.batch)
    random.seed(asked.seed)
    np.random.seed(asked.seed)
    seconds, scores = 0.0, []
    for split in list(work.splits(asked.seed))[: asked.fits]:
        began = time.perf_counter()
        scores.append(fit(work, split))
        seconds += time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "scores": scores}))


if __name__ == "__main__":
    main()
