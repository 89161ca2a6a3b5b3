"""Derived columns: what expressions come to, against pandas, and where they do not fit the columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlrun.data import chunks, fit_steps
from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset
from dlrun.errors import DataError, SpecError
from dlrun.spec.expressions import FUNCTIONS
from dlrun.spec.steps import Derive, DropColumns, Impute, Normalise, OneHot

NAN = math.nan
ROWS = np.arange(6)


@pytest.fixture
def people() -> Dataset:
    """Age (a gap), sex and spouse (texts, a gap each), fare, and a column of an odd name."""
    values = [
        [20, 1, 1, 5, 1],
        [NAN, 0, 0, 0, 2],
        [40, NAN, 0, 7, 0],
        [50, 0, 1, 9, 2],
        [60, 1, 0, -3, 2],
        [1, 1, NAN, 2, 4],
    ]
    return assemble(
        "people",
        "regression",
        np.array(values, float),
        np.arange(6.0),
        feature_names=("age", "sex", "spouse", "fare", "big rooms"),
        categories={1: ("female", "male"), 2: ("male", "none")},
    )


def derived(dataset: Dataset, **expressions: str) -> Any:
    """The new columns of all rows, before anything else happens to them."""
    (step,) = fit_steps([Derive(expressions=expressions), OneHot()], dataset, ROWS).steps[:1]
    from dlrun.data.preprocessing.block import Block
    from dlrun.data.preprocessing.fitting import _columns

    block = step.apply(Block(np.asarray(dataset.inputs), _columns(dataset)))
    return np.asarray(block.values)[:, -len(expressions) :].T.tolist()


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("fare * 2 - 1", [9, -1, 13, 17, -7, 3]),
        ("fare // 2 + fare % 2", [3, 0, 4, 5, -1, 1]),
        ("-fare ** 2", [-25, 0, -49, -81, -9, -4]),
        ("fare / col('big rooms')", [5, 0, NAN, 4.5, -1.5, 0.5]),
        ("sqrt(fare)", [5**0.5, 0, 7**0.5, 3, NAN, 2**0.5]),
        ("log1p(fare)", [*np.log1p([5, 0, 7, 9]), NAN, np.log1p(2)]),
        ("log(fare)", [math.log(5), NAN, math.log(7), math.log(9), NAN, math.log(2)]),
        ("exp(fare * 1000)", [NAN, 1, NAN, NAN, 0, NAN]),
        ("abs(fare) >= 3", [1, 0, 1, 1, 1, 0]),
        ("0 < fare <= 5", [1, 0, 0, 0, 0, 1]),
        ("round(fare / 2) + floor(fare / 2)", [4, 0, 7, 8, -4, 2]),
        ("max(fare, 3, age)", [20, NAN, 40, 50, 60, 3]),
        ("min(fare, 3)", [3, 0, 3, 3, -3, 2]),
        ("age ** 0", [1, NAN, 1, 1, 1, 1]),
        ("age > 30", [0, NAN, 1, 1, 1, 0]),
        ("not age", [0, NAN, 0, 0, 0, 0]),
        ("fare and age > 30", [0, NAN, 1, 1, 1, 0]),
        ("fare > 6 or fare < 0", [0, 0, 1, 1, 1, 0]),
        ("missing(age) + 2 * missing(sex)", [0, 1, 2, 0, 0, 0]),
        ("where(missing(age), -1, age)", [20, -1, 40, 50, 60, 1]),
        ("where(fare > 0, log(fare), 0)", [math.log(5), 0, math.log(7), math.log(9), 0, math.log(2)]),
        ("sex == 'male'", [1, 0, NAN, 0, 1, 1]),
        ("'male' != sex", [0, 1, NAN, 1, 0, 0]),
        ("sex == spouse", [0, 0, NAN, 0, 1, NAN]),
        ("missing(sex) or sex == 'female'", [0, 1, NAN, 1, 0, 0]),
        ("3", [3, 3, 3, 3, 3, 3]),
    ],
)
def test_an_expression_comes_to(people: Dataset, expression: str, values: list[float]) -> None:
    ((*ours,),) = derived(people, new=expression)

    np.testing.assert_allclose(ours, values, rtol=1e-12)


def test_every_function_has_a_case_above_and_works_on_numbers(people: Dataset) -> None:
    calls = {name: f"{name}({', '.join(['fare'] * least)})" for name, (least, _) in FUNCTIONS.items()}

    assert len(derived(people, **{f"of_{name}": call for name, call in calls.items()})) == len(FUNCTIONS)


def test_later_expressions_use_earlier_ones_and_later_steps_their_columns(people: Dataset) -> None:
    step = Derive(expressions={"double": "fare * 2", "half": "double / 4"})

    fitted = fit_steps([step, OneHot(), Normalise(columns=("half",)), Impute()], people, ROWS)

    assert fitted.feature_names[-2:] == ("double", "half")
    fares = np.array([5, 0, 7, 9, -3, 2])
    encoded = np.asarray(fitted.apply(ROWS))
    np.testing.assert_allclose(encoded[:, -2], fares * 2)
    np.testing.assert_allclose(encoded[:, -1], (fares - fares.mean()) / fares.std(), rtol=1e-5)
    assert fitted.state()[0] == {"step": "derive", "expressions": {"double": "fare * 2", "half": "double / 4"}}


def test_a_row_without_a_value_is_missing_and_a_note_counts_those_of_the_training_rows(people: Dataset) -> None:
    step = Derive(expressions={"ratio": "age / col('big rooms')"})

    fitted = fit_steps([step, OneHot(), Impute(indicator=True)], people, ROWS)

    (note,) = fitted.notes
    assert "'ratio' (age / col('big rooms')) has no value in 1 of 6 training rows" in note  # the gap in age is none
    assert np.asarray(fitted.apply(ROWS))[:, -1].tolist() == [0, 1, 1, 0, 0, 0]
    assert fit_steps([step, OneHot(), Impute()], people, np.array([0, 3])).notes == ()
    with pytest.raises(DataError, match=r"age \(1\), ratio \(2\), in 2 of 6 rows"):
        fit_steps([step, OneHot()], people, ROWS).apply(ROWS)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("fares * 2", r"'fares \* 2' uses 'fares', which is no column(?s:.)*did you mean 'fare'"),
        ("sex + 1", "computes with 'sex', which is text"),
        ("sex", "computes with 'sex', which is text"),
        ("'male'", "computes with 'male', which is text"),
        ("sex == 1", "computes with 'sex', which is text"),
        ("fare == 'male'", "computes with 'male', which is text"),
        ("'a' == 'a'", "computes with 'a', which is text"),
        ("sex < 'male'", "computes with 'sex', which is text"),
        ("log(sex) == 1", "computes with 'sex'"),
        ("where(fare, sex, 1)", "computes with 'sex'"),
        ("missing('male')", "computes with 'male'"),
        ("sex == 'mael'", r"compares 'sex' with 'mael', which no row of it is(?s:.)*did you mean 'male'"),
        ("sex == 'robot'", "it holds 'female', 'male'"),
    ],
)
def test_an_expression_that_does_not_fit_the_columns_is_a_spec_error(
    people: Dataset, expression: str, said: str
) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        derived(people, new=expression)

    assert caught.value.problems[0].path == ("preprocessing", 0, "derive", "new")


def test_a_new_column_cannot_have_the_name_of_another(people: Dataset) -> None:
    with pytest.raises(SpecError, match="there is a column 'age' already"):
        derived(people, age="fare")
    with pytest.raises(SpecError, match="derive works on columns"):
        fit_steps(
            [Derive(expressions={"a": "1"})], assemble("p", "regression", np.zeros((2, 2, 2)), np.zeros(2)), ROWS[:2]
        )


def test_what_was_derived_from_can_be_left_out(people: Dataset) -> None:
    steps = [
        Derive(expressions={"a": "missing(sex) + 0 * fare"}),
        DropColumns(columns=("sex", "spouse", "age", "fare")),
    ]

    fitted = fit_steps(steps, people, ROWS)

    assert fitted.feature_names == ("big rooms", "a")
    assert np.asarray(fitted.apply(ROWS)).tolist() == [[1, 0], [2, 0], [0, 1], [2, 0], [2, 0], [4, 0]]
    assert fitted.state()[1] == {"step": "drop_columns", "columns": ["sex", "spouse", "age", "fare"]}


@pytest.mark.parametrize(
    ("columns", "said"),
    [(("fares",), "did you mean 'fare'"), (("age", "sex", "spouse", "fare", "big rooms"), "leaves no column")],
)
def test_columns_that_cannot_be_left_out_are_a_spec_error(people: Dataset, columns: tuple[str, ...], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        fit_steps([DropColumns(columns=columns)], people, ROWS)


plain = st.recursive(
    st.sampled_from(["a", "b", "3", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "<", ">="]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"abs({part})"),
    ),
    max_leaves=8,
)


@given(plain, st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=9), st.integers(1, 5))
@settings(max_examples=100)
def test_arithmetic_agrees_with_pandas_whatever_the_chunks(text: str, rows: list[tuple[int, int]], chunk: int) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=float)
    dataset = assemble("p", "regression", frame.to_numpy(), np.zeros(len(rows)), feature_names=("a", "b"))
    # Python's own numbers: pandas has no comparison in the middle of arithmetic.
    theirs = [eval(text, {"abs": abs}, {"a": a, "b": b}) for a, b in frame.to_numpy().tolist()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_CELLS", chunk)
        everything = np.arange(len(rows))
        ours = np.asarray(fit_steps([Derive(expressions={"c": text})], dataset, everything).apply(everything))[:, -1]

    np.testing.assert_allclose(ours, np.array(theirs, float), rtol=1e-6)
