"""dlrun: deep-learning experiments from YAML. As a library: ``from dlrun import load_spec, run``.

The names below are loaded when they are used, so that importing dlrun costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.lazily import lazily

if TYPE_CHECKING:
    from dlrun.experiment import RunRecord, load_run, run
    from dlrun.spec import ExperimentSpec, load_spec

__all__ = ["ExperimentSpec", "RunRecord", "load_run", "load_spec", "run"]

_HOMES = {
    "ExperimentSpec": "spec",
    "RunRecord": "experiment",
    "load_run": "experiment",
    "load_spec": "spec",
    "run": "experiment",
}

__getattr__ = lazily(__name__, _HOMES)
