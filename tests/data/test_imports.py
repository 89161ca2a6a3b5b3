"""What using a part of `dlrun.data` costs in imports, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "pydantic", "pandas", "pyarrow", "sklearn", "matplotlib", "keras", "tensorflow")


def imported_by(program: str) -> set[str]:
    """Which of the heavy packages a program has imported when it ends."""
    program += f"\nimport sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("program", "allowed"),
    [
        ("from dlrun.data import cache; cache.datasets_folder()", set()),
        ("from dlrun.data import load_dataset, fit_steps, inspect", {"numpy", "pydantic"}),
        ("import dlrun.data.preprocessing.fitting, dlrun.data.sources.tables", {"numpy", "pydantic"}),
    ],
)
def test_heavy_packages_are_imported_only_where_they_are_used(program: str, allowed: set[str]) -> None:
    assert imported_by(program) <= allowed


def test_an_unknown_name_is_an_attribute_error() -> None:
    import dlrun.data

    with pytest.raises(AttributeError, match="no attribute 'load_datset'"):
        _ = dlrun.data.load_datset


def test_every_public_name_can_be_had() -> None:
    import dlrun.data

    assert {name for name in dlrun.data.__all__ if not hasattr(dlrun.data, name)} == set()
