"""Finds what a variable may be where it is used: the assignments of a function that reach a line of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

Arm = tuple[int, str]
"""A block: the statement that has it, and which of its blocks it is (``body``, ``orelse``, ...)."""
Arms = Mapping[int, tuple[Arm, ...]]
"""Every node by its id, with the blocks that it stands in, the outermost first."""

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True)
class Assignment:
    """A value that a variable gets; ``leaves`` says that its block ends by leaving.

    With ``more`` it is added to what the variable had: ``surely``, or perhaps.
    """

    value: ast.expr
    more: bool = False
    leaves: bool = False
    surely: bool = False


def assignments(block: ast.AST) -> dict[str, list[Assignment]]:
    """Give each variable of a function (or a module) with all that is assigned to it, in the order of the lines."""
    found: dict[str, list[Assignment]] = {}
    for statements in _blocks(block):
        last = statements[-1]
        leaves = isinstance(last, _LEAVING) or (isinstance(last, ast.Expr) and isinstance(last.value, ast.Call))
        for node in (inner for statement in statements for inner in _unnested(statement)):
            for name, value, more in _set_by(node):
                found.setdefault(name, []).append(Assignment(value, more, leaves))
    for values in found.values():
        values.sort(key=lambda one: (one.value.lineno, one.value.col_offset))
    return found


def reaching(use: ast.Name, given: Sequence[Assignment], arms: Arms) -> list[Assignment]:
    """Keep the assignments that a use may see: the last one that was certain, and those after it that may have been."""
    here = arms.get(id(use), ())
    found: list[Assignment] = []
    for one in given:
        there = arms[id(one.value)]
        if (one.value.lineno, one.value.col_offset) >= (use.lineno, use.col_offset):
            continue
        if there == here[: len(there)]:
            found = [*found, replace(one, surely=True)] if one.more else [one]
        elif not (one.leaves or _beside(there, here)):
            found.append(one)
    return found


def arms_of(function: ast.AST) -> Arms:
    """Say for every node of a function which blocks it stands in."""
    found: dict[int, tuple[Arm, ...]] = {}

    def walk(node: ast.AST, chain: tuple[Arm, ...]) -> None:
        found[id(node)] = chain
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    deeper = name in _BLOCKS and node is not function and isinstance(node, ast.stmt | ast.match_case)
                    walk(child, (*chain, (id(node), name)) if deeper else chain)

    walk(function, ())
    return found


def _beside(there: Sequence[Arm], here: Sequence[Arm]) -> bool:
    """Whether two places are in different blocks of one statement, so that only one of them is run."""
    return any(one[0] == other[0] and one[1] != other[1] for one in there for other in here)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a function, or a module, without the functions inside of it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from own_nodes(child)


def _blocks(function: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in [function, *own_nodes(function)]:
        for name in _BLOCKS:
            statements = getattr(node, name, None)
            if isinstance(statements, list) and statements and isinstance(statements[0], ast.stmt):
                yield statements


def _unnested(statement: ast.stmt) -> Iterator[ast.AST]:
    """Walk a statement without the statements inside of it."""
    yield statement
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from ast.walk(child)


def _set_by(node: ast.AST) -> Iterator[tuple[str, ast.expr, bool]]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value, False
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value, False
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value, False
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            for target, value in zip(names, values, strict=True):
                yield ast.unparse(target), value, False
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
            yield name, value, True
