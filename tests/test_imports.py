"""Who may import whom: the rows of docs/architecture.md, read from the source with ast."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dlrun"
ROWS = [  # each imports from the rows below its own, or from its own package
    {"__init__", "__main__"},
    {"cli"},
    {"experiment"},
    {"report", "training", "runs"},
    {"models", "evaluation"},
    {"data"},
    {"spec"},
    {"registry", "seeds", "fingerprint", "events", "backend"},
    {"lazily", "untrusted"},
    {"errors"},
]
ROW = {name: row for row, names in enumerate(ROWS) for name in names}
HEAVY = {"tensorflow", "keras", "sklearn", "pandas", "matplotlib", "jinja2", "mlflow", "sqlalchemy", "alembic"}
ALSO_KEPT_OUT = {
    **{part: {"numpy", "pydantic", "rich"} for part in ("cli", "runs", "registry", "errors", "events")},
    "report": {"numpy", "rich"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(nodes: Iterator[ast.AST]) -> list[str]:
    """Full names: ``from dlrun import runs`` is ``dlrun.runs``."""
    names: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def on_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: no function bodies, nothing for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from on_import(child)


def test_every_part_of_the_package_has_its_row() -> None:
    parts = {part_of(path) for path in MODULES}

    assert parts
    assert parts <= set(ROW)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_rows_below_its_own(path: Path) -> None:
    part = part_of(path)
    names = imported(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    used = {name.split(".")[1] for name in names if name.startswith("dlrun.")} - {part}

    assert not {other for other in used if ROW.get(other, len(ROWS)) <= ROW[part]}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_loads_nothing_heavy_when_it_is_imported(path: Path) -> None:
    part = part_of(path)
    may = HEAVY if part == "training" and path.name != "contract.py" else set()
    names = imported(on_import(ast.parse(path.read_text(encoding="utf-8"))))
    loaded = {name.split(".")[0] for name in names}

    assert not loaded & ((HEAVY - may) | ALSO_KEPT_OUT.get(part, set()))
