"""Preprocessing: figures against scikit-learn and Keras, training rows alone, and steps where they don't belong."""

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
from dlrun.data.dataset import Dataset, TokenRows
from dlrun.data.preprocessing import fitting
from dlrun.data.preprocessing.block import Block, Column
from dlrun.errors import DataError, SpecError
from dlrun.spec.steps import MultiHot, Normalise, OneHot, Pad, Rescale, Scale


def dataset_of(inputs: Any, targets: Any = None, task: Any = "regression", **known: Any) -> Dataset:
    """Make a data set of inputs; targets 0, 1, 2, ... where none are given."""
    targets = np.arange(len(inputs), dtype=float) if targets is None else np.asarray(targets)
    return assemble("sample", task, inputs, targets, **known)


TRAIN = np.arange(4)
NUMBERS = np.random.default_rng(5).normal([0, 1e6, -3], [1, 10, 1e-3], (200, 3))


def array(encoded: Any) -> np.ndarray:
    assert isinstance(encoded, np.ndarray)
    return encoded


@pytest.mark.parametrize(("step", "twin"), [(Normalise(), "StandardScaler"), (Scale(), "MinMaxScaler")])
@pytest.mark.parametrize("chunk", [7, 1 << 22])
def test_figures_agree_with_scikit_learn(step: Any, twin: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import sklearn.preprocessing

    monkeypatch.setattr(chunks, "CHUNK_CELLS", chunk)
    train, rows = np.arange(0, 200, 2), np.arange(200)
    theirs = getattr(sklearn.preprocessing, twin)().fit(NUMBERS[train]).transform(NUMBERS)

    ours = array(fit_steps([step], dataset_of(NUMBERS), train).apply(rows))

    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("step", [Normalise(), Scale()])
def test_a_column_that_is_constant_in_the_training_rows_becomes_zero(step: Any) -> None:
    inputs = np.array([[0.1, 1], [0.1, 2], [0.1, 3], [0.4, 4]])

    fitted = fit_steps([step], dataset_of(inputs, feature_names=("flat", "slope")), np.arange(3))

    # Divided by 1, so that a later row keeps its distance.
    np.testing.assert_allclose(array(fitted.apply(np.arange(4)))[:, 0], [0, 0, 0, 0.3], rtol=1e-6)
    assert "constant in the training rows, so 0 after it: flat" in fitted.notes[0]


def test_grey_pictures_have_one_mean_and_colours_one_each() -> None:
    random = np.random.default_rng(0)
    grey, coloured = random.integers(0, 255, (9, 4, 5), np.uint8), random.integers(0, 255, (9, 4, 5, 3), np.uint8)

    one = array(fit_steps([Normalise()], dataset_of(grey), np.arange(9)).apply(np.arange(9)))
    each = array(fit_steps([Normalise()], dataset_of(coloured), np.arange(9)).apply(np.arange(9)))

    np.testing.assert_allclose(one, (grey - grey.mean()) / grey.std(), rtol=1e-5, atol=1e-6)
    axes = (0, 1, 2)
    np.testing.assert_allclose(each, (coloured - coloured.mean(axes)) / coloured.std(axes), rtol=1e-5, atol=1e-6)


def test_sequences_are_normalised_by_feature() -> None:
    sequences = np.random.default_rng(0).normal(3, 2, (9, 4, 2))

    ours = array(fit_steps([Normalise()], dataset_of(sequences), np.arange(9)).apply(np.arange(9)))

    expected = (sequences - sequences.mean((0, 1))) / sequences.std((0, 1))
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


def test_rescale_multiplies() -> None:
    pictures = np.array([[[0, 51], [102, 255]]], np.uint8)

    fitted = fit_steps([Rescale(factor=1 / 255)], dataset_of(pictures), np.arange(1))

    np.testing.assert_allclose(array(fitted.apply(np.arange(1))), [[[0, 0.2], [0.4, 1]]], rtol=1e-6)
    assert (fitted.output_shape, fitted.integer_inputs) == ((2, 2), False)


def test_one_hot_spreads_the_categories_of_training_rows_in_place(people: Dataset) -> None:
    fitted = fit_steps([OneHot()], people, TRAIN)

    encoded = array(fitted.apply(np.arange(5)))

    assert fitted.feature_names == ("age", "sex=female", "sex=male", "flat", "rooms")
    assert encoded[:2].tolist() == [[20, 0, 1, 7, 1], [30, 1, 0, 7, 3]]
    assert encoded[4].tolist() == [99, 0, 0, 8, 9]  # 'other' is not in the training rows


def test_one_hot_takes_named_columns_of_whole_numbers(people: Dataset) -> None:
    fitted = fit_steps([OneHot(columns=("sex", "rooms"))], people, TRAIN)

    assert fitted.feature_names[-3:] == ("rooms=1", "rooms=2", "rooms=3")
    assert array(fitted.apply(np.arange(5)))[:, -3:].tolist() == [[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("steps", [[OneHot(), Normalise()], [Normalise(), OneHot()]])
def test_normalise_leaves_texts_and_what_one_hot_made_alone(people: Dataset, steps: list[Any]) -> None:
    encoded = array(fit_steps(steps, people, TRAIN).apply(TRAIN))

    assert encoded[:, 1:3].tolist() == [[0, 1], [1, 0], [0, 1], [1, 0]]
    np.testing.assert_allclose(encoded[:, 0], np.array([-15, -5, 5, 15]) / np.sqrt(125), rtol=1e-6)


def test_named_columns_alone_are_normalised(people: Dataset) -> None:
    encoded = array(fit_steps([OneHot(), Scale(columns=("rooms",))], people, TRAIN).apply(TRAIN))

    assert encoded[:, -1].tolist() == [0, 1, 0, 0.5]
    assert encoded[:, 0].tolist() == [20, 30, 40, 50]


ROWS = TokenRows.of([[1, 5, 5, 3], [], [2, 9], [15, 16, 0], [40, 3]])


def garbled(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """Put other values into some rows."""
    if isinstance(dataset.inputs, TokenRows):
        lists = [[60] * 9 if row in rows else dataset.inputs[row].tolist() for row in range(dataset.rows)]
        return replace(dataset, inputs=TokenRows.of(lists))
    inputs = dataset.inputs.copy()
    inputs[rows] = 0 if dataset.categories else 77
    return replace(dataset, inputs=inputs)


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([Normalise()], "numbers"),
        ([Scale()], "numbers"),
        ([Rescale(factor=2), Normalise()], "numbers"),
        ([OneHot(), Normalise()], "people"),
        ([OneHot(columns=("sex", "rooms"))], "people"),
        ([MultiHot()], "tokens"),
        ([Pad(length=3)], "tokens"),
    ],
)
def test_rows_outside_the_training_rows_change_nothing_that_is_fitted(
    steps: list[Any], kind: str, people: Dataset
) -> None:
    dataset = {"numbers": dataset_of(NUMBERS), "people": people, "tokens": dataset_of(ROWS)}[kind]
    train = np.array([0, 2, 3])
    other = garbled(dataset, np.setdiff1d(np.arange(dataset.rows), train))

    before, after = fit_steps(steps, dataset, train), fit_steps(steps, other, train)

    assert json.dumps(before.state()) == json.dumps(after.state())
    assert str(before.apply(train)) == str(after.apply(train))


def test_training_rows_do_change_it(people: Dataset) -> None:
    steps = [OneHot(), Normalise()]

    assert fit_steps(steps, people, TRAIN).state() != fit_steps(steps, people, np.arange(5)).state()


def test_a_step_does_not_change_the_data_set(people: Dataset) -> None:
    before = np.array(people.inputs)
    assert isinstance(people.inputs, np.ndarray)
    people.inputs.flags.writeable = False

    fit_steps([OneHot(), Normalise(), Rescale(factor=3)], people, TRAIN).apply(np.arange(5))

    np.testing.assert_array_equal(np.asarray(people.inputs), before)


PICTURES = np.zeros((4, 2, 2), np.uint8)


@pytest.mark.parametrize(
    ("steps", "inputs", "path", "message"),
    [
        ([], ROWS, ("preprocessing",), "add `multi_hot` for dense layers"),
        ([Normalise()], ROWS, ("preprocessing", 0), "normalise works on numbers, not on token rows"),
        ([Rescale(factor=2)], ROWS, ("preprocessing", 0), "rescale works on numbers"),
        ([OneHot()], ROWS, ("preprocessing", 0), "one_hot works on columns"),
        ([MultiHot()], NUMBERS, ("preprocessing", 0), "multi_hot works on token rows"),
        ([Pad(length=3)], PICTURES, ("preprocessing", 0), "pad works on token rows"),
        ([OneHot()], PICTURES, ("preprocessing", 0), "one_hot works on columns"),
        ([OneHot()], NUMBERS, ("preprocessing", 0), "one_hot would do nothing"),
        ([Normalise(columns=("x",))], PICTURES, ("preprocessing", 0), "cannot pick columns"),
        ([Scale(), Normalise(columns=("7",))], NUMBERS, ("preprocessing", 1), "there is no column '7'"),
        ([MultiHot(), Normalise()], ROWS, ("preprocessing", 1), "nothing can come after `multi_hot`"),
        ([Pad(length=3), MultiHot()], ROWS, ("preprocessing", 1), "nothing can come after `pad`"),
    ],
)
def test_a_step_where_it_does_not_belong_is_a_spec_error(steps: Any, inputs: Any, path: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        fit_steps(steps, dataset_of(inputs), np.arange(3))

    assert caught.value.problems[0].path == path


def test_texts_must_not_reach_the_model(people: Dataset) -> None:
    with pytest.raises(SpecError, match=r"text columns cannot go into a model as they are: sex"):
        fit_steps([Normalise()], people, TRAIN)
    with pytest.raises(SpecError, match="'sex' is text"):
        fit_steps([Normalise(columns=("sex",))], people, TRAIN)
    with pytest.raises(SpecError, match=r"no column 'agee'(?s:.)*did you mean 'age'"):
        fit_steps([Scale(columns=("agee",))], people, TRAIN)


def test_what_is_still_missing_after_the_last_step_is_refused_with_columns_and_counts(people: Dataset) -> None:
    inputs = np.array(people.inputs)
    inputs[[1, 4], 0] = np.nan
    inputs[2, 3] = np.nan
    fitted = fit_steps([OneHot(), Normalise()], replace(people, inputs=inputs), TRAIN)

    with pytest.raises(DataError, match=r"age \(2\), rooms \(1\), in 3 of 5 rows(?s:.)*`impute`(?s:.)*`features`"):
        fitted.apply(np.arange(5))
    assert array(fitted.apply(np.array([0, 3]))).shape == (2, 5)  # only rows that are needed have to be whole
    with pytest.raises(DataError, match="last step: in 1 of 2 rows"):
        fit_steps([], dataset_of(np.array([[[np.nan]], [[1.0]]])), np.arange(2)).apply(np.arange(2))


def test_what_float32_cannot_hold_is_refused() -> None:
    dataset = dataset_of(np.array([[1.0, 2.0], [1e300, 2.0]]), feature_names=("huge", "small"))

    with pytest.raises(DataError, match="not finite after preprocessing: huge"):
        fit_steps([], dataset, np.arange(2)).apply(np.arange(2))


def test_one_hot_of_fractions_and_no_training_rows_are_refused() -> None:
    with pytest.raises(DataError, match="column '0' has fractions"):
        fit_steps([OneHot(columns=("0",))], dataset_of(NUMBERS), TRAIN)
    with pytest.raises(DataError, match="no training rows"):
        fit_steps([], dataset_of(NUMBERS), np.empty(0, np.int64))


columns = st.lists(st.sampled_from([0.0, 1.0, 2.0, 7.0]), min_size=2, max_size=20)


@given(values=columns, data=st.data())
@settings(max_examples=40, deadline=None)
def test_one_hot_agrees_with_scikit_learn_also_on_unseen_categories(values: list[float], data: st.DataObject) -> None:
    from sklearn.preprocessing import OneHotEncoder

    column = np.array(values)[:, None]
    train = np.array(data.draw(st.lists(st.integers(0, len(values) - 1), min_size=1, unique=True)))
    theirs = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(column[train])

    fitted = fit_steps([OneHot(columns=("0",))], dataset_of(column), train)

    np.testing.assert_array_equal(array(fitted.apply(np.arange(len(values)))), theirs.transform(column))
    assert fitted.feature_names == tuple(f"0={value:.0f}" for value in theirs.categories_[0])


@given(
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=30),
    step=st.sampled_from([Normalise(), Scale()]),
    chunk=st.integers(1, 30),
)
@settings(max_examples=60, deadline=None)
def test_training_rows_are_centred_or_span_one_whatever_the_chunks(values: list[float], step: Any, chunk: int) -> None:
    dataset = dataset_of(np.array(values)[:, None])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_CELLS", chunk)
        encoded = array(fit_steps([step], dataset, np.arange(len(values))).apply(np.arange(len(values)))).astype(float)

    constant = len(set(values)) == 1
    if isinstance(step, Scale):
        assert (encoded.min(), encoded.max()) == (0, 0 if constant else pytest.approx(1))
    else:
        assert encoded.mean() == pytest.approx(0, abs=1e-4)
        assert encoded.std() == (0 if constant else pytest.approx(1, abs=1e-3))


def test_the_width_is_looked_for_in_every_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "CHUNK_TOKEN_ROWS", 1)

    assert fit_steps([MultiHot()], dataset_of(ROWS), TRAIN).output_shape == (17,)
    assert fit_steps([OneHot(columns=("0",))], dataset_of(np.array([[1], [5], [1]])), np.arange(3)).feature_names == (
        "0=1",
        "0=5",
    )


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([1e308, 1e308, 1e308, 0], Normalise()),
        ([1e200, -1e200, 1, 2], Normalise()),
        ([1e308, -1e308, 1, 2], Scale()),
    ],
)
def test_numbers_too_large_to_compute_with_are_refused(values: list[float], step: Any) -> None:
    dataset = dataset_of(np.array([[1.0, value] for value in values]), feature_names=("small", "huge"))
    pictures = dataset_of(np.array(values).reshape(4, 1, 1))

    with pytest.raises(DataError, match=f"{step.step} cannot compute with numbers as large as those of huge"):
        fit_steps([step], dataset, np.arange(4))
    with pytest.raises(DataError, match="as large as those of the inputs"):
        fit_steps([step], pictures, np.arange(4))


