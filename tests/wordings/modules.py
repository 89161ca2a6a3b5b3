"""The modules of a package and their functions, as their source has them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.wordings.variables import Arms, Assignment, arms_of, assignments, own_nodes


@dataclass(eq=False)
class Module:
    """A file of the package."""

    name: str
    tree: ast.Module
    package: dict[str, Module]
    homes: list[Home] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, root: Path, package: dict[str, Module]) -> Module:
        """Read a file, and add it to the modules of its package, which are known by their dotted names."""
        module = cls(str(path.relative_to(root)), ast.parse(path.read_text(encoding="utf-8")), package)
        package[module.dotted] = module
        module.homes.append(Home(module, module.tree, ""))
        module.homes += [Home(module, node, owner) for node, owner in _functions(module.tree, "")]
        return module

    @cached_property
    def imports(self) -> dict[str, str]:
        """What each imported name is: ``cannot_write`` is ``dlrun.runs.atomic.cannot_write``."""
        return {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

    @cached_property
    def constants(self) -> dict[str, list[Assignment]]:
        return assignments(self.tree)

    @property
    def dotted(self) -> str:
        return self.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass(eq=False)
class Home:
    """A function, or a module outside of its functions: where a call stands."""

    module: Module
    node: ast.FunctionDef | ast.Module
    owner: str

    @property
    def name(self) -> str:
        return "" if isinstance(self.node, ast.Module) else self.node.name

    @cached_property
    def arguments(self) -> list[ast.arg]:
        if isinstance(self.node, ast.Module):
            return []
        given = [*self.node.args.posonlyargs, *self.node.args.args, *self.node.args.kwonlyargs]
        return given[1:] if self.owner and given and given[0].arg in ("self", "cls") else given

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        return tuple(argument.arg for argument in self.arguments)

    @cached_property
    def calls(self) -> list[ast.Call]:
        found = [node for node in own_nodes(self.node) if isinstance(node, ast.Call)]
        return sorted(found, key=lambda call: (call.lineno, call.col_offset))

    @cached_property
    def variables(self) -> dict[str, list[Assignment]]:
        return assignments(self.node)

    @cached_property
    def arms(self) -> Arms:
        return arms_of(self.node)

    def raises(self, call: ast.Call) -> bool:
        return any(isinstance(node, ast.Raise) and node.exc is call for node in own_nodes(self.node))

    def is_meant(self, call: ast.Call, owner: str | None, home: Home) -> bool:
        """Whether a call from somewhere may be of this function: it has the name already."""
        here, imported = self.module is home.module, home.module.imports
        if owner is None:
            whole = imported.get(self.name, "")
            from_there = self.module.dotted.startswith(whole.removesuffix(f".{self.name}")) if whole else False
            return not self.owner and (here or from_there)
        if not self.owner:
            return imported.get(owner) == self.module.dotted
        needed = len(self.arguments) - len(self.node.args.defaults) if isinstance(self.node, ast.FunctionDef) else 0
        return (owner != "self" or here) and len(call.args) + len(call.keywords) >= max(needed, 2)


def bound(call: ast.Call, parameters: Sequence[str]) -> dict[str, ast.expr]:
    """Give each argument of a call by its parameter."""
    given = dict(zip(parameters, call.args, strict=False))
    return given | {word.arg: word.value for word in call.keywords if word.arg}


def is_text(annotation: ast.expr | None) -> bool:
    return annotation is not None and ast.unparse(annotation) in ("str", "str | None")


def _functions(node: ast.AST, owner: str) -> Iterator[tuple[ast.FunctionDef, str]]:
    """Find all functions, those of classes with the name of their class."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield child, owner
        yield from _functions(child, child.name if isinstance(child, ast.ClassDef) else owner)
