"""The step that computes columns from columns: `derive`. What the expressions look like is in `dlrun.spec.expressions`.

Everything is computed in float64, a block of rows at a time. What is computed from a missing value is missing, but for
``missing(x)``, and ``where`` looks only at the side that it takes. What has no value (a division by 0, the logarithm of
a negative number) or leaves float64 is missing too, and a note counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from types import MappingProxyType
from typing import Any

import numpy as np

from dlrun.data.preprocessing.block import Block, Chunks, Column, Floats, misfit
from dlrun.data.preprocessing.expression_checks import Texts, check_expression, is_text
from dlrun.errors import Problem, SpecError
from dlrun.spec.expressions import Constant, Expression, Operation, Reference, columns_in, read_expression
from dlrun.spec.steps import Derive

_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


def _truth(values: Floats) -> Floats:
    return np.asarray(values != 0, np.float64)


_OPERATIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "//": np.floor_divide,
        "%": np.mod,
        "**": np.power,
        "negative": np.negative,
        "positive": np.positive,
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
        "==": np.equal,
        "!=": np.not_equal,
        "and": lambda *values: reduce(np.multiply, map(_truth, values)),
        "or": lambda *values: reduce(np.maximum, map(_truth, values)),
        "not": lambda value: 1 - _truth(value),
        "abs": np.abs,
        "exp": np.exp,
        "floor": np.floor,
        "log": np.log,
        "log1p": np.log1p,
        "round": np.round,
        "sqrt": np.sqrt,
        "max": lambda *values: reduce(np.maximum, values),
        "min": lambda *values: reduce(np.minimum, values),
    }
)


@dataclass(frozen=True)
class Computed:
    """Columns computed from others, one after another.

    Args:
        expressions: by the name of the new column, in their order.
        texts: the same as the spec writes them.
    """

    expressions: Mapping[str, Expression]
    texts: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def apply(self, block: Block) -> Block:
        """Add the columns at the end; a copy in float64."""
        values = np.array(block.values, np.float64)
        table = _Table.of(block.columns, values)
        for name, expression in self.expressions.items():
            table = table.having(name, _whole(table.compute(expression), len(values)))
        made = [table.values[name] for name in self.expressions]
        columns = (*block.columns, *(Column(name) for name in self.expressions))
        return Block(np.column_stack([values, *made]), columns)

    def state(self) -> dict[str, Any]:
        """Return the expressions."""
        return {"step": "derive", "expressions": dict(self.texts)}


def fit_derive(step: Derive, chunks: Chunks, index: int) -> Computed:
    """Fit nothing, but look whether the expressions fit the columns, and where they have no value.

    Args:
        step: the expressions.
        chunks: the training rows.
        index: where the step stands in the spec's list.

    Raises:
        SpecError: the inputs have no columns, an expression names none of them or computes with texts, or a new
            column has the name of another one.
    """
    columns = next(chunks()).columns
    if not columns:
        raise misfit(index, "derive works on columns, and these inputs have none", "leave the step out")
    known = {column.name: column for column in columns}
    expressions = {}
    for name, text in step.expressions.items():
        path = ("preprocessing", index, "derive", name)
        if name in known:
            raise SpecError([Problem(f"there is a column '{name}' already", path, "give the new column another name")])
        expressions[name] = read_expression(text, path)
        check_expression(expressions[name], text, known, path)
        known[name] = Column(name)
    computed = Computed(expressions, dict(step.expressions))
    return Computed(computed.expressions, computed.texts, _undefined_notes(computed, chunks))


def _undefined_notes(computed: Computed, chunks: Chunks) -> tuple[str, ...]:
    """Count the training rows in which nothing is missing that an expression uses, and yet it has no value."""
    counts = dict.fromkeys(computed.expressions, 0)
    rows = 0
    for block in chunks():
        derived = computed.apply(block)
        rows += len(np.asarray(derived.values))
        table = _Table.of(derived.columns, np.asarray(derived.values))
        for name, expression in computed.expressions.items():
            used = [np.isnan(table.values[column]) for column in columns_in(expression)]
            absent = np.any(used, axis=0) if used else np.False_
            counts[name] += int((np.isnan(table.values[name]) & ~absent).sum())
    return tuple(
        f"derive: '{name}' ({computed.texts[name]}) has no value in {count:,} of {rows:,} training rows, "
        "such as after a division by 0; it is missing there."
        for name, count in counts.items()
        if count
    )


@dataclass(frozen=True)
class _Table:
    """Columns by name: their values (rows,), and what the codes of texts say."""

    values: Mapping[str, Floats]
    texts: Texts

    @staticmethod
    def of(columns: Sequence[Column], values: Floats) -> _Table:
        by_name = {column.name: values[:, place] for place, column in enumerate(columns)}
        return _Table(by_name, {column.name: column.categories for column in columns if column.kind == "text"})

    def having(self, name: str, values: Floats) -> _Table:
        return _Table({**self.values, name: values}, self.texts)

    def compute(self, expression: Expression) -> Any:
        """Compute an expression: (rows,), or one number where it uses no column. NaN where there is no value."""
        match expression:
            case Constant(value):
                return np.float64(value)
            case Reference(column):
                return self.values[column]
            case Operation("missing", (operand,)):
                return np.isnan(self.compute(operand)).astype(np.float64)
            case Operation("where", (condition, this, that)):
                test = self.compute(condition)
                return np.where(np.isnan(test), np.nan, np.where(test != 0, self.compute(this), self.compute(that)))
        operands = self._comparable(expression) or [self.compute(operand) for operand in expression.operands]
        with np.errstate(all="ignore"):
            result = np.asarray(_OPERATIONS[expression.name](*operands), np.float64)
        # NumPy says 1 for NaN ** 0, and False for a comparison with NaN.
        absent = reduce(np.logical_or, map(np.isnan, operands))
        return np.where(absent | ~np.isfinite(result), np.nan, result)

    def _comparable(self, expression: Operation) -> list[Any] | None:
        """Give both sides of a comparison of texts as codes of the same texts; None where no side is text."""
        if expression.name not in _COMPARISONS or not any(is_text(side, self.texts) for side in expression.operands):
            return None
        shared = self._shared(expression.operands)
        return [self._codes(side, shared) for side in expression.operands]

    def _shared(self, sides: Sequence[Expression]) -> dict[str, int]:
        """Number the texts of both sides."""
        found = [[str(side.value)] if isinstance(side, Constant) else self._said(side) for side in sides]
        return {text: place for place, text in enumerate(dict.fromkeys(chain.from_iterable(found)))}

    def _said(self, side: Expression) -> tuple[str, ...]:
        assert isinstance(side, Reference)
        return self.texts[side.column]

    def _codes(self, side: Expression, shared: Mapping[str, int]) -> Any:
        if isinstance(side, Constant):
            return np.float64(shared[str(side.value)])
        assert isinstance(side, Reference)
        places = np.array([*(shared[text] for text in self._said(side)), np.nan])  # the last one for NaN
        own = self.values[side.column]
        return places[np.where(np.isnan(own), -1, own).astype(np.int64)]


def _whole(values: Any, rows: int) -> Floats:
    """Repeat one number for every row."""
    return np.broadcast_to(np.asarray(values, np.float64), (rows,))
