"""What a command imports: heavy packages only where they are needed, told by module names in a fresh process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"tensorflow", "keras", "numpy", "pydantic", "pandas", "sklearn", "matplotlib"}
TYPERS_OWN = {"pydantic"}
"""Typer itself imports pydantic to read the arguments of a command."""
IMPORTED = """
import sys
from dlrun.cli.main import app
try:
    app({arguments!r})
except SystemExit as ended:
    assert not ended.code, ended.code
print("|".join(sorted(sys.modules)), file=sys.stderr)
"""


def imported_by(*arguments: str, folder: Path) -> set[str]:
    program = IMPORTED.format(arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=folder, check=True)
    return set(done.stderr.splitlines()[-1].split("|"))


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    modules = imported_by("--help", folder=tmp_path)

    assert HEAVY & modules == set()


@pytest.mark.parametrize("arguments", [["train", "--help"], ["runs", "list", "--help"], ["--version"], ["runs"]])
def test_light_commands_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    modules = imported_by(*arguments, folder=tmp_path)

    assert HEAVY & modules <= TYPERS_OWN


def test_check_imports_neither_tensorflow_nor_numpy(tiny: Path) -> None:
    modules = imported_by("check", str(tiny), folder=tiny.parent)

    assert HEAVY & modules == {"pydantic"}


@pytest.mark.parametrize("kind", ["layers", "losses", "optimisers", "metrics", "datasets"])
def test_list_needs_nothing_heavy(kind: str, tmp_path: Path) -> None:
    modules = imported_by("list", kind, folder=tmp_path)

    assert HEAVY & modules <= TYPERS_OWN


def test_check_with_data_needs_no_tensorflow(tiny: Path) -> None:
    modules = imported_by("check", str(tiny), "--data", folder=tiny.parent)

    assert "sklearn" in modules
    assert not {"tensorflow", "keras"} & modules
