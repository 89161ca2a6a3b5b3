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
    if name in ("RunRecord", "run"):
        from dlrun import experiment as home
    elif name in ("ExperimentSpec", "load_spec"):
        from dlrun import spec as home
    else:
        raise AttributeError(f"module 'dlrun' has no attribute '{name}'")
    return getattr(home, name)
