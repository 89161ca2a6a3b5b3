"""Texts out of folders, tables and dlrun's own generator, and everything that can be wrong with them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import Dataset, TextRows, load_dataset, record_hashes, resolved_source
from dlrun.errors import DataError
from dlrun.spec.sources import ParquetSource, ReviewsSource, TableSource, TextFolderSource


def texts_of(dataset: Dataset) -> list[str]:
    assert isinstance(dataset.inputs, TextRows)
    return [dataset.inputs[row] for row in range(len(dataset.inputs))]


def folder(root: Path, **options: Any) -> Dataset:
    return load_dataset(TextFolderSource(source="text_folder", path=str(root), **options))


def table(path: Path, **options: Any) -> Dataset:
    return load_dataset(
        TableSource(source="csv", path=(str(path),), target=("label",), **{"text": "review", **options})
    )


def fill(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


SMALL: dict[str, str | bytes] = {"neg/1.txt": "bad", "neg/2.txt": "dull", "pos/1.txt": "göod"}


def test_a_folder_of_texts_is_a_row_for_each_file_named_by_it(tmp_path: Path) -> None:
    dataset = folder(fill(tmp_path / "films", SMALL))

    assert texts_of(dataset) == ["bad", "dull", "göod"]
    assert dataset.targets.tolist() == [0, 0, 1]
    assert (dataset.name, dataset.task, dataset.class_names) == ("films", "binary", ("neg", "pos"))
    assert dataset.ids["file"].tolist() == ["neg/1.txt", "neg/2.txt", "pos/1.txt"]
    assert (len(dataset.train_rows), len(dataset.validation_rows), len(dataset.test_rows)) == (3, 0, 0)


def test_three_classes_make_a_multiclass_problem(tmp_path: Path) -> None:
    assert folder(fill(tmp_path, {**SMALL, "so/1.txt": "so"})).task == "multiclass"


def test_the_parts_of_acl_imdb_are_found_and_its_other_files_are_left_alone(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        f"{part}/{name}": text for part in ("test", "train") for name, text in SMALL.items()
    }
    fill(tmp_path, {**files, "train/unsup/1.txt": "?", "train/urls_neg.txt": "http", "imdb.vocab": "the", "README": ""})

    dataset = folder(tmp_path, classes=("neg", "pos"))

    assert (dataset.train_rows.tolist(), dataset.test_rows.tolist()) == ([0, 1, 2], [3, 4, 5])
    assert dataset.ids["file"].tolist()[2:4] == ["train/pos/1.txt", "test/neg/1.txt"]
    with pytest.raises(DataError, match="class folder 'unsup' in 'train', but not in 'test'") as error:
        folder(tmp_path)
    assert "classes: [neg, pos]" in str(error.value.hint)


def test_a_provided_validation_set_is_one(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        f"{part}/{name}": text for part in ("test", "validation", "train") for name, text in SMALL.items()
    }

    dataset = folder(fill(tmp_path, files))

    assert (dataset.validation_rows.tolist(), dataset.test_rows.tolist()) == ([3, 4, 5], [6, 7, 8])


def test_the_runs_own_spec_has_one_digest_that_notices_a_change(tmp_path: Path) -> None:
    fill(tmp_path, SMALL)
    source = TextFolderSource(source="text_folder", path=str(tmp_path))

    resolved = resolved_source(source, load_dataset(source))

    lines = "".join(f"{name}\0{hashlib.sha256(str(text).encode()).hexdigest()}\n" for name, text in SMALL.items())
    assert resolved == source.model_copy(update={"sha256": (hashlib.sha256(lines.encode()).hexdigest(),)})
    assert len(load_dataset(resolved).inputs) == 3
    fill(tmp_path, {"neg/2.txt": "duller"})
    with pytest.raises(DataError, match="has changed"):
        load_dataset(resolved)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert texts_of(folder(fill(tmp_path, {**SMALL, "neg/1.txt": b"\xef\xbb\xbfbad"})))[0] == "bad"


def test_other_encodings_are_read_where_the_spec_names_them(tmp_path: Path) -> None:
    fill(tmp_path, {name: str(text).encode("utf-16") for name, text in SMALL.items()})

    assert texts_of(folder(tmp_path, encoding="utf-16")) == ["bad", "dull", "göod"]


def test_empty_files_are_empty_texts(tmp_path: Path) -> None:
    assert texts_of(folder(fill(tmp_path, {**SMALL, "neg/2.txt": ""}))) == ["bad", "", "göod"]


def test_files_of_another_kind_are_noted(tmp_path: Path) -> None:
    dataset = folder(fill(tmp_path, {**SMALL, "neg/._1.txt": b"\xff", "neg/x.html": "<p>", "pos/.hidden": ""}))

    assert dataset.notes == ("1 file does not end in .txt and is left out: neg/x.html",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"g\xf6od", r"neg/2.txt' is not utf-8 text: byte 0xf6 at position 1 \(invalid start byte\)"),
        (b"\xef\xbb\xbfg\xf6od", r"byte 0xf6 at position 4"),
        (b"cut \xe2\x82", r"byte 0xe2 at position 4 \(unexpected end of data\)"),
        ("wide".encode("utf-16-le"), "holds a NUL byte"),
        (b"\x89PNG\r\n\x1a\n\0\0", "byte 0x89 at position 0"),
    ],
)
def test_a_file_that_is_no_text_is_named_with_the_place(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        folder(fill(tmp_path, {**SMALL, "neg/2.txt": content}))

    assert "encoding: " in str(error.value.hint)


def test_equal_texts_are_the_same_record_whichever_classes_a_spec_lists(tmp_path: Path) -> None:
    fill(tmp_path, SMALL)

    one, other = folder(tmp_path, classes=("neg", "pos")), folder(tmp_path, classes=("pos", "neg"))

    assert one.targets.tolist() == [0, 0, 1]
    assert other.targets.tolist() == [0, 1, 1]
    assert sorted(record_hashes(one, np.arange(3))) == sorted(record_hashes(other, np.arange(3)))


def test_a_text_column_is_the_input_alone(tmp_path: Path) -> None:
    fill(tmp_path, {"r.csv": 'id,review,stars,label\n1,"good, really",5,yes\n2,bad,1,no\n3,"two\nlines",3,yes\n'})

    dataset = table(tmp_path / "r.csv", ids=("id",))

    assert texts_of(dataset) == ["good, really", "bad", "two\nlines"]
    assert (dataset.targets.tolist(), dataset.class_names, dataset.task) == ([1, 0, 1], ("no", "yes"), "binary")
    assert (dataset.feature_names, dataset.ids["id"].tolist()) == ((), ["1", "2", "3"])


def test_a_second_file_of_texts_is_the_test_set(tmp_path: Path) -> None:
    fill(tmp_path, {"a.csv": "review,label\nx,0\ny,1\n", "b.csv": "label,review\n1,z\n"})
    paths = (str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))

    dataset = load_dataset(TableSource(source="csv", path=paths, target=("label",), text="review"))

    assert (texts_of(dataset), dataset.test_rows.tolist()) == (["x", "y", "z"], [2])


def test_parquet_has_texts_too_and_empty_ones_among_them(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"review": ["x", "", "y"], "label": [0, 1, 0]}).to_parquet(tmp_path / "r.parquet")

    source = ParquetSource(source="parquet", path=(str(tmp_path / "r.parquet"),), target=("label",), text="review")

    assert texts_of(load_dataset(source)) == ["x", "", "y"]


def test_a_column_for_evaluation_is_read_beside_the_text(tmp_path: Path) -> None:
    fill(tmp_path, {"r.csv": "review,label,who\nx,0,a\ny,1,b\n"})
    source = TableSource(source="csv", path=(str(tmp_path / "r.csv"),), target=("label",), text="review")

    dataset = load_dataset(source, columns=("who",))

    assert dataset.columns["who"].tolist() == ["a", "b"]


def test_a_row_is_the_same_record_whether_its_text_is_the_input_or_left_out(tmp_path: Path) -> None:
    fill(tmp_path, {"r.csv": "review,label,stars\nx,0,3\ny,1,4\n"})

    text, stars = table(tmp_path / "r.csv"), table(tmp_path / "r.csv", text=None, features=("stars",))

    assert record_hashes(text, np.arange(2)).tolist() == record_hashes(stars, np.arange(2)).tolist()


def test_an_empty_cell_is_a_missing_text_unless_the_spec_says_otherwise(tmp_path: Path) -> None:
    fill(tmp_path, {"r.csv": "review,label\nx,0\n,1\nNA,0\ny,1\n"})

    assert texts_of(table(tmp_path / "r.csv", missing=())) == ["x", "", "NA", "y"]
    with pytest.raises(DataError, match=r"column 'review' \(text of the spec\) has no text in rows 2, 3") as error:
        table(tmp_path / "r.csv")
    assert "`missing: []`" in str(error.value.hint)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": "stars"}, "column 'stars' .* holds numbers; expected texts"),
        ({"text": "reviews"}, "no column 'reviews'"),
        ({"text": "label"}, "'label' cannot be a target and an input"),
        ({"ids": ("review",)}, "'review' cannot be an input and an id"),
        ({"features": ("stars",)}, "`text` is the input alone"),
    ],
)
def test_a_text_column_that_is_none_is_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    fill(tmp_path, {"r.csv": "review,label,stars\nx,0,3\ny,1,4\n"})

    with pytest.raises(DataError, match=message):
        table(tmp_path / "r.csv", **options)


def test_reviews_that_are_made_up_are_the_same_each_time_and_say_what_they_are() -> None:
    one, again, other = (load_dataset(ReviewsSource(source="make_reviews", random_state=seed)) for seed in (0, 0, 1))

    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert np.bincount(one.targets).tolist() == [500, 500]
    assert "made up" in one.notes[0]


@pytest.mark.parametrize("negation", [0.0, 0.4, 1.0])
def test_most_opinions_of_a_review_mean_its_class(negation: float) -> None:
    from dlrun.data.sources import reviews

    dataset = load_dataset(ReviewsSource(source="make_reviews", samples=200, negation=negation))

    negated = opinions = 0
    for text, label in zip(texts_of(dataset), dataset.targets, strict=True):
        meant = []
        for sentence in text.rstrip(".").split(". "):
            word = sentence.split()[-1]
            if word in (*reviews._POSITIVE, *reviews._NEGATIVE):
                meant.append((word in reviews._POSITIVE) != (" was not " in sentence))
                negated += " was not " in sentence
        opinions += len(meant)
        assert len(meant) == 3
        assert sum(meant) >= 2 if label else sum(meant) <= 1
    assert negated / opinions == pytest.approx(negation, abs=0.06)
