"""What the YAML says: text in, a frozen `ExperimentSpec` out, with every problem at once; and back to YAML.

The names below are loaded when they are used, so that a command that only lists runs pays for no pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlrun.spec.dumping import dump_spec
    from dlrun.spec.loading import LoadedSpec, load_spec
    from dlrun.spec.schema import json_schema
    from dlrun.spec.sections import ExperimentSpec

__all__ = ["ExperimentSpec", "LoadedSpec", "dump_spec", "json_schema", "load_spec"]

_HOMES = {
    "ExperimentSpec": "dlrun.spec.sections",
    "LoadedSpec": "dlrun.spec.loading",
    "dump_spec": "dlrun.spec.dumping",
    "json_schema": "dlrun.spec.schema",
    "load_spec": "dlrun.spec.loading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dlrun.spec' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
