"""dlrun: deep-learning experiments from YAML. As a library: ``from dlrun import load_spec, run``.

The names below are loaded when they are used, so that importing dlrun costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlrun.experiment import RunRecord, run
    from dlrun.spec import ExperimentSpec, load_spec

__all__ = ["ExperimentSpec", "RunRecord", "load_spec", "run"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module 'dlrun' has no attribute '{name}'")
    home = "dlrun.experiment" if name in ("RunRecord", "run") else "dlrun.spec"
    return getattr(import_module(home), name)
