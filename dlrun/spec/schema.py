"""The grammar as a JSON Schema (draft 7), for editors: completion, help and red lines while a spec is written.

Generated from the sections' models and the registries. It is a little stricter than the loader about spelling (names as
listed, and their British or American twins), and knows nothing of rules between sections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from dlrun.registry.entry import KINDS, Entry, Parameter
from dlrun.registry.lookup import registry
from dlrun.registry.plugins import plugin_datasets
from dlrun.registry.spelling import american, british
from dlrun.spec.datasets import TEXT_OPTIONS
from dlrun.spec.keys import keys_of
from dlrun.spec.sections import (
    EarlyStopping,
    Evaluation,
    ExperimentSpec,
    Regularisation,
    SplitsFile,
    TargetStep,
    Training,
)
from dlrun.spec.sources import GENERATOR_OPTIONS, SOURCES, GeneratedSource, Source
from dlrun.spec.steps import STEPS

Schema = dict[str, Any]

_TEXT: Schema = {"type": ["string", "integer"]}
_TEXTS: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_SHORT: Schema = {"not": {"type": "object"}}
_FRACTION: Schema = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*/\s*[0-9]+(\.[0-9]+)?\s*$"}

_HELP = {
    "name": "Names the run's folder; left out, the file's name.",
    "task": "What kind of problem it is; left out, the data say. Sets last activation, loss and metrics.",
    "dataset": "Where the data come from: a source's name, or a mapping with 'source' and its options.",
    "preprocessing": "Steps in order; what a step learns, it learns from training rows only.",
    "targets": "Steps for numeric targets: the net trains on what they make, scores are in the original units.",
    "labels": "How classes reach the loss: as one_hot rows or as integers. Left out, the loss says.",
    "layers": "Keras layers by their class names, with Keras's arguments; without the output layer.",
    "output": "Whether an output layer that fits the targets is added; false for a model with one of its own.",
    "hidden_activation": "Of Dense and Conv layers that name none of their own.",
    "last_activation": "Of the output layer; 'none' for none. Left out, the task says.",
    "loss": "What training makes small. Left out, the task says.",
    "optimiser": "How the weights are changed, with Keras's arguments.",
    "codes": "The name of a layer whose output for every row is written to codes.csv.",
    "metrics": "What is measured beside the loss. Left out, the task says.",
    "seed": "Of initial weights, batch order and noise; never of the splits.",
}


def json_schema() -> Schema:
    """Describe every spec that `load_spec` may accept, as a JSON Schema (draft 7)."""
    properties = {"extends": {"type": "string", "description": "The file to inherit from; what this file says wins."}}
    special = _special_keys()
    plain = _plain_properties(ExperimentSpec, special)
    for key in ExperimentSpec.model_fields:
        properties[key] = _helped(special.get(key) or plain[key], key)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "dlrun spec",
        "description": str(ExperimentSpec.__doc__),
        **_closed(properties),
        "anyOf": [{"required": ["dataset", "layers"]}, {"required": ["extends"]}],
        "definitions": _definitions(),
    }


def _definitions() -> dict[str, Schema]:
    """Describe what is referred to from several places: each registry, and the arguments of each entry."""
    wiring: dict[str, Schema] = {
        "name": {"type": "string", "description": "What other layers call it in their 'from'."},
        "from": {**_TEXTS, "description": "The layers whose outputs it takes; left out, the one before."},
    }
    referred = [kind for kind in KINDS if kind != "layers"]  # a layer stands in its list in a form of its own
    kinds = {kind: _named(kind) for kind in referred}
    entries = {
        f"{kind}.{name}": _arguments(entry, wiring if kind == "layers" else {})
        for kind in KINDS
        for name, entry in registry(kind).items()
    }
    or_none = {f"{kind}_or_none": {"anyOf": [{"enum": [None, "none"]}, _ref(kind)]} for kind in referred}
    return {"layer": _layer(wiring), "step": _step(), **kinds, **or_none, **entries}


def _special_keys() -> dict[str, Schema]:
    """Give the sections that may be written in several ways."""
    metric = {"$ref": "#/definitions/metrics"}
    activation = {"anyOf": [{"const": "none"}, {"$ref": "#/definitions/activations"}]}
    stop: Schema = {"anyOf": [{"type": ["integer", "null"], "minimum": 1}, _model(EarlyStopping)]}
    schedule = {"anyOf": [{"$ref": "#/definitions/schedules"}, {"type": "null"}]}
    step = {"enum": list(dict.fromkeys(twin for name in get_args(TargetStep) for twin in _twins(name)))}
    column: Schema = {"type": ["string", "integer", "null"], "description": "The name of a column."}
    ours = {
        "group": column,
        "time": {**column, "type": [*column["type"], "boolean"], "description": "The name of a column, or true."},
        "fold": column,
        "splits": {"anyOf": [{"type": ["string", "null"]}, {**_model(SplitsFile), "required": ["path"]}]},
    }
    return {
        "dataset": _dataset(),
        "preprocessing": {"type": "array", "items": {"$ref": "#/definitions/step"}},
        "targets": {"anyOf": [step, {"type": "array", "items": step}]},
        "layers": {"type": "array", "items": {"$ref": "#/definitions/layer"}},
        "hidden_activation": activation,
        "last_activation": activation,
        "loss": {"anyOf": [{"$ref": "#/definitions/losses"}, {"type": "null"}]},
        "optimiser": {"$ref": "#/definitions/optimisers"},
        "metrics": {"anyOf": [metric, {"type": "array", "items": metric}, {"type": "null"}]},
        "regularisation": _model(Regularisation),
        "evaluation": _model(Evaluation, ours),
        "training": _model(Training, {"early_stopping": stop, "schedule": schedule}),
    }


def _helped(schema: Schema, key: str) -> Schema:
    """Add what an editor shows about a key; draft 7 ignores what stands beside a $ref, so that goes one level down."""
    if key not in _HELP:
        return schema
    return {"description": _HELP[key], **({"allOf": [schema]} if "$ref" in schema else schema)}


def _closed(properties: Mapping[str, Schema]) -> Schema:
    """Make a mapping with these keys and their American twins, each in one spelling, and no others."""
    twins = {american(key): key for key in properties if american(key) not in properties}
    schema: Schema = {
        "type": "object",
        "properties": {**properties, **{twin: properties[key] for twin, key in twins.items()}},
        "additionalProperties": False,
    }
    return schema | ({"allOf": [{"not": {"required": [key, twin]}} for twin, key in twins.items()]} if twins else {})


def _plain_properties(model: type[BaseModel], special: Iterable[str] = ()) -> dict[str, Schema]:
    """Give pydantic's own schema for each field, without those that are described by hand."""
    own = model.model_json_schema()["properties"]
    return {key: _settled(value) for key, value in own.items() if key not in special}


