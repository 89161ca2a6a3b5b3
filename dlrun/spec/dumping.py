"""Writes a spec back as YAML: complete, in the order people read it, and so that any YAML parser reads the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from dlrun.spec.keys import attribute_of, keys_of
from dlrun.spec.sections import EarlyStopping, ExperimentSpec, Layer, Named, Section
from dlrun.spec.steps import STEPS, Step

_WIDTH = 110
_BLOCKS = frozenset({"layers", "preprocessing"})
_STEPS = frozenset({"preprocessing", "targets"})
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./()+-]*(?: [A-Za-z0-9_./()+-]+)*|[0-9]+/[0-9]+")
# What some parser or other reads as a boolean, null or number (YAML 1.1 has more of them than 1.2).
_MISREAD = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan", "infinity"})


def dump_spec(spec: ExperimentSpec, comments: Sequence[str] = ()) -> str:
    """Write a spec as YAML that `load_spec` reads as an equal spec.

    Args:
        spec: with absolute paths, as loaded.
        comments: lines to stand on top, without the ``#``.
    """
    lines = [f"# {part}".rstrip() for comment in comments for part in _printable_lines(comment)]
    for key, value in plain_spec(spec).items():
        lines += _entry(key, value)
    return "\n".join(lines) + "\n"


def plain_spec(spec: ExperimentSpec) -> dict[str, Any]:
    """Return a spec as the plain values that `dump_spec` writes, key by key."""
    present = ((key, getattr(spec, key)) for key in ExperimentSpec.model_fields)
    return {key: _as_yaml(value) for key, value in present if value is not None and (value != () or key not in _STEPS)}


def _as_yaml(value: Any) -> Any:
    """Turn a section into the plain values that mean it."""
    match value:
        case Named():
            return {"name": value.name, **value.arguments} if value.arguments else value.name
        case Layer():
            return _layer(value)
        case Step():
            return _step(value)
        case BaseModel():
            return _section(value)
        case tuple() | list():
            return [_as_yaml(item) for item in value]
        case Mapping():
            return {str(key): _as_yaml(item) for key, item in value.items()}
    return value


def _section(section: BaseModel) -> dict[str, Any]:
    """Write every field but those that are absent; null stays where it differs from the default."""
    left_out = {"inner"} if isinstance(section, EarlyStopping) and section.on == "validation" else set()
    values = {key: getattr(section, attribute_of(type(section), key)) for key in keys_of(type(section))}
    own = {
        key: _as_yaml(values[key])
        for key, field in keys_of(type(section)).items()
        if key not in left_out and not (values[key] is None and field.default is None)
    }
    return own | (_as_yaml(section.model_extra) if not isinstance(section, Section) and section.model_extra else {})


def _layer(layer: Layer) -> Any:
    """``Flatten``, or ``Dense: {units: 64, name: a, from: b}``."""
    inside = _as_yaml(layer.arguments)
    if layer.name is not None:
        inside["name"] = layer.name
    if layer.inputs:
        inside["from"] = layer.inputs[0] if len(layer.inputs) == 1 else list(layer.inputs)
    return {layer.kind: inside} if inside else layer.kind


def _step(step: Step) -> Any:
    """``normalise``, ``rescale: 1/255``, ``pad: {length: 200, ...}``."""
    options = _section(step)
    name = options.pop("step")
    main = STEPS[name][1]
    if not options:
        return name
    if name == "rescale":
        return {name: _fraction(options[main])}
    return {name: options[main]} if list(options) == [main] else {name: options}


def _fraction(factor: float) -> Any:
    """Write 1/255 for 0.00392156862745098, where that is shorter and the very same number."""
    if not 1e-9 < factor < 1:
        return factor
    whole = round(1 / factor)
    return f"1/{whole}" if 1 / whole == factor and len(str(whole)) + 2 < len(repr(factor)) else factor


def _entry(key: str, value: Any, indent: str = "") -> list[str]:
    """Write one key: on one line, or with its entries below where they are many."""
    start = f"{indent}{_text(key)}:"
    if isinstance(value, list) and value and key in _BLOCKS:
        return [start, *(f"{indent}  - {_item(item)}" for item in value)]
    line = f"{start} {_flow(value)}"
    if len(line) > _WIDTH and isinstance(value, dict):
        return [start, *(line for inner, item in value.items() for line in _entry(inner, item, f"{indent}  "))]
    return [line]


def _item(value: Any) -> str:
    """Write a list's entry; a mapping with one key needs no braces."""
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        return f"{_text(key)}: {_flow(inner)}"
    return _flow(value)


def _flow(value: Any) -> str:
    """Write any value on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return _float(value)
        case str():
            return _text(value)
        case list() | tuple():
            return f"[{', '.join(_flow(item) for item in value)}]"
    return "{" + ", ".join(f"{_text(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"


def _float(value: float) -> str:
    """Write the shortest text that reads as the same number; YAML 1.1 wants a point in front of an exponent."""
    text = repr(value)
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text


def _text(text: str) -> str:
    """Write a text plain where nobody can misread it, else in double quotes with everything odd escaped."""
    if _PLAIN.fullmatch(text) and text.lower() not in _MISREAD:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(character if character.isprintable() else _escaped(character) for character in quoted)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def _printable_lines(comment: str) -> list[str]:
    return ["".join(c if c.isprintable() else _escaped(c) for c in line) for line in comment.split("\n")]
