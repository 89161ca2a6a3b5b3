"""Whether signatures.json still says what the installed Keras is."""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from dlrun.registry import KINDS
from dlrun.registry.builtin import keras_version
from dlrun.registry.excluded import EXCLUDED
from dlrun.registry.generate import MODULES, SIGNATURES, generate, write

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def installed() -> dict[str, Any]:
    return generate()


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(SIGNATURES.read_text(encoding="utf-8"))
    return content


EMPTY: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}


def differences(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What a spec written for the old table would stumble over in the new one, and what is merely new."""
    broken, added = [], []
    for kind in KINDS:
        broken += [f"{kind}: {name} is gone" for name in old[kind].keys() - new[kind].keys()]
        added += [f"{kind}: {name} is new" for name in new[kind].keys() - old[kind].keys()]
        for name in old[kind].keys() & new[kind].keys():
            before, after = arguments(old[kind][name]), arguments(new[kind][name])
            broken += [f"{kind}: {name}({key}) is gone" for key in before.keys() - after.keys()]
            shared = before.keys() & after.keys()
            broken += [f"{kind}: {name}({key}) is changed" for key in shared if before[key] != after[key]]
            added += [f"{kind}: {name}({key}) is new" for key in after.keys() - before.keys()]
    return sorted(broken), sorted(added)


def arguments(row: dict[str, Any]) -> dict[str, Any]:
    return {**dict.fromkeys(row["required"], "required"), **row["optional"]}


def test_the_table_fits_the_installed_keras(installed: dict[str, Any], recorded: dict[str, Any]) -> None:
    broken, added = differences(recorded, installed)

    if installed["keras"] == recorded["keras"]:
        assert installed == recorded, "run: python -m dlrun.registry.generate"
    elif added:
        sys.stdout.write(f"Keras {installed['keras']} has more than {recorded['keras']}, the table's: {added}\n")
    assert not broken


def test_the_comparison_finds_what_was_removed_and_what_was_changed() -> None:
    row = {"required": ["units"], "optional": {"rate": 0.5}}
    old = {**EMPTY, "layers": {"A": row, "B": row}}
    new = {**EMPTY, "layers": {"B": {"required": [], "optional": {"rate": 0.1, "seed": None}}}}

    assert differences(old, new) == (
        ["layers: A is gone", "layers: B(rate) is changed", "layers: B(units) is gone"],
        ["layers: B(seed) is new"],
    )


def test_the_recorded_version_is_the_one_in_the_file(recorded: dict[str, Any]) -> None:
    assert keras_version() == recorded["keras"]


def test_generating_writes_the_same_file_each_time(tmp_path: Path, installed: dict[str, Any]) -> None:
    write(tmp_path / "one.json")
    write(tmp_path / "two.json")

    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert json.loads((tmp_path / "one.json").read_text(encoding="utf-8")) == installed


@pytest.mark.parametrize("kind", KINDS)
def test_every_public_class_of_keras_is_either_listed_or_left_out_with_a_reason(
    kind: str, installed: dict[str, Any]
) -> None:
    module = importlib.import_module(MODULES[kind])
    listed = {alias for name, row in installed[kind].items() for alias in (name, *row["aliases"])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classes = {name for name in dir(module) if isinstance(getattr(module, name), type)}

    assert classes - listed - set(EXCLUDED[kind]) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_that_is_left_out_is_one_that_keras_has(kind: str) -> None:
    module = importlib.import_module(MODULES[kind])

    assert [name for name in EXCLUDED[kind] if not hasattr(module, name)] == []
