"""A command line that runs in this process, with real files and its real streams captured."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

TINY = """\
task: binary
dataset: {source: make_moons, n_samples: 120, noise: 0.1}
layers:
  - Dense: 4
training: {epochs: 2, batch_size: 32}
"""


@dataclass(frozen=True)
class Finished:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


Dlrun = Callable[..., Finished]


@pytest.fixture(scope="session", autouse=True)
def tensorflow_has_said_what_it_says(request: pytest.FixtureRequest) -> None:
    """TensorFlow writes to stderr when it is first used in a process; no test should have that among its own lines."""
    if any(item.get_closest_marker("tensorflow") for item in request.session.items):
        from dlrun.backend import prepare_backend

        prepare_backend()
        import tensorflow as tf

        tf.constant(0)


@pytest.fixture
def dlrun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Dlrun:
    """Runs ``dlrun ARGUMENTS...`` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Finished:
        from dlrun.cli.main import app

        with pytest.raises(SystemExit) as ended:
            app([*arguments])
        captured = capfd.readouterr()
        return Finished(int(ended.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def process(tmp_path: Path) -> Dlrun:
    """Runs ``python -m dlrun ARGUMENTS...`` as a process of its own, in an empty folder."""

    def call(*arguments: str, **environment: str) -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "dlrun", *arguments],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A spec that trains in a moment, without any file."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path
