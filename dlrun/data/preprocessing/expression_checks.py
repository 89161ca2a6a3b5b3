"""Whether an expression fits the columns: names that there are, and texts only where texts can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlrun.data.preprocessing.block import Column
from dlrun.errors import Path, Problem, SpecError
from dlrun.registry.nearest import nearest
from dlrun.spec.expressions import Constant, Expression, Operation, Reference, columns_in

Texts = Mapping[str, tuple[str, ...]]
"""Text columns by name, with what their codes say."""


def check_expression(expression: Expression, text: str, known: Mapping[str, Column], path: Path) -> None:
    """Find out whether an expression fits the columns, and gives a number.

    Args:
        expression: as it was read.
        text: as the spec writes it.
        known: the columns that there are, by name.
        path: of the expression in the spec.

    Raises:
        SpecError: it does not.
    """
    texts = {name: column.categories for name, column in known.items() if column.kind == "text"}
    for name in columns_in(expression):
        if name not in known:
            close = nearest(name, known)
            names = ", ".join(list(known)[:30])
            hint = (f"did you mean '{close}'? " if close else "") + f"columns here: {names}"
            raise SpecError([Problem(f"'{text}' uses '{name}', which is no column", path, hint)])
    _check_kinds(expression, text, texts, path)
    if is_text(expression, texts):
        raise _with_texts(text, _shown(expression), path)


def _check_kinds(expression: Expression, text: str, texts: Texts, path: Path) -> None:
    """Refuse operations on texts, but for comparisons with texts and `missing`."""
    if not isinstance(expression, Operation):
        return
    of_text = [operand for operand in expression.operands if is_text(operand, texts)]
    if expression.name in ("==", "!="):
        _check_comparison(expression, of_text, text, texts, path)
    elif of_text and not (expression.name == "missing" and isinstance(of_text[0], Reference)):
        raise _with_texts(text, _shown(of_text[0]), path)
    for operand in expression.operands:
        _check_kinds(operand, text, texts, path)


def _check_comparison(
    expression: Operation,
    of_text: Sequence[Expression],
    text: str,
    texts: Texts,
    path: Path,
) -> None:
    """Refuse a comparison of a text with a number, of two constants, or with a text that the column never holds."""
    columns = [side.column for side in of_text if isinstance(side, Reference)]
    if of_text and (len(of_text) < 2 or not columns):
        raise _with_texts(text, _shown(of_text[0]), path)
    for side in expression.operands:
        if isinstance(side, Constant) and isinstance(side.value, str) and side.value not in texts[columns[0]]:
            close = nearest(side.value, texts[columns[0]])
            held = ", ".join(f"'{each}'" for each in texts[columns[0]][:10])
            hint = (f"did you mean '{close}'? " if close else "") + f"it holds {held}"
            message = f"'{text}' compares '{columns[0]}' with '{side.value}', which no row of it is"
            raise SpecError([Problem(message, path, hint)])


def is_text(expression: Expression, texts: Texts) -> bool:
    """Whether an expression gives a text; ``texts`` holds the columns that do."""
    if isinstance(expression, Constant):
        return isinstance(expression.value, str)
    return isinstance(expression, Reference) and expression.column in texts


def _shown(expression: Expression) -> str:
    assert not isinstance(expression, Operation)
    return expression.column if isinstance(expression, Reference) else str(expression.value)


def _with_texts(text: str, what: str, path: Path) -> SpecError:
    hint = "a text column can be compared with a text (sex == 'male') and asked for missing(sex)"
    return SpecError([Problem(f"'{text}' computes with '{what}', which is text", path, hint)])
