"""Reading runs for their page: figures that agree with scikit-learn, rows that were got wrong, data that are gone."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from dlrun.errors import RunFolderError
from dlrun.experiment.reporting import page_of, view_of

Make = Callable[..., Path]
CLASSES = ("no", "yes", "=perhaps")


@pytest.fixture
def run(tmp_path: Path) -> Make:
    """Writes a run's folder as dlrun does: record, spec and predictions, and a table that it was made of."""

    def make(
        task: str,
        header: Sequence[str],
        rows: Sequence[Sequence[Any]],
        classes: Sequence[str] | None = None,
        dataset: str | None = None,
        fingerprint: str | None = None,
    ) -> Path:
        folder = tmp_path / "runs" / f"some-{task}"
        folder.mkdir(parents=True)
        table = tmp_path / "table.csv"
        table.write_text(
            "height,colour,y\n" + "".join(f"{row},{'red' if row % 2 else 'blue'},{row / 2}\n" for row in range(40))
        )
        (folder / "spec.yaml").write_text(
            f"dataset: {dataset or f'{{source: csv, path: {table}, target: y, ids: []}}'}\nlayers: [Dense: 1]\n"
        )
        record = {
            "schema_version": 1,
            "status": "done",
            "name": "some",
            "task": task,
            "protocol": {"name": "kfold", "k": 2, "iterations": 1},
            "data": {"fingerprint": fingerprint, "classes": dict.fromkeys(classes, 9) if classes else None},
        }
        (folder / "record.json").write_text(json.dumps(record))
        with (folder / "predictions.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows([["iteration", "fold", "row", *header], *rows])
        return folder

    return make


def fingerprint_of(folder: Path) -> str:
    from dlrun.data import load_dataset
    from dlrun.spec import load_spec

    spec = load_spec(folder / "spec.yaml").spec
    return load_dataset(spec.dataset, task=spec.task).fingerprint


def known(folder: Path) -> Path:
    """Make a run one whose data have not changed."""
    record = json.loads((folder / "record.json").read_text())
    record["data"]["fingerprint"] = fingerprint_of(folder)
    (folder / "record.json").write_text(json.dumps(record))
    return folder


def multiclass(run: Make) -> tuple[Path, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    targets, folds = random.integers(0, 3, 60), np.arange(60) % 2 + 1
    chances = random.dirichlet([1, 1, 1], 60) + np.eye(3)[targets] * 0.4
    chances /= chances.sum(axis=1, keepdims=True)
    names = ["no", "yes", "'=perhaps"]
    rows = [
        [1, folds[row], row, names[targets[row]], names[chances[row].argmax()], *map(float, chances[row])]
        for row in range(60)
    ]
    header = ["target", "predicted", *(f"probability_{name}" for name in CLASSES)]
    return run("multiclass", header, rows, CLASSES), targets, chances, folds


def test_a_confusion_matrix_is_that_of_scikit_learn(run: Make) -> None:
    folder, targets, chances, _ = multiclass(run)
    confusion = view_of(folder, examples=0).held.confusion

    assert confusion is not None
    assert confusion.classes == CLASSES
    np.testing.assert_array_equal(confusion.counts, metrics.confusion_matrix(targets, chances.argmax(axis=1)))


def test_areas_of_each_class_are_means_over_folds(run: Make) -> None:
    folder, targets, chances, folds = multiclass(run)
    rankings = {each.name: each for each in view_of(folder, examples=0).held.rankings}

    for place, name in enumerate(CLASSES):
        parts = [(targets[folds == fold] == place, chances[folds == fold, place].astype(np.float32)) for fold in (1, 2)]
        assert rankings[name].auc == pytest.approx(np.mean([metrics.roc_auc_score(*part) for part in parts]))
        precision = np.mean([metrics.average_precision_score(*part) for part in parts])
        assert rankings[name].average_precision == pytest.approx(precision)
        assert len(rankings[name].folds) == 2


def test_the_worst_rows_come_first_with_what_stands_in_them(run: Make) -> None:
    rows = [[1, 1 + row % 2, row, row / 2, row / 2 + (9 if row == 17 else 0.1 * row)] for row in range(40)]
    held = view_of(known(run("regression", ["target", "prediction"], rows)), examples=2).held

    assert [example.row for example in held.examples] == [17, 39]
    assert held.examples[0].facts == (("true", "8.50"), ("predicted", "17.5"), ("off by", "9.00"))
    assert held.examples[0].features == (("height", "17"), ("colour", "red"))
    assert held.examples_note == "Ordered by the size of the error."


def test_ids_may_have_any_name(run: Make) -> None:
    header = ["row", "target_date", "target", "prediction"]
    rows = [[1, 1, row, 99 - row, f"2020-01-{row + 1}", row, row + (5 if row == 3 else 0)] for row in range(9)]
    held = view_of(run("regression", header, rows), examples=1).held

    assert held.examples[0].row == 3
    assert held.pairs[0].targets == list(range(9))


def test_ids_that_look_like_targets_are_none(run: Make) -> None:
    header = ["target_no", "target_a", "target_b", "prediction_a", "prediction_b"]
    rows = [[1, 1, row, 7, row, 2, row, 3] for row in range(5)]
    held = view_of(run("vector_regression", header, rows), examples=1).held

    assert [(pairs.name, list(pairs.predictions)) for pairs in held.pairs] == [("a", [0, 1, 2, 3, 4]), ("b", [3] * 5)]


def test_a_forecast_too_wide_for_a_table_is_told_by_its_error(run: Make) -> None:
    folder = run("forecasting", ["error"], [[1, 1, row, float(row)] for row in range(4)])
    targets = np.zeros((4, 150))
    np.savez(
        folder / "predictions.npz", rows=np.arange(4), targets=targets, predictions=targets + np.arange(4)[:, None]
    )
    held = view_of(folder, examples=1).held

    assert held.examples[0].row == 3
    assert held.examples[0].facts == (("mean squared error", "9.00"),)
    assert held.examples_note.startswith("Ordered by the mean squared error of a row.")


def test_values_that_are_no_numbers_are_left_out_and_counted(run: Make) -> None:
    rows = [[1, 1, 0, 1.0, "nan"], [1, 1, 1, 1.0, "inf"], [1, 1, 2, 1.0, 2.0]]
    held = view_of(run("regression", ["target", "prediction"], rows), examples=0).held

    assert list(held.pairs[0].targets) == [1.0]
    assert held.pairs_note.strip() == "2 predictions that are no finite numbers are left out."


def test_a_table_without_rows_shows_nothing(run: Make) -> None:
    assert view_of(run("regression", ["target", "prediction"], []), examples=3).held.pairs == ()


def test_folds_that_lack_a_class_are_counted(run: Make) -> None:
    rows = [
        [1, fold, row, "yes" if fold == 2 or row % 2 else "no", "?", 0.1 * row] for fold in (1, 2) for row in range(8)
    ]
    held = view_of(run("binary", ["target", "predicted", "probability"], rows, ("no", "yes")), examples=0).held

    assert (held.rankings[0].fits, held.rankings[0].of) == (1, 2)
    assert held.ranking_note == "Folds whose rows are all of one kind have no curve; there is one of: 1 of 2."


def test_a_data_set_that_is_not_here_is_not_downloaded(run: Make, keras_home: Path) -> None:
    folder = run("regression", ["target", "prediction"], [[1, 1, 0, 1.0, 2.0]], dataset="boston_housing")
    held = view_of(folder, examples=1).held

    assert "boston_housing is not on this machine; 'dlrun data fetch boston_housing' gets it" in held.examples_note
    assert list((keras_home / "datasets").iterdir()) == []


def test_predictions_of_several_iterations_are_averaged_row_by_row(run: Make) -> None:
    rows = [[at, 1, row, 1.0, 1.0 + (at if row == 3 else 0)] for at in (1, 2, 3) for row in range(5)]
    held = view_of(run("regression", ["target", "prediction"], rows), examples=1).held

    assert held.examples[0].facts[1:] == (("predicted", "3.00"), ("off by", "2.00"))
    assert "Predictions are the mean of 3 iterations." in held.examples_note


def test_inputs_of_data_that_have_changed_are_not_shown(run: Make) -> None:
    folder = run("regression", ["target", "prediction"], [[1, 1, 0, 1.0, 2.0]], fingerprint="another")
    held = view_of(folder, examples=1).held

    assert held.examples[0].features == ()
    assert held.examples_note.endswith("Their inputs are not shown: the data have changed since the run.")


def test_data_that_are_gone_leave_the_rest_of_the_page(run: Make, tmp_path: Path) -> None:
    folder = run("regression", ["target", "prediction"], [[1, 1, 0, 1.0, 2.0]])
    (tmp_path / "table.csv").unlink()
    held = view_of(folder, examples=1).held

    assert held.examples[0].facts[0] == ("true", "1.000")
    assert "Their inputs are not shown: there is no file" in held.examples_note
    assert len(held.pairs) == 1


def test_without_examples_no_data_are_read(run: Make, tmp_path: Path) -> None:
    folder = run("regression", ["target", "prediction"], [[1, 1, 0, 1.0, 2.0]])
    (tmp_path / "table.csv").unlink()
    held = view_of(folder, examples=0).held

    assert held.examples == ()
    assert held.examples_note == ""


def test_rows_of_pixels_are_pictures(run: Make) -> None:
    header = ["target", "predicted", *(f"probability_{digit}" for digit in range(10))]
    rows = [[1, 1, row, 0, 0, *[0.1] * 10] for row in range(3)]
    folder = run("multiclass", header, rows, [str(digit) for digit in range(10)], "digits")
    (example, *_) = view_of(known(folder), examples=1).held.examples

    assert example.image.shape == (8, 8)
    assert example.features == ()


def test_many_targets_are_a_choice_of_them(run: Make) -> None:
    names = [f"t{place}" for place in range(9)]
    header = [*(f"target_{name}" for name in names), *(f"prediction_{name}" for name in names)]
    rows = [[1, 1, row, *[row] * 9, *[row + 1] * 9] for row in range(12)]
    held = view_of(run("vector_regression", header, rows), examples=1).held

    assert [pairs.name for pairs in held.pairs] == ["t0", "t3", "t5", "t8"]
    assert held.pairs_note == "Drawn are 4 of 9 targets."


def test_very_many_rows_are_a_sample_and_the_page_says_so(run: Make) -> None:
    rows = [[1, 1, row, float(row), float(row)] for row in range(4000)]
    held = view_of(run("regression", ["target", "prediction"], rows), examples=0).held

    assert len(held.pairs[0].targets) == 3000
    assert held.pairs_note == "Drawn are a random 3000 of 4000 predictions."


def test_errors_of_wide_predictions_are_read_from_the_table(run: Make) -> None:
    rows = [[1, 1 + row % 2, row, 0.5 + row] for row in range(6)]
    held = view_of(run("autoencoder", ["error"], rows), examples=3).held

    assert list(held.errors) == [0.5 + row for row in range(6)]
    assert held.examples == ()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("predictions.csv", "iteration,fold\n1,2,3\n", "predictions are not shown"),
        ("columns.csv", "name,role,kind,missing,minimum\na,input,number,0,1\n", "figures of columns are not shown"),
        ("columns.csv", "a,b,c,d,e,f,g\na,input,number,0,x,1,1\n", "figures of columns are not shown"),
        ("history.csv", "iteration,fold,epoch,metric,train,validation\na,b,c,d,e,f\n", "learning curves are not shown"),
    ],
)
def test_a_damaged_file_costs_its_part_of_the_page_only(run: Make, name: str, text: str, said: str) -> None:
    folder = run("regression", ["target", "prediction"], [[1, 1, 0, 1.0, 2.0]])
    (folder / name).write_text(text)

    assert said in view_of(folder, examples=0).notes[0]
    assert said in page_of([folder], examples=0)


