"""What is said of specs with mistakes, in one file to review: ``DLRUN_UPDATE_MESSAGES=1 pytest tests`` writes it anew.

The templates of all errors, of specs and of all else, are found in the source by ``tests/test_messages.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dlrun.errors import SpecError
from dlrun.spec import load_spec

MESSAGES = Path(__file__).with_name("messages.txt")
HEADER = (
    "# What dlrun says of specs with mistakes, as it is printed. Not written by hand: tests/spec/test_messages.py.\n\n"
)
TAIL = "dataset: iris\nlayers: []\n"
WINDOWS = """\
dataset: {source: timeseries, path: a.csv, target: y, lookback: 6, horizon: 3, stride: 2}
layers: []
"""

# Each a line or several; `dataset` and `layers` are added where they are not what is shown.
BAD = (
    "",
    "- a list\n",
    "name: 'x\n",
    "layers:\n\t- Dense\n",
    "<<<<<<< HEAD\n",
    "seed: 1\nseed: 2\n",
    "seed: !!python/name:os.system x\n",
    "name: a\x1bb\n",
    "seed: 1e999\n",
    "a: &a [*a]\n",
    "extends: nothing.yaml\n",
    "sed: 1\n" + TAIL,
    "name: ../x\n" + TAIL,
    "task: ranking\n" + TAIL,
    "labels: integer\ntask: forecasting\n" + TAIL,
    "task: binray\n" + TAIL,
    "labels: 3\n" + TAIL,
    "seed: abc\n" + TAIL,
    "output: no\n" + TAIL,
    "layers: []\n",
    "dataset: imbd\nlayers: []\n",
    "dataset: heart.csv\nlayers: []\n",
    "dataset: {source: imdb, num_words: 1_000}\nlayers: []\n",
    "dataset: {source: csv, path: a.csv}\nlayers: []\n",
    "dataset: {source: csv, path: a.csv, target: y, features: [y]}\nlayers: []\n",
    "dataset: {source: csv, path: a.csv, target: y, header: false}\nlayers: []\n",
    "dataset: {source: timeseries, path: a.csv}\nlayers: []\n",
    "evaluation: {protocol: iterated_kfold}\n" + WINDOWS,
    "evaluation: {gap: 2, shuffle: true, stratify: true}\n" + WINDOWS,
    "evaluation: {group: town, time: date, duplicates: drop}\n" + WINDOWS,
    "layers: {Dense: 64}\ndataset: iris\n",
    "layers:\n  - 64\ndataset: iris\n",
    "layers:\n  - Dens: 64\ndataset: iris\n",
    "layers:\n  - Dense:\ndataset: iris\n",
    "layers:\n  - Dense: {unit: 64}\ndataset: iris\n",
    "layers:\n  - Dense: {units: many}\ndataset: iris\n",
    "layers:\n  - Dense: 64\n    activation: relu\ndataset: iris\n",
    "layers:\n  - Dense: 64\n    Flatten:\ndataset: iris\n",
    "layers:\n  - LSTM: 32\n    dropuot: 0.2\ndataset: iris\n",
    "layers:\n  - name: a\ndataset: iris\n",
    "layers:\n  - Dense: {units: 64, from: b}\ndataset: iris\n",
    "layers:\n  - Dense: {units: 64, name: a}\n    name: a\ndataset: iris\n",
    "layers:\n  - Dense: {units: 64, name: a}\n  - Dense: {units: 64, name: a}\ndataset: iris\n",
    "layers:\n  - Lambda: x\ndataset: iris\n",
    "layers:\n  - Flatten: 3\ndataset: iris\n",
    "preprocessing: normalise\n" + TAIL,
    "preprocessing: [normalis]\n" + TAIL,
    "preprocessing: [stem]\n" + TAIL,
    "preprocessing: [tokenise: 2, {tokenise: {standardise: lowercase, split: words, ngrams: 0}}]\n" + TAIL,
    "dataset: {source: csv, path: a.csv, target: y, text: review, features: [stars]}\nlayers: []\n",
    "dataset: {source: csv, path: a.csv, target: y, text: y}\nlayers: []\n",
    "dataset: {source: text_folder, path: films, classes: [neg], encoding: utf-9}\nlayers: []\n",
    "dataset: {source: text_folder, path: films, classes: [neg, pos, neg]}\nlayers: []\n",
    "preprocessing: [{pad: x}]\n" + TAIL,
    "preprocessing: [{pad: {padding: pre}}]\n" + TAIL,
    "preprocessing: [{rescale: 1/0}]\n" + TAIL,
    "preprocessing: [{pad: 3, rescale: 2}]\n" + TAIL,
    "preprocessing: [derive]\n" + TAIL,
    "preprocessing: [derive: a + b]\n" + TAIL,
    "preprocessing: [derive: {}]\n" + TAIL,
    "preprocessing: [derive: {c: [1]}]\n" + TAIL,
    "preprocessing: [derive: {c: a +, d: lgo(a), e: a if b else c, f: __import__('os')}]\n" + TAIL,
    "preprocessing: [drop_columns]\n" + TAIL,
    "preprocessing: [drop_columns: []]\n" + TAIL,
    "preprocessing: [impute: middle]\n" + TAIL,
    "preprocessing: [{impute: {strategy: mean}}]\n" + TAIL,
    "preprocessing: [{impute: {missing: '0'}}]\n" + TAIL,
    "preprocessing: [{impute: {with: zero, missing: 0}}]\n" + TAIL,
    "preprocessing: [normalise, {impute: {missing: 0}}]\n" + TAIL,
    "preprocessing: [impute, drop_missing: 0.1]\n" + TAIL,
    "preprocessing: [{drop_missing: 1}, impute]\n" + TAIL,
    "targets: lgo\n" + TAIL,
    "targets: [normalise, one_hot, log, log]\n" + TAIL,
    "targets: [normalise, log]\n" + TAIL,
    "targets: [log, log1p]\n" + TAIL,
    "targets: {log: 2}\n" + TAIL,
    "targets: log\ntask: binary\n" + TAIL,
    "dataset: {source: csv, path: a.csv, targets: y}\nlayers: []\n",
    "loss: mze\n" + TAIL,
    "loss: {mse: {delta: 3}}\n" + TAIL,
    "last_activation:\n" + TAIL,
    "optimiser: {learning_rate: 0.1}\n" + TAIL,
    "optimiser: {name: adam, learning_rat: 0.1}\n" + TAIL,
    "optimiser: adam\noptimizer: adam\n" + TAIL,
    "regularisation: {dropout: 1}\n" + TAIL,
    "regularisation: {dropout: 0.5}\n" + TAIL,
    "metrics: [mae, mae]\n" + TAIL,
    "evaluation: holdout\n" + TAIL,
    "evaluation: {protocol: hold-out}\n" + TAIL,
    "evaluation: {protocol: leave_one_out}\n" + TAIL,
    "evaluation: {k: 4}\n" + TAIL,
    "evaluation: {k: 4, iterations: 2}\n" + TAIL,
    "evaluation: {protocol: kfold, k: 1}\n" + TAIL,
    "evaluation: {protocol: kfold, folds: 5}\n" + TAIL,
    "k: 4\n" + TAIL,
    "evaluation: {protocol: kfold, iterations: 2, validation: 0.2}\n" + TAIL,
    "evaluation: {protocol: iterated_kfold, shuffle: false, stratify: true}\n" + TAIL,
    "evaluation: {protocol: iterated_kfold, time: date}\n" + TAIL,
    "evaluation: {time: date, stratify: true, shuffle: true, duplicates: drop}\n" + TAIL,
    "evaluation: {time: 1.5}\n" + TAIL,
    "evaluation: {group: false}\n" + TAIL,
    "evaluation: {gap: 3}\n" + TAIL,
    "evaluation: {duplicates: keep}\n" + TAIL,
    "evaluation: {fold: part, protocol: holdout}\n" + TAIL,
    "evaluation: {fold: part, k: 4, duplicates: together}\n" + TAIL,
    "evaluation: {fold: part, splits: a.npz}\n" + TAIL,
    "evaluation: {splits: a.npz, test: 0.2, stratify: true}\n" + TAIL,
    "evaluation: {splits: 4}\n" + TAIL,
    "evaluation: {splits: {path: '', sha256: abc}}\n" + TAIL,
    "evaluation: {splits: ''}\n" + TAIL,
    "evaluation: {fold: y}\ndataset: {source: csv, path: a.csv, target: y}\nlayers: []\n",
    "evaluation: {group: town}\ndataset: {source: csv, path: a.csv, target: 3, header: false}\nlayers: []\n",
    "evaluation: {validation: 1.5}\n" + TAIL,
    "evaluation: {validation: yes}\n" + TAIL,
    "evaluation: {test: nne}\n" + TAIL,
    "evaluation: {stratify: on}\n" + TAIL,
    "training: {epochs: 0}\n" + TAIL,
    "training: {epochs: true}\n" + TAIL,
    "training: {batch_size: '32'}\n" + TAIL,
    "training: {early_stopping: true}\n" + TAIL,
    "training: {early_stopping: {inner: 0.1, on: validation}}\n" + TAIL,
    "training: {early_stopping: {monitor: mse}}\nmetrics: [mae]\n" + TAIL,
    "training: {class_weight: {0: heavy}}\n" + TAIL,
    "training: {class_weight: balance}\n" + TAIL,
    "training: {schedule: {Cosine: 3}}\n" + TAIL,
    "training: {engine: jax}\n" + TAIL,
    "training: {program: graph}\n" + TAIL,
    "training: {engine: keras, lanes: 4}\n" + TAIL,
    "training: {engine: compiled, lanes: 4}\n" + TAIL,
    "training: {engine: compiled, program: graph, lanes: 4}\n" + TAIL,
    "training: {engine: compiled, program: vectorized, lanes: 1}\n" + TAIL,
    "labels: integer\nloss: categorical_crossentropy\n" + TAIL,
    "output: false\nlast_activation: relu\n" + TAIL,
)


def said_about(text: str) -> str:
    Path("spec.yaml").write_text(text, newline="")
    with pytest.raises(SpecError) as caught:
        load_spec("spec.yaml")
    return str(caught.value)


def test_the_wordings_are_those_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = HEADER + "\n\n".join(said_about(text) for text in BAD) + "\n"
    if os.environ.get("DLRUN_UPDATE_MESSAGES"):
        MESSAGES.write_text(found, encoding="utf-8")

    assert found == MESSAGES.read_text(encoding="utf-8")
