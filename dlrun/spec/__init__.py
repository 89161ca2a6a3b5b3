"""What the YAML says: text in, a frozen `ExperimentSpec` out, with every problem at once; and back to YAML.

The names below are loaded when they are used, so that a command that only lists runs pays for no pydantic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlrun.lazily import lazily

if TYPE_CHECKING:
    from dlrun.spec.dumping import dump_spec
    from dlrun.spec.flat import flat_values
    from dlrun.spec.loading import LoadedSpec, load_spec, written
    from dlrun.spec.schema import json_schema
    from dlrun.spec.sections import ExperimentSpec

__all__ = ["ExperimentSpec", "LoadedSpec", "dump_spec", "flat_values", "json_schema", "load_spec", "written"]

_HOMES = {
    "ExperimentSpec": "sections",
    "LoadedSpec": "loading",
    "dump_spec": "dumping",
    "flat_values": "flat",
    "json_schema": "schema",
    "load_spec": "loading",
    "written": "loading",
}

__getattr__ = lazily(__name__, _HOMES)
