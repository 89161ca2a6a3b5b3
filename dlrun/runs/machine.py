"""What a run was made with: versions, machine and git state, and nothing that names a person."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_PACKAGES = ("dlrun", "tensorflow", "keras", "numpy", "scikit-learn", "pandas")
_TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-intel", "tf-nightly")
_PATIENCE = 2.0
"""Seconds that git may take for each answer."""


def environment(folder: Path | None = None, command: Sequence[str] | None = None) -> dict[str, Any]:
    """Describe software, machine, command line and git state, without importing what is described.

    Args:
        folder: whose git state counts: the spec's. Default: the working directory.
        command: the program and its arguments; default: this process's.

    Returns:
        ``python``, a version for each package (null when it is not installed), ``platform``, ``cpu``, ``cpus`` (that
        this process may use), ``command`` and ``git`` (``{commit, dirty}``, or null outside of a repository).
    """
    import platform

    words = sys.argv if command is None else command
    return {
        "python": platform.python_version(),
        **{package: _version(package) for package in _PACKAGES},
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        # The program's own path is left out: it usually leads through somebody's home.
        "command": ["dlrun", *words[1:]] if words else [],
        "git": _git_state(folder or Path()),
    }


def _version(package: str) -> str | None:
    from importlib import metadata

    for name in _TENSORFLOW if package == "tensorflow" else (package,):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _cpu_model() -> str:
    import platform

    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _git_state(folder: Path) -> dict[str, Any] | None:
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    """Ask git, and take no answer for one: git may be missing, slow, or refuse the folder."""
    import subprocess

    # A repository's own settings can name a program to run for `status`; this one turns it off.
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            timeout=_PATIENCE,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return answer.stdout.decode("utf-8", "replace").strip()
