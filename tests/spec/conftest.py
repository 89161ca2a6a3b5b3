"""Writes specs into files and loads them, well or badly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from dlrun.errors import SpecError
from dlrun.spec import ExperimentSpec, load_spec

MINIMAL = "dataset: iris\nlayers: []\n"

Write = Callable[..., Path]
Load = Callable[..., ExperimentSpec]
Complain = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file into the current folder, which is the test's own; gives its relative name."""
    monkeypatch.chdir(tmp_path)

    def make(text: str | bytes, name: str = "spec.yaml") -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return path

    return make


@pytest.fixture
def load(write: Write) -> Load:
    """Loads a spec from text; with ``minimal``, the text is added to the smallest spec there is."""

    def read(text: str, *overrides: str, minimal: bool = False) -> ExperimentSpec:
        return load_spec(write(dedent(text) + (MINIMAL if minimal else "")), overrides).spec

    return read


@pytest.fixture
def complain(write: Write) -> Complain:
    """Loads a spec that is wrong and gives what is said about it."""

    def read(text: str | bytes, *overrides: str, minimal: bool = False) -> str:
        if isinstance(text, str):
            text = dedent(text) + (MINIMAL if minimal else "")
        with pytest.raises(SpecError) as caught:
            load_spec(write(text), overrides)
        return str(caught.value)

    return read
