"""Reading conditions: the grammar, where an error points, and that nothing but our error ever comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlrun.errors import UsageError
from dlrun.runs.query import SIGNS, Both, Compared, Condition, Either, Not, compared_in, parse_where, write_where

A, B, C = Compared("a", "=", "1"), Compared("b", "<", "2"), Compared("c", "~", "x")


def placeless(condition: Condition) -> Condition:
    """The same without the places in the text."""
    match condition:
        case Compared():
            return Compared(condition.name, condition.sign, condition.value)
        case Not():
            return Not(placeless(condition.inner))
        case _:
            return type(condition)(tuple(placeless(part) for part in condition.parts))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a=1", A),
        ("  a  ==  1  ", A),
        ("'a' = \"1\"", A),
        ("a=1 and b<2", Both((A, B))),
        ("a=1 AND b<2 or c~x", Either((Both((A, B)), C))),
        ("a=1 or b<2 and c~x", Either((A, Both((B, C))))),
        ("(a=1 or b<2) and c~x", Both((Either((A, B)), C))),
        ("not a=1 and b<2", Both((Not(A), B))),
        ("not (a=1 and b<2)", Not(Both((A, B)))),
        ("not not a=1", Not(Not(A))),
        ("mae<=-2.5e-3", Compared("mae", "<=", "-2.5e-3")),
        ("layers.0.Dense.units>=64", Compared("layers.0.Dense.units", ">=", "64")),
        ("created>2026-11-22T10:00:00Z", Compared("created", ">", "2026-11-22T10:00:00Z")),
        ("name != 'and'", Compared("name", "!=", "and")),
        (r"name = 'it\'s \\ \" fine'", Compared("name", "=", "it's \\ \" fine")),
        ("name=''", Compared("name", "=", "")),
        ("note='a (b) = c'", Compared("note", "=", "a (b) = c")),
    ],
)
def test_a_condition_means_what_it_says(text: str, meaning: Condition) -> None:
    assert placeless(parse_where(text)) == meaning


@pytest.mark.parametrize(
    ("text", "words", "at"),
    [
        ("", "expected a name to compare", 0),
        ("mae", "expected one of <= >= == != = < > ~ after 'mae'", 3),
        ("mae<", "expected a value after 'mae' <", 4),
        ("mae< and k=1", "expected a value after 'mae' <", 5),
        ("mae<1 k=2", "expected 'and' or 'or' here", 6),
        ("mae<1 and", "expected a name to compare", 9),
        ("mae<1 and or", "expected a name to compare", 10),
        ("(mae<1", "this bracket is not closed", 0),
        ("mae<1)", "a closing bracket has no opening one", 5),
        ("(mae<1 k=2)", "expected 'and', 'or' or a closing bracket", 7),
        ("name='x", "this quote is not closed", 5),
        ("name ! 3", "'!' cannot stand here", 5),
        ("a=>3", "expected a value after 'a' =", 2),
        ("=3", "expected a name to compare", 0),
        ("not", "expected a name to compare", 3),
        ("(" * 200 + "a=1" + ")" * 200, "more than 100 brackets in each other", 100),
    ],
)
def test_an_error_points_at_the_place(text: str, words: str, at: int) -> None:
    with pytest.raises(UsageError) as caught:
        parse_where(text)

    message, shown, mark = caught.value.message.split("\n")
    start = max(0, at - 60)
    assert words in message
    assert shown == f"    {text[start : start + 100]}"
    assert mark == f"    {' ' * (at - start)}^"


def test_control_characters_are_not_repeated_in_an_error() -> None:
    with pytest.raises(UsageError) as caught:
        parse_where("a=1 \x1b[31m\x07")

    assert "\x1b" not in caught.value.message.replace(repr("\x1b"), "")


WORDS = st.text(max_size=12)
CONDITIONS = st.recursive(
    st.builds(Compared, WORDS, st.sampled_from([sign for sign in SIGNS if sign != "=="]), WORDS),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Both, st.lists(inner, min_size=2, max_size=4).map(tuple)),
        st.builds(Either, st.lists(inner, min_size=2, max_size=4).map(tuple)),
    ),
    max_leaves=12,
)


@given(CONDITIONS)
def test_a_condition_that_is_written_reads_the_same(condition: Condition) -> None:
    assert placeless(parse_where(write_where(condition))) == condition


@given(st.text(alphabet=st.sampled_from(list("ab1. ()<>=!~\"'\\\n")) | st.characters(), max_size=40))
def test_any_text_is_a_condition_or_refused_in_our_words(text: str) -> None:
    try:
        found = compared_in(parse_where(text))
    except UsageError:
        return

    assert found
    assert all(text[each.at :].lstrip("\"'").startswith(each.name[:1].replace("\\", "")) for each in found)