def test_drawings_are_shown_where_they_are_pictures_of_a_size(run: Make) -> None:
    folder = run("regression", ["target", "prediction"], [[1, 1, 0, 1.0, 2.0]])
    (folder / "filters.png").write_bytes(b"\x89PNG small")
    (folder / "responses.png").write_bytes(b"\x89PNG" + bytes(700_000))
    (drawing,) = view_of(folder, examples=0).drawings
    (folder / "filters.png").write_bytes(b"<svg onload=...>")

    assert drawing == ("The kernels of the first convolution", b"\x89PNG small")
    assert view_of(folder, examples=0).drawings == ()


def test_runs_that_cannot_be_compared_are_shown_beside_each_other_with_the_reason(run: Make) -> None:
    one = run("regression", ["target", "prediction"], [[1, 1, 0, 1.0, 2.0]])
    other, *_ = multiclass(run)

    for folder in (one, other):  # as much of a record as a comparison asks for
        record = json.loads((folder / "record.json").read_text())
        score = {"mean": 1.0, "std": None, "low": None, "high": None, "n": 2, "per_fold": [[1.0, 1.0]]}
        record |= {"primary": "mae", "split_seed": 0, "scores": {"validation": {"mae": score}}}
        record["data"] |= {"source": "some", "files": []}
        record["protocol"]["validation"] = 5
        fold = {"train": 5, "validation": 5, "monitor": 0}
        record["splits"] = {"fingerprint": "s", "folds": [fold, fold]}
        (folder / "record.json").write_text(json.dumps(record))
    page = page_of([one, other], examples=0)

    assert "one is a regression run and one a multiclass run" in page
    assert "have no axis in common" in page


def test_a_folder_without_a_record_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is not a run folder"):
        view_of(tmp_path, examples=0)
