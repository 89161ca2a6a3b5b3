"""A layer as a spec says it: the one value that both ``layers`` and the step `augment` hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

LayerName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$",
        description="letters a-z, digits, '_', '-' and '.', not starting with a dot",
    ),
]


class Section(BaseModel):
    """Frozen, and without room for unknown keys: a key that is silently ignored is a wrong experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Layer(Section):
    """One Keras layer: its class name, its Keras arguments, and where its input comes from.

    ``inputs`` is YAML's ``from:``; empty means the layer before.
    """

    kind: str
    arguments: Mapping[str, Any] = {}
    name: LayerName | None = None
    inputs: tuple[str, ...] = ()
