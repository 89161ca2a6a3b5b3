"""What a run says of software, machine and git, and what it keeps to itself."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from dlrun.runs import environment

HEAVY = "tensorflow", "keras", "numpy", "pandas", "sklearn", "matplotlib", "pydantic"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "spec.yaml").write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_versions_are_those_that_are_installed(tmp_path: Path) -> None:
    found = environment(tmp_path)

    assert found["python"] == platform.python_version()
    assert (found["numpy"], found["keras"]) == (metadata.version("numpy"), metadata.version("keras"))
    assert found["cpus"] >= 1
    assert found["cpu"]


def test_git_state_is_the_commit_and_whether_files_changed(repository: Path) -> None:
    clean = environment(repository)["git"]
    (repository / "spec.yaml").write_text("b")
    dirty = environment(repository)["git"]

    commit = git(repository, "rev-parse", "HEAD")
    assert clean == {"commit": commit, "dirty": False}
    assert dirty == {"commit": commit, "dirty": True}


def test_a_folder_outside_of_git_and_one_that_is_not_there_have_no_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert environment(tmp_path)["git"] is None
    assert environment(tmp_path / "none")["git"] is None


def test_without_git_there_is_no_state_and_no_failure(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert environment(repository)["git"] is None


def test_a_git_that_hangs_is_given_up(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path_factory.mktemp("bin") / "git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("dlrun.runs.machine._PATIENCE", 0.1)

    assert environment(repository)["git"] is None


def test_a_repository_cannot_have_a_program_of_its_own_run(repository: Path) -> None:
    hook = repository / "hook.sh"
    hook.write_text(f"#!/bin/sh\ntouch '{repository}/ran'\n")
    hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(hook))

    state = environment(repository)["git"]

    assert state
    assert not (repository / "ran").exists()


def test_the_command_has_its_arguments_but_not_where_the_program_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/home/somebody/.venv/bin/dlrun", "train", "imdb.yaml"])
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("HOME", "/home/somebody")

    found = environment(tmp_path)

    assert found["command"] == environment(tmp_path, sys.argv)["command"] == ["dlrun", "train", "imdb.yaml"]
    assert environment(tmp_path, ())["command"] == []
    assert "somebody" not in json.dumps(found)


def test_variables_that_change_numbers_are_kept_where_they_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_DETERMINISTIC_OPS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true --xla_dump_to=/home/somebody/dump")

    variables = environment(tmp_path)["variables"]

    assert variables["OMP_NUM_THREADS"] == "1"
    assert variables["XLA_FLAGS"] == "--xla_cpu_enable_fast_math=true"
    assert "TF_DETERMINISTIC_OPS" not in variables


def test_nothing_heavy_is_imported_to_describe_a_machine_or_to_list_runs(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, dlrun.runs as runs; folder = pathlib.Path(sys.argv[1])\n"
        "with runs.create_run(folder, 'x') as run:\n"
        "    run.write_rows('a.csv', ['a'], [[1]]); run.finish({'environment': runs.environment(folder)})\n"
        "runs.list_runs(folder); runs.find_run(folder, 'latest')\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)

    assert process.stdout.strip() == "[]"