def test_a_spread_below_what_squares_can_hold_does_not_divide_by_zero() -> None:
    values = np.array([[0.0], [1e-200]])

    encoded = array(fit_steps([Normalise()], dataset_of(values), np.arange(2)).apply(np.arange(2)))

    np.testing.assert_allclose(encoded, [[0], [0]], atol=1e-30)


@pytest.mark.parametrize("step", [Normalise(), Scale(), Rescale(factor=2)])
def test_a_step_for_numbers_where_all_columns_are_texts_is_refused(step: Any) -> None:
    dataset = dataset_of(np.array([[0.0], [1.0]]), categories={0: ("a", "b")})

    with pytest.raises(SpecError, match="would do nothing: no column holds numbers"):
        fit_steps([step], dataset, np.arange(2))


def test_rescale_leaves_codes_and_what_one_hot_made_alone(people: Dataset) -> None:
    fitted = fit_steps([Rescale(factor=0.5), OneHot()], people, TRAIN)
    other_way = fit_steps([OneHot(), Rescale(factor=0.5)], people, TRAIN)

    assert array(fitted.apply(TRAIN))[0].tolist() == [10, 0, 1, 3.5, 0.5]
    assert array(other_way.apply(TRAIN))[0].tolist() == [10, 0, 1, 3.5, 0.5]


