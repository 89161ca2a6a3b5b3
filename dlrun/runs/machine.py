"""What a run was made with: versions, machine and git state, and nothing that names a person."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlrun.runs.processor import cpu_features, cpu_model

_PACKAGES = ("dlrun", "tensorflow", "keras", "numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "pillow")
_TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-intel", "tf-nightly")
_VARIABLES = (
    *("TF_ENABLE_ONEDNN_OPTS", "TF_DETERMINISTIC_OPS", "TF_CUDNN_DETERMINISTIC", "TF_XLA_FLAGS", "XLA_FLAGS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
    *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "CUDA_VISIBLE_DEVICES", "NVIDIA_TF32_OVERRIDE"),
)
"""Environment variables by which libraries choose kernels and threads, and so the order in which numbers are added."""
_PATIENCE = 2.0
"""Seconds that git may take for each answer."""


def environment(folder: Path | None = None, command: Sequence[str] | None = None) -> dict[str, Any]:
    """Describe software, machine, command line and git state, without importing what is described.

    Args:
        folder: whose git state counts: the spec's. Default: the working directory.
        command: the program and its arguments; default: this process's.

    Returns:
        ``python``, a version for each package (null when it is not installed), ``platform``, ``cpu``, ``cpu_features``
        (those that change numbers; null where the system does not say), ``cpus`` (that this process may use),
        ``variables`` (those that change numbers, where they are set), ``command`` and ``git`` (``{commit, dirty}``, or
        null outside of a repository).
    """
    import platform

    words = sys.argv if command is None else command
    return {
        "python": platform.python_version(),
        **{package: _version(package) for package in _PACKAGES},
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": cpu_model(),
        "cpu_features": cpu_features(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "variables": _variables(),
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


def _variables() -> dict[str, str]:
    """Return the variables that are set; flags that name a file, which may lie in somebody's home, are left out."""
    found = {name: os.environ[name] for name in _VARIABLES if os.environ.get(name)}
    return {name: " ".join(word for word in value.split() if "/" not in word) for name, value in found.items()}


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
