"""Missing values on their way through the steps: figures against scikit-learn, texts, and rows that lose values."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data import chunks, fit_steps
from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset
from dlrun.data.gaps import gaps_of, new_gaps
from dlrun.errors import DataError, SpecError
from dlrun.spec.steps import DropMissing, Impute, Normalise, OneHot, Pad, Rescale, Scale

NAN = np.nan
RANDOM = np.random.default_rng(7)
GAPPY = np.where(RANDOM.random((120, 3)) < 0.2, NAN, RANDOM.integers(-4, 5, (120, 3)).astype(float))
TRAIN, ROWS = np.arange(0, 120, 2), np.arange(120)


def table(inputs: Any, names: tuple[str, ...] = (), **known: Any) -> Dataset:
    inputs = np.asarray(inputs, float)
    return assemble("table", "regression", inputs, np.arange(len(inputs), dtype=float), feature_names=names, **known)


def encoded(steps: list[Any], dataset: Dataset, train: Any = TRAIN, rows: Any = ROWS, **more: Any) -> Any:
    return np.asarray(fit_steps(steps, dataset, np.asarray(train), **more).apply(np.asarray(rows)))


@pytest.fixture
def passengers() -> Dataset:
    """Age (a gap), deck (text, a gap in a training row), port (text, a gap in the last row only), fare."""
    rows = [[20, 0, 1, 5], [NAN, 1, 0, 0], [40, NAN, 1, 7], [50, 1, 1, 9], [60, 0, NAN, 3]]
    categories = {1: ("A", "B"), 2: ("Cork", "Dover")}
    return table(rows, ("age", "deck", "port", "fare"), categories=categories)


@pytest.mark.parametrize("chunk", [7, 1 << 22])
@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
@pytest.mark.parametrize("indicator", [False, True])
def test_filled_values_are_those_of_scikit_learn(
    strategy: Any, indicator: bool, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.impute import SimpleImputer

    monkeypatch.setattr(chunks, "CHUNK_CELLS", chunk)
    theirs = SimpleImputer(strategy=strategy, add_indicator=indicator).fit(GAPPY[TRAIN]).transform(GAPPY)

    ours = encoded([Impute(strategy=strategy, indicator=indicator)], table(GAPPY))

    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_a_number_can_stand_for_a_missing_value_in_named_columns() -> None:
    from sklearn.impute import SimpleImputer

    inputs = np.nan_to_num(GAPPY, nan=0)
    theirs = SimpleImputer(strategy="median", missing_values=0).fit(inputs[TRAIN, :2]).transform(inputs[:, :2])

    ours = encoded([Impute(columns=("0", "1"), missing=0.0)], table(inputs))

    np.testing.assert_allclose(ours, np.column_stack([theirs, inputs[:, 2]]), rtol=1e-6)


@pytest.mark.parametrize(("step", "twin"), [(Normalise(), "StandardScaler"), (Scale(), "MinMaxScaler")])
@pytest.mark.parametrize("chunk", [7, 1 << 22])
def test_normalise_and_scale_fit_on_the_values_that_are_there(
    step: Any, twin: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sklearn.preprocessing

    monkeypatch.setattr(chunks, "CHUNK_CELLS", chunk)
    theirs = getattr(sklearn.preprocessing, twin)().fit(GAPPY[TRAIN]).transform(GAPPY)

    ours = encoded([step, Impute(strategy="zero")], table(GAPPY))

    np.testing.assert_allclose(ours, np.nan_to_num(theirs, nan=0), rtol=1e-5, atol=1e-6)


def test_sequences_are_filled_by_feature() -> None:
    sequences = np.array([[[1.0, 10], [NAN, 20]], [[3, NAN], [5, 60]]])

    filled = encoded([Impute(strategy="mean")], table(sequences), [0, 1], [0, 1])

    np.testing.assert_allclose(filled, [[[1, 10], [3, 20]], [[3, 30], [5, 60]]])


def test_texts_get_the_most_frequent_one(passengers: Dataset) -> None:
    fitted = fit_steps([Impute(strategy="most_frequent"), OneHot()], passengers, np.arange(4))

    rows = np.asarray(fitted.apply(np.arange(5)))

    assert fitted.feature_names == ("age", "deck=A", "deck=B", "port=Cork", "port=Dover", "fare")
    assert rows[:, 1:3].tolist() == [[1, 0], [0, 1], [0, 1], [0, 1], [1, 0]]
    assert rows[4, 3:5].tolist() == [0, 1]  # Dover is the commonest in the training rows
    assert fitted.state()[0]["values"] == [20, "B", "Dover", 0]  # of equally common ages and fares, the smallest


def test_missing_cells_of_a_text_column_get_a_column_where_training_rows_have_some(passengers: Dataset) -> None:
    fitted = fit_steps([OneHot(), Impute()], passengers, np.arange(4))

    rows = np.asarray(fitted.apply(np.arange(5)))

    assert fitted.feature_names == ("age", "deck=A", "deck=B", "deck=(missing)", "port=Cork", "port=Dover", "fare")
    assert rows[:, 3].tolist() == [0, 0, 1, 0, 0]
    assert rows[4, 4:6].tolist() == [0, 0]  # no training row misses its port
    assert fitted.state()[0]["categories"] == {"deck": ["A", "B", "(missing)"], "port": ["Cork", "Dover"]}


def test_a_category_that_is_called_missing_is_kept_apart() -> None:
    dataset = table([[0], [1], [NAN]], ("deck",), categories={0: ("(missing)", "A")})

    fitted = fit_steps([OneHot()], dataset, np.arange(3))

    assert fitted.feature_names == ("deck=(missing)", "deck=A", "deck=((missing))")


def test_indicators_stand_at_the_end_and_are_not_normalised(passengers: Dataset) -> None:
    fitted = fit_steps([Impute(indicator=True), OneHot(), Normalise()], passengers, np.arange(4))

    assert fitted.feature_names[-1] == "age=(missing)"  # the fare misses nothing
    assert np.asarray(fitted.apply(np.arange(5)))[:, -1].tolist() == [0, 1, 0, 0, 0]
    assert fitted.state()[0]["indicator"] == ["age"]


def test_zero_is_warned_of_where_it_is_a_value_like_others() -> None:
    dataset = table([[5, 0, -1], [6, 2, 1], [NAN, NAN, NAN], [7, 3, 0.5]], ("tall", "count", "change"))

    (note,) = fit_steps([Impute(strategy="zero")], dataset, np.arange(4)).notes

    assert "'count' (0 to 3), 'change' (-1 to 1)" in note
    assert "tall" not in note
    assert fit_steps([Impute(strategy="zero")], dataset, np.array([0, 1, 3])).notes == ()  # no gaps in these


@pytest.mark.parametrize("step", [Normalise(), Scale(), Impute(), Impute(strategy="zero"), Impute(missing=4.0)])
def test_a_column_without_any_value_in_the_training_rows_is_refused(step: Any) -> None:
    inputs = [[1, 4 if getattr(step, "missing", None) else NAN], [2, NAN], [3, 8]]

    with pytest.raises(DataError, match=r"no values of 'b' in the training rows(?s:.)*leave the column out"):
        fit_steps([step], table(inputs, ("a", "b")), np.arange(2))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Impute(columns=("deck",)), r"median works on numbers; 'deck' is text(?s:.)*most_frequent"),
        (Impute(columns=("dek",)), r"no column 'dek'(?s:.)*did you mean 'deck'"),
        (Impute(strategy="most_frequent", columns=("deck",), missing=0.0), "`missing` is a number"),
        (DropMissing(share=0.5, columns=("aged",)), r"no column 'aged'(?s:.)*did you mean 'age'"),
    ],
)
def test_a_step_that_does_not_fit_the_columns_is_a_spec_error(passengers: Dataset, step: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        fit_steps([Rescale(factor=1.0), step], passengers, np.arange(4))

    assert caught.value.problems[0].path == ("preprocessing", 1)


@pytest.mark.parametrize(
    ("step", "inputs", "message"),
    [
        (Impute(columns=("a",)), np.zeros((2, 3, 2)), "cannot pick columns"),
        (Impute(indicator=True), np.zeros((2, 3, 2)), "cannot add a column"),
        (DropMissing(share=0.1), np.zeros((2, 3, 2)), "drop_missing works on columns"),
        (Pad(length=2), np.zeros((2, 2)), "pad works on token rows"),
    ],
)
def test_steps_for_tables_refuse_other_inputs(step: Any, inputs: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        fit_steps([step], table(inputs), np.arange(2))


def test_impute_of_nothing_but_texts_says_what_fills_them() -> None:
    dataset = table([[0], [1]], ("deck",), categories={0: ("A", "B")})

    with pytest.raises(SpecError, match="use `impute: most_frequent` for texts"):
        fit_steps([Impute()], dataset, np.arange(2))


WIDE = table(np.random.default_rng(0).normal(size=(4000, 3)), ("a", "b", "c"))
FLAGGED = [DropMissing(share=0.3), Impute(strategy="zero", indicator=True)]


def test_about_the_share_of_each_training_column_is_taken_away_and_nothing_of_other_rows() -> None:
    flags = encoded(FLAGGED, WIDE, np.arange(3000), np.arange(4000))[:, 3:]

    assert np.abs(flags[:3000].mean(axis=0) - 0.3).max() < 0.03
    assert not flags[3000:].any()
    # Columns lose values independently of each other.
    assert abs((flags[:3000, 0] * flags[:3000, 1]).mean() - 0.09) < 0.02


def test_which_values_are_taken_hangs_on_seed_row_and_column_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encoded(FLAGGED, WIDE, np.arange(3000), np.arange(3000), seed=5)

    other_rows = encoded(FLAGGED, WIDE, np.arange(1000, 4000), np.arange(2999, 999, -1), seed=5)
    other_seed = encoded(FLAGGED, WIDE, np.arange(3000), np.arange(3000), seed=6)
    fewer = [replace_columns(FLAGGED[0], ("b",)), FLAGGED[1]]
    alone = encoded(fewer, WIDE, np.arange(3000), np.arange(3000), seed=5)
    monkeypatch.setattr(chunks, "CHUNK_CELLS", 100)
    in_chunks = encoded(FLAGGED, WIDE, np.arange(3000), np.arange(3000), seed=5)

    np.testing.assert_array_equal(in_chunks, whole)
    np.testing.assert_array_equal(other_rows[::-1], whole[1000:])
    np.testing.assert_array_equal(alone[:, 3], whole[:, 4])
    assert (other_seed != whole).any()


def replace_columns(step: Any, columns: tuple[str, ...]) -> Any:
    return step.model_copy(update={"columns": columns})


def test_steps_after_it_are_fitted_on_what_is_left() -> None:
    dataset = table(np.arange(1.0, 401).reshape(200, 2), ("a", "b"))
    train = np.arange(100)
    flagged = encoded([DropMissing(share=0.5), Impute(strategy="zero", indicator=True)], dataset, train, train)
    there = flagged[:, 2] == 0

    fitted = fit_steps([DropMissing(share=0.5), Impute(strategy="mean")], dataset, train)

    expected = np.asarray(dataset.inputs)[train, 0][there].mean()
    assert fitted.state()[1]["values"][0] == pytest.approx(expected)


def test_texts_are_taken_away_too(passengers: Dataset) -> None:
    drop = DropMissing(share=0.6, columns=("deck", "port"))

    fitted = fit_steps([drop, OneHot(), Impute()], passengers, np.arange(4))

    assert "port=(missing)" in fitted.feature_names
    assert json.dumps(fitted.state()[0]) == (
        '{"step": "drop_missing", "share": 0.6, "columns": ["deck", "port"], "seed": 0}'
    )


@given(st.lists(st.sampled_from([NAN, 0.0, 1.0, 2.5]), min_size=1, max_size=20), st.integers(1, 9))
@settings(max_examples=50)
def test_after_impute_nothing_is_missing_and_what_was_there_stays(values: list[float], chunk: int) -> None:
    column = np.array([1.0, *values])[:, None]
    rows = np.arange(len(column))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_CELLS", chunk)
        filled = encoded([Impute(strategy="median", indicator=True)], table(column), rows, rows)

    there = ~np.isnan(column[:, 0])
    np.testing.assert_array_equal(filled[there, 0], column[there, 0])
    assert set(filled[~there, 0]) <= {np.float32(np.median(column[there]))}


def test_gaps_are_counted_where_training_rows_have_none(passengers: Dataset) -> None:
    found = gaps_of(passengers, [Impute(columns=("fare",), missing=0.0)])

    assert {name: np.flatnonzero(mask).tolist() for name, mask in found.items()} == {
        "age": [1],
        "deck": [2],
        "port": [4],
        "fare": [1],
    }
    assert new_gaps(found, np.array([0, 2, 3]), np.array([1, 4])) == {"age": 1, "port": 1, "fare": 1}
    assert gaps_of(replace(passengers, inputs=np.zeros((5, 4), np.uint8)), []) == {}
