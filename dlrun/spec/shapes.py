"""The outline of a spec: which keys lead to what, and the long form behind each short one.

Inheriting and overriding work on files as written, before anything is checked; this outline is all they need to know.
A short form that cannot be read stays as it is: the grammar reports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dlrun.errors import Problem, SpecError
from dlrun.registry.calls import positional, read_call
from dlrun.registry.lookup import registry
from dlrun.registry.spelling import british, fold
from dlrun.spec.document import Raw
from dlrun.spec.sections import EarlyStopping, Evaluation, ExperimentSpec, Regularisation, Section, Training
from dlrun.spec.steps import STEPS

EXTENDS = "extends"
LAYER_KEYS = ("name", "from")
DERIVE = "derive"


@dataclass(frozen=True)
class Leaf:
    """A value of its own kind, or a mapping with free keys."""


@dataclass(frozen=True)
class NamedShape:
    """A name from a registry, with or without arguments."""

    kind: str
    default: str | None = None


@dataclass(frozen=True)
class LayerShape:
    """One entry of ``layers``."""


@dataclass(frozen=True)
class StepShape:
    """One entry of ``preprocessing``."""


@dataclass(frozen=True)
class DatasetShape:
    """The dataset: a source's name, or a mapping with ``source`` and its options."""


@dataclass(frozen=True)
class FileShape:
    """A file: its name, or a mapping with ``path`` and what is known of that file."""


@dataclass(frozen=True)
class ListShape:
    """A list whose entries all have one shape; ``what`` names them in messages."""

    entry: Shape
    what: str


@dataclass(frozen=True)
class SectionShape:
    """A mapping with fixed keys; ``short`` is the key that a value alone is meant for."""

    keys: Mapping[str, Shape] = field(default_factory=dict)
    short: str | None = None


Shape = Leaf | NamedShape | LayerShape | StepShape | DatasetShape | FileShape | ListShape | SectionShape


def _section(model: type[Section], **special: Shape) -> SectionShape:
    return SectionShape({key: special.get(key, Leaf()) for key in model.model_fields})


SPEC = _section(
    ExperimentSpec,
    dataset=DatasetShape(),
    preprocessing=ListShape(StepShape(), "preprocessing steps"),
    targets=ListShape(Leaf(), "steps for targets"),
    layers=ListShape(LayerShape(), "layers"),
    hidden_activation=NamedShape("activations", "relu"),
    last_activation=NamedShape("activations"),
    loss=NamedShape("losses"),
    optimiser=NamedShape("optimisers", "rmsprop"),
    metrics=ListShape(NamedShape("metrics"), "metrics"),
    regularisation=_section(Regularisation),
    evaluation=_section(Evaluation, splits=FileShape()),
    training=_section(
        Training,
        early_stopping=SectionShape(dict.fromkeys(EarlyStopping.model_fields, Leaf()), short="patience"),
        schedule=NamedShape("schedules"),
    ),
)
"""The outline of a whole spec (without ``extends``, which is gone once a file was read)."""


def own_key(key: str, known: Mapping[str, object]) -> str | None:
    """Give the key that is meant: itself or its British twin; None where there is none."""
    return key if key in known else twin if (twin := british(key)) in known else None


def spelt_our_way(value: Raw, shape: Shape) -> Raw:
    """Put British keys for American ones, down through the sections. Where both are there, both stay."""
    if not isinstance(shape, SectionShape) or not isinstance(value, dict):
        return value
    spelt: dict[str, Raw] = {}
    for key, item in value.items():
        name = own_key(key, shape.keys)
        spelt[key if name is None or (name in value and name != key) else name] = (
            spelt_our_way(item, shape.keys[name]) if name else item
        )
    return spelt


def long_form(value: Raw, shape: Shape) -> Raw:
    """Write a short form out: what comes back is a mapping, or the value as it was."""
    match shape:
        case NamedShape():
            return _long_named(value, shape.kind)
        case LayerShape():
            return _long_layer(value)
        case StepShape():
            return _long_step(value)
        case DatasetShape():
            return {"source": value} if isinstance(value, str) else value
        case FileShape():
            return {"path": value} if isinstance(value, str) else value
        case SectionShape() if shape.short and not isinstance(value, dict) and value is not None:
            return {shape.short: value}
    return value


def _arguments(kind: str, name: str, value: Raw) -> dict[str, Raw] | None:
    """Read what stands behind a name as arguments."""
    if value is None or isinstance(value, dict):
        return dict(value or {})
    entry = registry(kind).find(name)
    try:
        return positional(entry, value) if entry else None
    except SpecError:
        return None


def only_arguments(value: Raw, kind: str) -> bool:
    """Whether a mapping gives arguments and no name: ``{learning_rate: 0.1}``."""
    if not isinstance(value, dict) or "name" in value or not value:
        return False
    if len(value) > 1:
        return True
    ((key, item),) = value.items()
    return not (item is None or isinstance(item, dict)) and registry(kind).find(key) is None


def _long_named(value: Raw, kind: str) -> Raw:
    """``rmsprop`` → ``{name: rmsprop}``, ``{RMSprop: {rho: 0.8}}`` → ``{name: RMSprop, rho: 0.8}``."""
    if only_arguments(value, kind):
        return value
    call = read_call(value, ())
    if isinstance(call, Problem):
        return value
    arguments = _arguments(kind, call.name, call.value)
    return value if arguments is None or "name" in arguments else {"name": call.name, **arguments}


def layer_kind(value: dict[str, Raw]) -> str | None:
    """Find the key of a layer's mapping that names the layer; None where there is not exactly one."""
    kinds = [key for key in value if key not in LAYER_KEYS]
    return kinds[0] if len(kinds) == 1 else None


def _long_layer(value: Raw) -> Raw:
    """``Dense: 64`` → ``{Dense: {units: 64}}``, with ``name`` and ``from`` beside the kind."""
    if isinstance(value, str):
        return {value: {}}
    kind = layer_kind(value) if isinstance(value, dict) else None
    if kind is None or (arguments := _arguments("layers", kind, value[kind])) is None:
        return value
    beside = {key: item for key, item in value.items() if key != kind}
    lifted = {key: arguments.pop(key) for key in LAYER_KEYS if key in arguments and key not in beside}
    return {kind: arguments, **beside, **lifted}


def _long_step(value: Raw) -> Raw:
    """``pad: 200`` → ``{step: pad, length: 200}``."""
    if isinstance(value, str):
        return {"step": value}
    if not isinstance(value, dict) or "step" in value or len(value) != 1:
        return value
    ((name, options),) = value.items()
    if british(name) == DERIVE and not (isinstance(options, dict) and isinstance(options.get("expressions"), dict)):
        return {"step": name, "expressions": options}  # a mapping with free keys: names of columns
    if options is None or isinstance(options, dict):
        return {"step": name, **(options or {})} if not (options and "step" in options) else value
    step = STEPS.get(british(name))
    return {"step": name, step[1]: options} if step else value


def same_name(one: Raw, other: Raw) -> bool:
    """Whether two names mean one thing, whatever their case or spelling."""
    return isinstance(one, str) and isinstance(other, str) and fold(one) == fold(other)
