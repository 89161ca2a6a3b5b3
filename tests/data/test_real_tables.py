"""Tables that people really work with, each as a spec would name it, checked against Python's csv module and pandas."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from dlrun.data import Dataset, DataSummary, FittedSteps, fit_steps, inspect, load_dataset, shared_rows
from dlrun.errors import DataError, SpecError
from dlrun.spec import load_spec


@dataclass(frozen=True)
class Opened:
    """A table as a spec describes it, and its rows as the csv module reads them."""

    dataset: Dataset
    rows: list[list[str]]
    fit: Callable[[np.ndarray], FittedSteps]

    @property
    def summary(self) -> DataSummary:
        return inspect(self.dataset, np.arange(self.dataset.rows))


Open = Callable[[str, str], Opened]


@pytest.fixture
def open_table(real_data: Callable[[str], Path], tmp_path: Path) -> Open:
    """Loads a real table by its name and the rest of a spec, in which PATH stands for the file."""

    def opened(name: str, text: str) -> Opened:
        path = real_data(name)
        (tmp_path / "spec.yaml").write_text(dedent(text).replace("PATH", str(path)) + "\nlayers: []\n")
        spec = load_spec(tmp_path / "spec.yaml").spec
        dataset = load_dataset(spec.dataset, task=spec.task)
        with path.open(newline="") as stream:
            rows = list(csv.reader(stream))
        return Opened(dataset, rows, lambda train: fit_steps(spec.preprocessing, dataset, train))

    return opened


def test_heart_repeats_most_of_its_rows(open_table: Open) -> None:
    heart = open_table("heart/heart.csv", "dataset: {source: csv, path: PATH, target: target}")

    assert (heart.dataset.task, heart.summary.duplicates) == ("binary", len(heart.rows) - 1 - 302)
    assert heart.summary.classes == {"0": 499, "1": 526}
    assert heart.summary.missing == {}
    # Cut anywhere, most test rows were seen in training.
    train, test = np.arange(800), np.arange(800, 1025)
    seen = {tuple(row) for row in heart.rows[1:801]}
    assert len(shared_rows(heart.dataset.hashes, train, test)) == sum(tuple(row) in seen for row in heart.rows[801:])


def test_an_id_hides_the_repeated_rows_until_the_spec_names_it(open_table: Open) -> None:
    hidden = open_table("heart/heart_with_id.csv", "dataset: {source: csv, path: PATH, target: target}")
    named = open_table("heart/heart_with_id.csv", "dataset: {source: csv, path: PATH, target: target, ids: [id]}")

    assert (hidden.summary.duplicates, named.summary.duplicates) == (0, 723)
    assert "id" not in named.dataset.feature_names


def test_titanic_shows_its_gaps_and_is_refused_until_they_are_filled(open_table: Open) -> None:
    source = (
        "dataset: {source: csv, path: PATH, target: Survived,"
        " features: [Pclass, Sex, Age, SibSp, Parch, Fare, Embarked]}\n"
    )
    gappy = open_table("titanic/train.csv", source + "preprocessing: [one_hot]")
    filled = open_table("titanic/train.csv", source + "preprocessing: [one_hot, impute: median]")
    ages = np.array([float(row[5] or "nan") for row in gappy.rows[1:]])

    assert gappy.summary.missing == {"Age": 177, "Embarked": 2}
    assert [feature.name for feature in gappy.summary.features if feature.kind == "text"] == ["Sex", "Embarked"]
    with pytest.raises(DataError, match=r"Age \(177\), in 177 of 891 rows(?s:.)*add `impute`"):
        gappy.fit(np.arange(891)).apply(np.arange(891))
    encoded = np.asarray(filled.fit(np.arange(600)).apply(np.arange(891)))
    median = np.nanmedian(ages[:600])
    np.testing.assert_allclose(encoded[:, 3], np.where(np.isnan(ages), median, ages), rtol=1e-6)


def test_titanic_with_chosen_columns_becomes_numbers(open_table: Open) -> None:
    titanic = open_table(
        "titanic/train.csv",
        """
        dataset: {source: csv, path: PATH, target: Survived, features: [Pclass, Sex, SibSp, Parch, Fare]}
        preprocessing: [one_hot: [Sex, Pclass], normalise: [Fare]]
        """,
    )

    fitted = titanic.fit(np.arange(600))
    encoded = np.asarray(fitted.apply(np.arange(891)))

    names = ("Pclass=1", "Pclass=2", "Pclass=3", "Sex=female", "Sex=male", "SibSp", "Parch", "Fare")
    assert fitted.feature_names == names
    for name in names[:5]:
        column, value = name.split("=")
        place = titanic.rows[0].index(column)
        assert encoded[:, names.index(name)].tolist() == [row[place] == value for row in titanic.rows[1:]]
    fares = np.array([float(row[9]) for row in titanic.rows[1:]])
    np.testing.assert_allclose(encoded[:, 7], (fares - fares[:600].mean()) / fares[:600].std(), rtol=1e-5, atol=1e-6)


def test_a_test_file_without_its_target_is_refused(open_table: Open, real_data: Callable[[str], Path]) -> None:
    test = real_data("titanic/test.csv")

    with pytest.raises(DataError, match=r"test\.csv' has no column 'Survived'"):
        open_table("titanic/train.csv", f"dataset: {{source: csv, path: [PATH, {test}], target: Survived}}")


def test_pima_has_no_header(open_table: Open) -> None:
    pima = open_table(
        "pima/pima-indians-diabetes.csv", "dataset: {source: csv, path: PATH, header: false, target: '8'}"
    )

    assert (pima.dataset.task, pima.dataset.rows) == ("binary", len(pima.rows))
    assert pima.summary.classes == {"0": 500, "1": 268}
    np.testing.assert_array_equal(pima.dataset.inputs, np.array(pima.rows, float)[:, :8])


def test_pima_read_with_a_header_says_what_to_do(open_table: Open) -> None:
    with pytest.raises(DataError, match="say `header: false`"):
        open_table("pima/pima-indians-diabetes.csv", "dataset: {source: csv, path: PATH, target: '8'}")


def test_grades_of_wine_need_a_task_and_are_read_as_either(open_table: Open) -> None:
    source = "dataset: {source: csv, path: PATH, header: false, target: '11'}"
    with pytest.raises(DataError, match=r"6 different whole numbers \(3, 4, 5, 6, 7, 8\): classes or quantities"):
        open_table("wine_quality/winequality-red.csv", source)

    graded = open_table("wine_quality/winequality-red.csv", source + "\ntask: regression")
    sorted_out = open_table("wine_quality/winequality-red.csv", source + "\ntask: multiclass")

    assert (graded.summary.duplicates, sorted_out.summary.duplicates) == (240, 240)
    counts = Counter(row[11] for row in graded.rows)
    assert sorted_out.summary.classes == {name: counts[name] for name in sorted(counts)}
    assert graded.summary.targets[0].mean == pytest.approx(np.mean([float(row[11]) for row in graded.rows]))


def test_iris_names_its_classes_and_repeats_three_rows(open_table: Open) -> None:
    iris = open_table("iris/iris.csv", "dataset: {source: csv, path: PATH, header: false, target: '4'}")

    assert (iris.dataset.task, iris.summary.duplicates) == ("multiclass", 3)
    assert iris.summary.classes == Counter(row[4] for row in iris.rows)


def test_california_has_gaps_and_a_column_of_texts(open_table: Open) -> None:
    text = "dataset: {source: csv, path: PATH, target: median_house_value}\npreprocessing: [one_hot, normalise]"
    california = open_table("california_housing/housing.csv", text)

    assert (california.dataset.task, california.summary.missing) == ("regression", {"total_bedrooms": 207})
    assert california.dataset.categories == {8: ("<1H OCEAN", "INLAND", "ISLAND", "NEAR BAY", "NEAR OCEAN")}
    with pytest.raises(DataError, match=r"total_bedrooms \(207\), in 207 of 20,640 rows"):
        california.fit(np.arange(100)).apply(np.arange(20640))


def test_california_is_encoded_as_scikit_learn_encodes_it(open_table: Open) -> None:
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    names = ["longitude", "median_income", "ocean_proximity"]
    california = open_table(
        "california_housing/housing.csv",
        f"""
        dataset: {{source: csv, path: PATH, target: median_house_value, features: {names}}}
        preprocessing: [one_hot, normalise]
        """.replace("'", ""),
    )
    train = np.arange(0, 20640, 7)  # too few for the five islanders to be among them

    fitted = california.fit(train)

    table = pd.DataFrame(california.rows[1:], columns=california.rows[0])[names]
    table = table.astype({"longitude": float, "median_income": float})
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    theirs = make_column_transformer((StandardScaler(), names[:2]), (encoder, names[2:])).fit(table.iloc[train])
    everything = np.asarray(fitted.apply(np.arange(20640)))
    np.testing.assert_allclose(everything, theirs.transform(table), rtol=1e-5, atol=1e-5)
    assert [name for name in fitted.feature_names if "=" in name] == [
        name.replace("onehotencoder__ocean_proximity_", "ocean_proximity=")
        for name in theirs.get_feature_names_out()[2:]
    ]


def test_question_marks_of_horse_colic_are_missing_values(open_table: Open) -> None:
    text = "dataset: {source: csv, path: PATH, header: false, target: '23'}\ntask: binary"
    colic = open_table("horse_colic/horse-colic.csv", text)

    gaps = {str(place): sum(row[place] == "?" for row in colic.rows) for place in range(28) if place != 23}
    assert colic.summary.missing == {name: count for name, count in gaps.items() if count}
    assert colic.dataset.categories == {}
    assert colic.summary.classes == {"1": 191, "2": 109}


def test_without_their_marker_question_marks_make_texts_and_a_note_says_so(open_table: Open) -> None:
    text = "dataset: {source: csv, path: PATH, header: false, target: '23', missing: ['']}\ntask: binary"
    colic = open_table("horse_colic/horse-colic.csv", text)

    assert "Column '3' is taken for text because of values such as '?'." in colic.dataset.notes
    with pytest.raises(SpecError, match=r"text columns cannot go into a model(?s:.)*add `one_hot`"):
        colic.fit(np.arange(300))


def test_yeast_has_fourteen_labels(open_table: Open) -> None:
    labels = [f"Class{number}" for number in range(1, 15)]
    target = ", ".join(labels)
    yeast = open_table("mulan_yeast/yeast.csv", f"dataset: {{source: csv, path: PATH, target: [{target}]}}")

    assert (yeast.dataset.task, yeast.dataset.outputs, yeast.dataset.class_names) == ("multilabel", 14, tuple(labels))
    matrix = np.array([row[-14:] for row in yeast.rows[1:]], int)
    np.testing.assert_array_equal(yeast.dataset.targets, matrix)
    assert list(yeast.summary.classes.values()) == matrix.sum(axis=0).tolist()


def test_energy_efficiency_has_two_targets(open_table: Open) -> None:
    energy = open_table(
        "energy_efficiency/energy_efficiency.csv", "dataset: {source: csv, path: PATH, target: [Y1, Y2]}"
    )

    assert (energy.dataset.task, energy.dataset.outputs) == ("vector_regression", 2)
    loads = np.array([row[8:] for row in energy.rows[1:]], float)
    np.testing.assert_array_equal(energy.dataset.targets, loads)
    assert [(target.name, target.median) for target in energy.summary.targets] == [
        ("Y1", float(np.median(loads[:, 0]))),
        ("Y2", float(np.median(loads[:, 1]))),
    ]


def test_columns_of_a_real_table_have_the_figures_of_pandas(open_table: Open) -> None:
    import pandas as pd

    california = open_table(
        "california_housing/housing.csv", "dataset: {source: csv, path: PATH, target: median_house_value}"
    )

    table = pd.DataFrame(california.rows[1:], columns=california.rows[0]).iloc[:, :8]
    figures = table.apply(pd.to_numeric).agg(["min", "max", "mean", lambda column: column.std(ddof=0)])
    ours = [
        (feature.minimum, feature.maximum, feature.mean, feature.std) for feature in california.summary.features[:8]
    ]
    np.testing.assert_allclose(np.array(ours, float), figures.to_numpy().T, rtol=1e-9)
