"""Reads the entries of ``layers``, in every accepted way of writing, into `Layer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlrun.errors import Path
from dlrun.registry.entry import Entry
from dlrun.registry.lookup import registry
from dlrun.registry.nearest import nearest
from dlrun.registry.plugins import read
from dlrun.registry.values import show
from dlrun.spec.document import Findings, Raw
from dlrun.spec.fields import texts_of
from dlrun.spec.files import printable
from dlrun.spec.named import checked_call
from dlrun.spec.sections import Layer
from dlrun.spec.shapes import LAYER_KEYS
from dlrun.spec.wording import build


def parse_layer(raw: Raw, path: Path, findings: Findings) -> Layer | None:
    """Read ``Flatten``, ``Dense: 64`` or ``Dense: {units: 64, name: a, from: b}`` and check the call.

    ``name`` and ``from`` may stand among the arguments or beside the layer.
    """
    kind, inside, beside = _taken_apart(raw, path, findings)
    if kind is None:
        return None
    within = (*path, kind)
    extra: dict[str, Raw] = {}
    if isinstance(inside, dict):
        extra = {key: inside[key] for key in LAYER_KEYS if key in inside}
        inside = {key: value for key, value in inside.items() if key not in extra}
    for key in sorted(extra.keys() & beside.keys()):
        findings.add(f"'{key}' is given twice: beside '{kind}' and among its arguments", path, key=key)
    found = checked_call("layers", kind, inside, path, within, findings)
    wiring = {key: (value, (*within, key)) for key, value in extra.items()}
    wiring |= {key: (value, (*path, key)) for key, value in beside.items()}
    return _layer(found, wiring, path, findings)


def _layer(
    found: tuple[Entry, dict[str, Any]] | None, wiring: Mapping[str, tuple[Raw, Path]], path: Path, findings: Findings
) -> Layer | None:
    """Put a layer's call, name and inputs together."""
    name, name_path = wiring.get("name", (None, path))
    inputs: tuple[str, ...] | None = ()
    if "from" in wiring:
        value, from_path = wiring["from"]
        inputs = texts_of(value, from_path, findings)
        if inputs == ():
            findings.add("'from' names no layer", from_path, hint="leave it out to take the layer before")
    checked = build(Layer, {"kind": "Layer", "name": name}, name_path[:-1] if name is not None else path, findings)
    if found is None or inputs is None or checked is None:
        return None
    entry, arguments = found
    return Layer(kind=entry.name, arguments=arguments, name=name, inputs=inputs)


def _taken_apart(raw: Raw, path: Path, findings: Findings) -> tuple[str | None, Raw, dict[str, Raw]]:
    """Split an entry of ``layers`` into the layer's kind, what stands behind it, and the keys that stand beside it."""
    if isinstance(raw, str):
        return raw, None, {}
    if not isinstance(raw, dict) or not raw:
        hint = "write a layer as 'Flatten', 'Dense: 64' or 'Dense: {units: 64}'"
        findings.add(f"expected a layer, not {show(raw) if raw != {} else 'an empty mapping'}", path, hint=hint)
        return None, None, {}
    beside = {key: raw[key] for key in LAYER_KEYS if key in raw}
    kinds = [key for key in raw if key not in beside]
    if len(kinds) == 1:
        return kinds[0], raw[kinds[0]], beside
    known = [key for key in kinds if key in registry("layers")]  # exactly: 'activation' is an argument, not a layer
    if len(known) == 1:
        _stray_keys(known[0], [key for key in kinds if key != known[0]], path, findings)
    elif known:
        message = f"one entry names {len(known)} layers: {', '.join(known)}"
        findings.add(message, path, hint="start each with its own '-'")
    else:
        keys = ", ".join(f"'{printable(key)}'" for key in kinds)
        findings.add(f"no layer is named here, only {keys or 'name and from'}", path, hint="write 'Dense: {units: 64}'")
    return None, None, {}


def _stray_keys(kind: str, keys: list[str], path: Path, findings: Findings) -> None:
    """Note keys beside a layer that are none, most likely arguments that are not indented far enough."""
    entry = read(_entry(kind))
    arguments = [parameter.name for parameter in entry.parameters]
    for key in keys:
        shown = printable(key)
        if entry.parameter(key):
            hint = f"arguments stand inside: {kind}: {{{shown}: ...}}"
            findings.add(f"'{shown}' is an argument of {kind}, but stands beside it", path, hint=hint, key=key)
            continue
        near = nearest(key, [*LAYER_KEYS, *arguments])
        message = f"unknown key '{shown}'" + (f"; did you mean '{near}'?" if near else "")
        hint = f"beside '{kind}' there can be: name, from; arguments stand inside: {kind}: {{argument: value}}"
        findings.add(message, path, hint=hint, key=key)


def _entry(kind: str) -> Entry:
    entry = registry("layers").find(kind)
    assert entry is not None
    return entry
