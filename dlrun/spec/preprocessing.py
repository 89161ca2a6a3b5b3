"""Reads the entries of ``preprocessing``, in every accepted way of writing, into steps."""

from __future__ import annotations

import re
from typing import get_args

from dlrun.errors import Path, SpecError
from dlrun.registry.nearest import nearest
from dlrun.registry.spelling import british
from dlrun.registry.values import show
from dlrun.spec.document import Findings, Raw
from dlrun.spec.expressions import read_expression
from dlrun.spec.fields import fields_of, no_doubles, parse_list, texts_of
from dlrun.spec.files import printable
from dlrun.spec.keys import keys_of
from dlrun.spec.layer import Layer
from dlrun.spec.layers import parse_layer
from dlrun.spec.sections import TargetStep
from dlrun.spec.shapes import StepShape, long_form
from dlrun.spec.steps import AUGMENTING, STEPS, Augment, Derive, Step
from dlrun.spec.wording import build

_FRACTION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*/\s*([0-9]+(?:\.[0-9]+)?)\s*")


def parse_step(raw: Raw, path: Path, findings: Findings) -> Step | None:
    """Read ``normalise``, ``pad: 200``, ``pad: {length: 200}`` or ``{step: pad, length: 200}``."""
    written = long_form(raw, StepShape())
    if not isinstance(written, dict) or not isinstance(name := written.get("step"), str):
        _odd_step(raw, path, findings)
        return None
    name = british(name)
    if name not in STEPS:
        near = nearest(name, STEPS)
        message = f"unknown step '{printable(name)}'" + (f"; did you mean '{near}'?" if near else "")
        findings.add(message, path, hint=None if near else f"there are: {', '.join(STEPS)}")
        return None
    model, _ = STEPS[name]
    inside = (*path, next(iter(raw))) if isinstance(raw, dict) and "step" not in raw else path
    values = fields_of({**written, "step": name}, keys_of(model), inside, findings)
    assert values is not None
    return _step(model, values, inside, findings)


def parse_target_steps(raw: Raw, path: Path, findings: Findings) -> tuple[str, ...] | None:
    """Read ``log`` or ``[log, normalise]``: names only, since nothing can be said about them."""
    known = get_args(TargetStep)
    names: list[str] = []
    for index, item in enumerate(raw if isinstance(raw, list) else [raw]):
        where = (*path, index) if isinstance(raw, list) else path
        name = british(item) if isinstance(item, str) else None
        if name is None or name not in known:
            near = nearest(item, known) if isinstance(item, str) else None
            message = f"expected a step for targets, not {show(item)}" + (f"; did you mean '{near}'?" if near else "")
            findings.add(message, where, hint=None if near else f"there are: {', '.join(known)}")
        elif name in names:
            findings.add(f"'{name}' is listed twice", where)
        else:
            names.append(name)
    return tuple(names)


def _step(model: type[Step], values: dict[str, Raw], path: Path, findings: Findings) -> Step | None:
    before = len(findings.problems)
    if values.get("columns") is not None:
        values["columns"] = texts_of(values["columns"], (*path, "columns"), findings)
        no_doubles(values["columns"] or (), (*path, "columns"), findings)
    if model is Derive:
        values["expressions"] = _expressions(values.get("expressions"), path, findings)
    if "factor" in values:
        values["factor"] = _fraction(values["factor"])
    if model is Augment and "layers" in values:
        values["layers"] = _augmenting(values["layers"], path, findings)
    return build(model, values, path, findings) if len(findings.problems) == before else None


def _expressions(raw: Raw, path: Path, findings: Findings) -> Raw:
    """Read ``{name: expression}``: check every expression, and take a number alone for its text."""
    if not isinstance(raw, dict) or not raw:
        hint = "write 'derive: {rooms_per_person: rooms / persons}'"
        got = f"not {show(raw)}" if raw else "and there are none"
        findings.add(f"expected names and expressions, {got}", path, hint=hint)
        return raw
    texts: dict[str, Raw] = {}
    for name, written in raw.items():
        number = isinstance(written, int | float) and not isinstance(written, bool)
        texts[name] = str(written) if number else written
        if not isinstance(texts[name], str):
            findings.add(
                f"expected an expression, not {show(written)}", (*path, name), hint="such as 'rooms / persons'"
            )
            continue
        try:
            read_expression(texts[name], (*path, name))
        except SpecError as error:
            findings.extend(error.problems)
    return texts


def _augmenting(raw: Raw, path: Path, findings: Findings) -> tuple[Layer, ...] | None:
    """Read the layers of ``augment``; each must be one that leaves images alone but for training."""
    layers = parse_list(raw, path, parse_layer, findings)
    for index, layer in enumerate(layers or ()):
        if layer.kind not in AUGMENTING:
            message = f"{layer.kind} is no augmentation: it does not change images at random in training alone"
            findings.add(message, (*path, index), hint=f"there are: {', '.join(sorted(AUGMENTING))}")
        elif layer.inputs:
            findings.add("augmentation is a chain, in which 'from' has no place", (*path, index))
    return layers


def _odd_step(raw: Raw, path: Path, findings: Findings) -> None:
    """Note an entry that names no step, or several."""
    keys = [printable(key) for key in raw] if isinstance(raw, dict) else []
    what = f"a mapping with the keys {', '.join(keys)}" if keys else show(raw)
    findings.add(f"expected one step, not {what}", path, hint="write 'normalise', 'pad: 200' or 'pad: {length: 200}'")


def _fraction(raw: Raw) -> Raw:
    """Read ``1/255``; anything else stays as it is."""
    match = _FRACTION.fullmatch(raw) if isinstance(raw, str) else None
    if match is None or len(match[0]) > 40 or not float(match[2]):
        return raw
    return float(match[1]) / float(match[2])
