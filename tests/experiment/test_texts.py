"""Whole runs on texts: every fold has the vocabulary of its own training rows, under either engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dlrun import load_spec, run
from dlrun.data import TextRows, load_dataset
from dlrun.experiment import final_test
from dlrun.spec.sources import ReviewsSource

pytestmark = pytest.mark.tensorflow

SPEC = """\
dataset: {source: make_reviews, samples: 80}
preprocessing: [%s]
layers: [%s]
evaluation: {protocol: kfold, k: 2}
training: {epochs: 1, engine: %s}
"""
BAG = ("tokenise: {ngrams: 2}, count", "Dense: 2")
WORDS = (
    "tokenise: 60, pad: 20",
    "Embedding: {input_dim: 60, output_dim: 2}, Conv1D: {filters: 2, kernel_size: 3}, GlobalMaxPooling1D",
)


def vocabulary_of(folder: Path) -> list[str]:
    first = json.loads((folder / "preprocessing.json").read_text())[0]
    assert first["step"] == "tokenise"
    return list(first["vocabulary"])


def words_by_keras(rows: Sequence[int], **options: int) -> list[str]:
    import keras

    texts = load_dataset(ReviewsSource(source="make_reviews", samples=80)).inputs
    assert isinstance(texts, TextRows)
    layer = keras.layers.TextVectorization(**options)
    layer.adapt([texts[row] for row in rows])
    return list(layer.get_vocabulary(include_special_tokens=False))


@pytest.mark.parametrize(
    ("engine", "step", "options"),
    [("compiled", BAG, {"ngrams": 2}), ("keras", WORDS, {"max_tokens": 60})],
    ids=["bag of words, compiled", "rows of words, keras"],
)
def test_each_fold_learns_the_words_of_its_training_rows_and_the_last_fit_those_of_all(
    tmp_path: Path, engine: str, step: tuple[str, str], options: dict[str, int]
) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC % (*step, engine))

    folder = run(load_spec(tmp_path / "spec.yaml"), runs_dir=tmp_path / "runs").folder
    final_test(folder)

    with np.load(folder / "splits.npz") as splits:
        names = [name.removesuffix("_train") for name in splits if name.endswith("_train")]
        assert len(names) == 2
        for name in names:
            assert vocabulary_of(folder / "folds" / name) == words_by_keras(splits[f"{name}_train"], **options)
        pool = np.union1d(splits["i1-f1_train"], splits["i1-f1_validation"])
        assert vocabulary_of(folder) == words_by_keras(pool, **options)
