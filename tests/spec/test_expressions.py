"""Expressions: which texts are some, what is said about others, and that no text whatever does anything else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dlrun.errors import SpecError
from dlrun.spec.expressions import (
    FUNCTIONS,
    Constant,
    Operation,
    Reference,
    columns_in,
    read_expression,
)

A, B = Reference("a"), Reference("b")


def operation(name: str, *operands: Any) -> Operation:
    return Operation(name, operands)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        ("2", Constant(2.0)),
        (" a +\n b ", operation("+", A, B)),
        ("-a ** 2", operation("negative", operation("**", A, Constant(2.0)))),
        ("a and not b", operation("and", A, operation("not", B))),
        ("0 < a <= b", operation("and", operation("<", Constant(0.0), A), operation("<=", A, B))),
        ("a == 'b'", operation("==", A, Constant("b"))),
        ("col('a b#c') / col(\"b\")", operation("/", Reference("a b#c"), B)),
        ("where(missing(a), b, max(a, b, 1))", None),
    ],
)
def test_an_expression_becomes_a_tree(text: str, tree: Any) -> None:
    found = read_expression(text)

    assert tree is None or found == tree


def test_the_columns_of_an_expression_are_listed() -> None:
    assert list(columns_in(read_expression("log(a) + where(b > 1, col('c d'), a)"))) == ["a", "b", "c d", "a"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no expression"),
        ("a +", "is no expression at its end"),
        ("a ! b", "is no expression at character 3"),
        ("a = 1", "is no expression"),
        ("lgo(a)", r"'lgo\(a\)' calls an unknown function(?s:.)*did you mean 'log'\? the functions are: abs, exp"),
        ("a + eval('1')", r"'eval\('1'\)' calls an unknown function \(in 'a \+ eval"),
        ("__import__('os').system('x')", "functions are written name"),
        ("a.b", r"col\('name'\)"),
        ("a if b else 1", r"write where\(condition, this, that\)"),
        ("a & b", "write 'and'"),
        ("~a", "write 'not'"),
        ("a in ('x', 'y')", "compare with one text after another"),
        ("a is b", "write =="),
        ("[a for a in b]", "is not among what expressions can do(?s:.)*arithmetic"),
        ("lambda: a", "is not among"),
        ("(a := 1)", "is not among"),
        ("f'{a}'", "is not among"),
        ("a[0]", "is not among"),
        ("True", "true is 1 and false is 0"),
        ("None", "numbers and texts"),
        ("1j", "numbers and texts"),
        ("b'x'", "numbers and texts"),
        ("1e999", "too large a number"),
        ("9" * 400, "too large a number"),
        ("log(a, b)", "gives log 2 arguments; it takes 1 argument"),
        ("min(a)", "gives min 1 arguments; it takes 2 argument"),
        ("where(a, b)", "it takes 3 arguments"),
        ("log(*a)", "functions are written"),
        ("log(x=a)", "functions are written"),
        ("col(a)", "needs the name of one column in quotes"),
        ("col('a', 'b')", "needs the name of one column in quotes"),
        ("a # b", "holds a comment"),
        ("a + " * 300 + "a", "1,201 characters, more than 1,000"),
        ("(" * 400 + "a" + ")" * 400, "no expression|cannot be read"),
        ("-" * 900 + "a", "nested more than 100 deep|cannot be read"),
        ("\0", "no expression|cannot be read"),
        ("\ud800", "no expression|cannot be read"),
    ],
)
def test_what_is_no_expression_is_a_problem_with_its_place(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        read_expression(text, ("preprocessing", 0, "derive", "x"))

    assert caught.value.problems[0].path == ("preprocessing", 0, "derive", "x")


def test_a_sum_of_many_columns_is_not_too_deep() -> None:
    assert len(list(columns_in(read_expression(" + ".join(f"c{number}" for number in range(101)))))) == 101


MARKS = "a b 1 2.5 'x' ( ) [ ] { } , . : = == < + - * ** / % *a := f'{a}' # 1_0 0x 1e9999 @ ~ None ... ! ' \" \\ '''"
WORDS = "and or not if else for in is lambda await yield col"
words = st.sampled_from([*MARKS.split(), *WORDS.split(), "\n", "\t", "\x0c", "\u2028", "é", *FUNCTIONS])


@given(st.text() | st.lists(words, max_size=20).map("".join) | st.lists(words, max_size=20).map(" ".join))
@settings(max_examples=500)
@example("a" * 999)
@example("é#'é'")
@example("'\\ud800' == col('\\ud800')")
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    with suppress(SpecError):
        assert isinstance(read_expression(text), Constant | Reference | Operation)