def test_columns_named_twice_are_taken_once(people: Dataset) -> None:
    fitted = fit_steps([OneHot(), Scale(columns=("age", "age"))], people, TRAIN)

    np.testing.assert_allclose(array(fitted.apply(TRAIN))[:, 0], [0, 1 / 3, 2 / 3, 1], rtol=1e-6)


def test_pictures_that_are_not_finite_are_counted_by_row() -> None:
    pictures = np.array([[[1.0, 1e300]], [[1.0, 2.0]], [[-1e300, 1e300]]])

    with pytest.raises(DataError, match="not finite after preprocessing: in 2 of 3 rows"):
        fit_steps([], dataset_of(pictures), np.arange(3)).apply(np.arange(3))


def test_gaps_are_counted_through_all_parts(people: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = np.array(people.inputs)
    inputs[[0, 2, 4], 0] = np.nan
    fitted = fit_steps([OneHot()], replace(people, inputs=inputs), TRAIN)
    monkeypatch.setattr(chunks, "CHUNK_CELLS", 4)

    with pytest.raises(DataError, match=r"age \(3\), in 3 of 5 rows"):
        fitted.check(np.arange(5))


def test_many_columns_with_gaps_are_not_all_listed() -> None:
    inputs = np.full((2, 14), np.nan)

    with pytest.raises(DataError, match=r"9 \(2\) and 4 more columns, in 2 of 2 rows"):
        fit_steps([], dataset_of(inputs), np.arange(2)).apply(np.arange(2))


def test_many_constant_columns_are_not_all_listed() -> None:
    fitted = fit_steps([Scale()], dataset_of(np.ones((2, 8))), np.arange(2))

    assert fitted.notes == ("scale: constant in the training rows, so 0 after it: 0, 1, 2, 3, 4 and 3 more.",)


def test_the_state_holds_what_was_fitted(people: Dataset) -> None:
    steps = [OneHot(), Scale(columns=("age",)), Rescale(factor=0.5)]

    assert fit_steps(steps, people, TRAIN).state() == [
        {"step": "one_hot", "categories": {"sex": ["female", "male"]}},
        {"step": "scale", "columns": ["age"], "offset": [20], "divisor": [30]},
        {"step": "rescale", "factor": 0.5},
    ]
    assert fit_steps([Normalise()], dataset_of(PICTURES), TRAIN).state()[0]["columns"] is None
    assert fit_steps([MultiHot(size=9)], dataset_of(ROWS), TRAIN).state() == [{"step": "multi_hot", "size": 9}]
    assert fit_steps([Pad(length=2, padding="post")], dataset_of(ROWS), TRAIN).state() == [
        {"step": "pad", "length": 2, "padding": "post", "truncating": "pre"}
    ]


def test_no_rows_give_an_array_without_rows(people: Dataset) -> None:
    nothing = np.empty(0, np.int64)

    assert array(fit_steps([OneHot()], people, TRAIN).apply(nothing)).shape == (0, 5)
    assert array(fit_steps([Pad(length=3)], dataset_of(ROWS), TRAIN).apply(nothing)).shape == (0, 3)


@pytest.mark.parametrize(
    "steps", [[Normalise()], [Scale()], [Rescale(factor=3)], [OneHot(columns=("0",))], [Scale(columns=("1",))]]
)
def test_a_fitted_step_leaves_the_block_it_is_given_as_it_was(steps: list[Any]) -> None:
    values = np.array([[1.0, 5.0], [2.0, 7.0]])
    (step,) = fit_steps(steps, dataset_of(values), np.arange(2)).steps
    block = Block(values.copy(), (Column("0"), Column("1")))

    step.apply(block)

    np.testing.assert_array_equal(np.asarray(block.values), values)


def test_a_column_with_a_thousand_categories_is_taken_for_a_name() -> None:
    names = tuple(f"n{index}" for index in range(1001))
    codes = np.arange(1001, dtype=float)[:, None]
    people = dataset_of(codes, feature_names=("person",), categories={0: names})

    assert fit_steps([OneHot()], people, np.arange(1000)).output_shape == (1000,)
    with pytest.raises(SpecError, match=r"'person' has 1,001 different values(?s:.)*`ids`"):
        fit_steps([OneHot()], people, np.arange(1001))