def _settled(value: Any) -> Any:
    """Write a schema as every release of pydantic would: bounds as 0, not 0.0, and ``const`` without ``enum``."""
    if isinstance(value, dict):
        # Entries with a place of their own are called `items` in draft 7.
        own = {"items" if key == "prefixItems" else key: inner for key, inner in value.items()}
        return {key: _settled(inner) for key, inner in own.items() if not (key == "enum" and "const" in own)}
    if isinstance(value, list):
        return [_settled(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _model(model: type[BaseModel], special: Mapping[str, Schema] | None = None) -> Schema:
    """Describe a section: fixed keys, help from its docstring."""
    special = special or {}
    properties = {**_plain_properties(model, special), **special}
    return {"title": model.__name__, "description": str(model.__doc__), **_closed(properties)}


def _dataset() -> Schema:
    """Describe the sources: by name, or with options."""
    names = [*SOURCES, *plugin_datasets()]
    plugins = [
        {"type": "object", "properties": {"source": {"const": name}}, "required": ["source"]}
        for name in plugin_datasets()
    ]
    # `anyOf` tries one after another: sources with the same options share an entry.
    models = {model: [name for name, its in SOURCES.items() if its is model] for model in SOURCES.values()}
    options = [_source(model, names) for model, names in models.items() if model is not GeneratedSource]
    generators = [_source(GeneratedSource, [name], known) for name, known in GENERATOR_OPTIONS.items()]
    return {"anyOf": [{"type": "string", "enum": names}, *options, *generators, *plugins]}


def _source(model: type[Source], names: list[str], options: Iterable[str] = ()) -> Schema:
    """Describe one source with its options."""
    properties: dict[str, Schema] = {**_plain_properties(model), **{option: {} for option in options}}
    properties["source"] = {"enum": names}
    for key in TEXT_OPTIONS & properties.keys():
        properties[key] = {**_TEXTS, **_about(properties[key])}
    required = [key for key, field in model.model_fields.items() if field.is_required()]
    return {"title": names[0], "description": str(model.__doc__), **_closed(properties), "required": required}


def _about(schema: Schema) -> Schema:
    return {key: schema[key] for key in ("title", "description") if key in schema}


def _step() -> Schema:
    """Describe a preprocessing step: ``normalise``, ``pad: 200``, ``pad: {...}``, ``{step: pad, ...}``."""
    names = [spelling for name in STEPS for spelling in _twins(name)]
    long_forms = []
    short_forms: dict[str, Schema] = {}
    for name, (model, main) in STEPS.items():
        properties = _plain_properties(model, ["step"])
        if "columns" in properties:
            properties["columns"] = {**_TEXTS, **_about(properties["columns"])}
        if "expressions" in properties:
            properties["expressions"] |= {"additionalProperties": {"type": ["string", "number"]}}
        if "layers" in properties:
            properties["layers"] = {"type": "array", "items": {"$ref": "#/definitions/layer"}, "minItems": 1}
        if "factor" in properties:
            properties["factor"] = {"anyOf": [properties["factor"], _FRACTION]}
        about = {"title": name, "description": str(model.__doc__)}
        required = [key for key, field in keys_of(model).items() if field.is_required()]
        body = {**_closed(properties), "required": required}
        step = {**_closed({"step": {"enum": _twins(name)}, **properties}), "required": ["step", *required]}
        long_forms.append({**about, **step})
        short_forms[name] = {**about, "anyOf": [properties[main], body]}
    one = {**_closed(short_forms), "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [{"type": "string", "enum": names}, one, *long_forms]}


def _layer(wiring: Mapping[str, Schema]) -> Schema:
    """Describe an entry of ``layers``: a layer's name, or one key with its arguments, and ``name`` and ``from``."""
    layers = registry("layers")
    one = {**_spelt({name: _ref("layers", name) for name in layers}), "minProperties": 1, "maxProperties": 3}
    one["properties"] |= wiring
    return {"anyOf": [{"type": "string", "enum": [twin for name in layers for twin in _twins(name)]}, one]}


def _named(kind: str) -> Schema:
    """Describe what a registry offers: ``NAME``, ``{name: NAME, argument: ...}``, ``{NAME: {argument: ...}}``."""
    names = {name: _names(entry) for name, entry in registry(kind).items()}
    flat = []
    nested: dict[str, Schema] = {}
    for name, entry in registry(kind).items():
        flat.append({**_arguments(entry, {"name": {"enum": names[name]}})["anyOf"][0], "required": ["name"]})
        nested |= dict.fromkeys(names[name], _ref(kind, name))
    one = {**_exactly(nested), "minProperties": 1, "maxProperties": 1}
    every = list(dict.fromkeys(spelling for spellings in names.values() for spelling in spellings))
    return {"anyOf": [{"type": "string", "enum": every}, one, *flat]}


def _ref(kind: str, name: str = "") -> Schema:
    """Refer to a registry, or to the arguments of one of its entries."""
    return {"$ref": f"#/definitions/{kind}.{name}" if name else f"#/definitions/{kind}"}


def _names(entry: Entry) -> list[str]:
    """List the spellings of an entry's names that the schema knows."""
    small = [entry.name.lower()] if entry.kind == "optimisers" else []
    return list(dict.fromkeys(twin for name in (entry.name, *entry.aliases, *small) for twin in _twins(name)))


def _arguments(entry: Entry, more: Mapping[str, Schema]) -> Schema:
    """Describe what may stand behind a name: its arguments, or the first one's value alone."""
    about = {"title": entry.name, "description": entry.summary}
    if not entry.known:
        return {"anyOf": [{**about, "type": "object"}, _SHORT]}
    arguments = _spelt({parameter.name: _parameter(parameter) for parameter in entry.parameters})
    arguments["properties"] |= more
    return {"description": entry.summary, "anyOf": [{**about, **arguments}, _SHORT]}


def _parameter(parameter: Parameter) -> Schema:
    """Describe an argument: a name of another registry, or any value (the loader knows more)."""
    if parameter.nested is None or parameter.nested == "layers":
        return {} if parameter.default is None else {"default": parameter.default}
    return {"$ref": f"#/definitions/{parameter.nested}_or_none"}


def _spelt(properties: Mapping[str, Schema]) -> Schema:
    """Make a mapping with Keras's names as keys, and their British twins, and no others."""
    return _exactly({twin: value for key, value in properties.items() for twin in _twins(key)})


def _exactly(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _twins(name: str) -> list[str]:
    return list(dict.fromkeys([name, british(name), american(name)]))
