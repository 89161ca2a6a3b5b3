"""Expressions over columns, as ``derive`` has them: read into a small tree of our own, never compiled or run as code.

Python's parser only tells how the text is put together (``ast.parse``); whatever is not on the lists below is refused.
What the tree means is up to `dlrun.data.preprocessing.deriving`.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dlrun.errors import Path, Problem, SpecError
from dlrun.registry.nearest import nearest
from dlrun.spec.files import printable

LONGEST = 1000
"""Characters of one expression."""
DEEPEST = 100
"""Operations within operations; a sum of 101 columns is that deep."""

FUNCTIONS: Mapping[str, tuple[int, int | None]] = MappingProxyType(
    {
        **dict.fromkeys(("abs", "exp", "floor", "log", "log1p", "missing", "round", "sqrt"), (1, 1)),
        **dict.fromkeys(("max", "min"), (2, None)),
        "where": (3, 3),
    }
)
"""Every function by its name, with how many arguments it takes: at least and at most."""
COLUMN = "col"
"""Names a column that no plain word can name: ``col("rooms per house")``."""

_OPERATORS: Mapping[type[ast.AST], str] = MappingProxyType(
    {
        ast.Add: "+",
        ast.Sub: "-",
        ast.Mult: "*",
        ast.Div: "/",
        ast.FloorDiv: "//",
        ast.Mod: "%",
        ast.Pow: "**",
        ast.Lt: "<",
        ast.LtE: "<=",
        ast.Gt: ">",
        ast.GtE: ">=",
        ast.Eq: "==",
        ast.NotEq: "!=",
        ast.And: "and",
        ast.Or: "or",
        ast.Not: "not",
        ast.USub: "negative",
        ast.UAdd: "positive",
    }
)
_INSTEAD: Mapping[type[ast.AST], str] = MappingProxyType(
    {
        ast.IfExp: "write where(condition, this, that)",
        ast.Attribute: "a column whose name has a point in it is col('name')",
        ast.BitAnd: "write 'and'",
        ast.BitOr: "write 'or'",
        ast.Invert: "write 'not'",
        ast.BitXor: "a power is written with **",
        ast.In: "compare with one text after another: a == 'x' or a == 'y'",
        ast.Is: "write ==",
        ast.IsNot: "write !=",
    }
)


@dataclass(frozen=True)
class Constant:
    """A number, or a text to compare a column with."""

    value: float | str


@dataclass(frozen=True)
class Reference:
    """The value of a column, by its name."""

    column: str


@dataclass(frozen=True)
class Operation:
    """An operator (``+``, ``<=``, ``and``, ``negative``, ...) or a function, on what its operands give."""

    name: str
    operands: tuple[Expression, ...]


Expression = Constant | Reference | Operation


def read_expression(text: str, path: Path = ()) -> Expression:
    """Read one expression.

    Args:
        text: such as ``log(rooms / households)``; a line break in it counts as a blank.
        path: of the expression in the spec.

    Raises:
        SpecError: the text is no expression, or has something in it that is not on the lists. Nothing else is raised,
            whatever the text.
    """
    line = re.sub(r"[\r\n]", " ", text).strip()
    if len(line) > LONGEST:
        raise _problem(
            path, f"the expression has {len(line):,} characters, more than {LONGEST:,}", "derive it in steps"
        )
    return _Reader(line, path).expression(_parsed(line, path), 0)


def columns_in(expression: Expression) -> Iterator[str]:
    """Yield the name of each column that an expression uses, in the order of the text."""
    if isinstance(expression, Reference):
        yield expression.column
    elif isinstance(expression, Operation):
        for operand in expression.operands:
            yield from columns_in(operand)


def _parsed(line: str, path: Path) -> ast.expr:
    try:
        with warnings.catch_warnings():  # of Python's about code; this is none
            warnings.simplefilter("ignore")
            tree = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        at = f" at character {error.offset}" if error.offset and error.offset <= len(line) else ""
        at = at or (" at its end" if line else "")
        hint = "write a column of an odd name as col('its name')"
        message = f"'{printable(line)}' is no expression{at}: {printable(error.msg)}"
        raise _problem(path, message, hint) from error
    except (ValueError, RecursionError, MemoryError) as error:
        message = f"'{printable(line, 60)}' cannot be read as an expression"
        raise _problem(path, message, "derive it in steps") from error
    if "#" in _without_texts(line, tree):
        raise _problem(path, f"'{printable(line)}' holds a comment", "a column whose name has a # in it is col('name')")
    return tree


def _without_texts(line: str, tree: ast.expr) -> str:
    """Leave out the texts in quotes; Python counts their places in bytes."""
    octets = bytearray(line.encode())
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.end_col_offset is not None:
            octets[node.col_offset : node.end_col_offset] = b" " * (node.end_col_offset - node.col_offset)
    return octets.decode(errors="replace")


@dataclass(frozen=True)
class _Reader:
    """Turns Python's tree of a line into ours, and refuses what ours does not have."""

    line: str
    path: Path

    def expression(self, node: ast.expr, depth: int) -> Expression:
        if depth > DEEPEST:
            raise _problem(self.path, f"the expression is nested more than {DEEPEST} deep", "derive it in steps")
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return Reference(node.id)
            case ast.UnaryOp():
                return self._operation(node, node.op, [node.operand], depth)
            case ast.BinOp():
                return self._operation(node, node.op, [node.left, node.right], depth)
            case ast.BoolOp():
                return self._operation(node, node.op, node.values, depth)
            case ast.Compare():
                return self._comparison(node, depth)
            case ast.Call():
                return self._call(node, depth)
            case _:
                raise self._unknown(node, node)

    def _constant(self, node: ast.Constant) -> Constant:
        value = node.value
        if isinstance(value, str):
            return Constant(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._unknown(node, node, "numbers and texts in quotes are known; true is 1 and false is 0")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self._problem(node, "is too large a number")
        return Constant(number)

    def _operation(self, node: ast.expr, operator: ast.AST, operands: Sequence[ast.expr], depth: int) -> Operation:
        name = _OPERATORS.get(type(operator))
        if name is None:
            raise self._unknown(node, operator)
        return Operation(name, tuple(self.expression(operand, depth + 1) for operand in operands))

    def _comparison(self, node: ast.Compare, depth: int) -> Expression:
        """``0 < a <= 1`` is ``0 < a and a <= 1``."""
        sides = [node.left, *node.comparators]
        parts = [
            self._operation(node, operator, sides[place : place + 2], depth + 1)
            for place, operator in enumerate(node.ops)
        ]
        return parts[0] if len(parts) == 1 else Operation("and", tuple(parts))

    def _call(self, node: ast.Call, depth: int) -> Expression:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name is None or node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self._unknown(node, node, "functions are written name(x) or name(x, y)")
        if name == COLUMN:
            first = node.args[0] if len(node.args) == 1 else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                return Reference(first.value)
            raise self._problem(node, "needs the name of one column in quotes", "write col('the name')")
        if name not in FUNCTIONS:
            near = nearest(name, FUNCTIONS)
            known = f"the functions are: {', '.join([*sorted(FUNCTIONS), COLUMN])}"
            raise self._problem(node, "calls an unknown function", f"did you mean '{near}'? {known}" if near else known)
        least, most = FUNCTIONS[name]
        if len(node.args) < least or (most is not None and len(node.args) > most):
            wanted = f"{least} argument{'s' if least > 1 else ''}" + ("" if most else " or more")
            raise self._problem(node, f"gives {name} {len(node.args)} arguments; it takes {wanted}")
        return Operation(name, tuple(self.expression(argument, depth + 1) for argument in node.args))

    def _unknown(self, node: ast.expr, what: ast.AST, hint: str | None = None) -> SpecError:
        hint = hint or _INSTEAD.get(type(what))
        known = f"arithmetic, comparisons, and, or, not, and {', '.join([*sorted(FUNCTIONS), COLUMN])} are"
        return self._problem(node, "is not among what expressions can do", hint or known)

    def _problem(self, node: ast.expr, message: str, hint: str | None = None) -> SpecError:
        end = node.end_col_offset or len(self.line)
        part = self.line.encode()[node.col_offset : end].decode(errors="replace")
        whole = "" if part == self.line else f" (in '{printable(self.line, 120)}')"
        return _problem(self.path, f"'{printable(part, 80)}' {message}{whole}", hint)


def _problem(path: Path, message: str, hint: str | None) -> SpecError:
    return SpecError([Problem(message, path, hint)])
