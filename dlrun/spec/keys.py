"""The keys of a section as YAML writes them: the names of its fields, or their aliases (``with`` is Python's)."""

from __future__ import annotations

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """List the fields of a section by the keys that YAML has for them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def attribute_of(model: type[BaseModel], key: str) -> str:
    """Give the name of the attribute behind a key."""
    return next((name for name, field in model.model_fields.items() if field.alias == key), key)
