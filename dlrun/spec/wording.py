"""Says what a section expected and what came: pydantic finds that a value does not fit, the words are ours."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from dlrun.errors import Path
from dlrun.registry.nearest import nearest
from dlrun.registry.spelling import british
from dlrun.registry.values import show
from dlrun.spec.document import Findings, Raw
from dlrun.spec.files import printable
from dlrun.spec.keys import attribute_of
from dlrun.spec.sections import EarlyStopping, Evaluation, ExperimentSpec, Regularisation, Training

Model = TypeVar("Model", bound=BaseModel)

_NO_BOOLEAN = frozenset({"yes", "no", "on", "off", "y", "n"})
# scikit-learn's names, and those of the tongue; spelling alone would lead elsewhere ('folds' to 'fold', a column).
_OTHER_NAMES = {
    **dict.fromkeys(("folds", "n_folds", "n_splits"), "k"),
    **dict.fromkeys(("repeats", "n_repeats"), "iterations"),
    **dict.fromkeys(("val", "validation_split", "validation_size"), "validation"),
    **dict.fromkeys(("test_split", "test_size"), "test"),
}
_NUMBERLIKE = re.compile(r"[-+]?[0-9][0-9_,.:xob]*([eE][-+]?[0-9]+)?")


def build(model: type[Model], values: Mapping[str, Any], path: Path, findings: Findings) -> Model | None:
    """Make a section of its values, or note one problem for each value that does not fit.

    Args:
        model: the section.
        values: by the section's own keys; none unknown.
        path: of the section in the spec.
        findings: gets the problems.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        for key in dict.fromkeys(str(item["loc"][0]) if item["loc"] else "" for item in error.errors()):
            if key in values:
                _misfit(model, key, values[key], path, findings)
            elif not any(problem.path == path for problem in findings.problems):  # else it may be there, misspelt
                findings.add(f"'{key}' is missing", path, hint=f"expected: {describe_field(model, key)}")
        return None


def _misfit(model: type[BaseModel], key: str, value: Raw, path: Path, findings: Findings) -> None:
    """Note that the value of one key does not fit."""
    near = nearest(value, choices(hint_of(model, key))) if isinstance(value, str) else None
    expected = describe_field(model, key)
    got = _shown(value)
    message = f"expected {expected}, not {got}" + (f"; did you mean '{near}'?" if near else "")
    findings.add(message, (*path, key), hint=None if near else _advice(value, expected))


def _shown(value: Raw) -> str:
    """Write what came; a list as YAML writes it."""
    if isinstance(value, (list, tuple)) and value:
        return printable(f"[{', '.join(map(str, value))}]", 60)
    return printable(str(value), 60) if isinstance(value, dict) and value else show(value)


def _advice(value: Raw, expected: str) -> str | None:
    """Say what to do about the usual slips."""
    if not isinstance(value, str):
        return None
    if "true or false" in expected and value.lower() in _NO_BOOLEAN:
        return "write true or false"
    if "number" in expected and _NUMBERLIKE.fullmatch(value):
        return "write numbers in plain decimal digits and without quotes: 1000, 0.5, 1e-3"
    return None


def hint_of(model: type[BaseModel], key: str) -> Any:
    """Give the annotation of a field, by its key, as it is written in the class."""
    return get_type_hints(model, include_extras=True)[attribute_of(model, key)]


def describe_field(model: type[BaseModel], key: str) -> str:
    """Say what a field takes."""
    return describe(hint_of(model, key))


def describe(annotation: Any) -> str:
    """Say what an annotation allows: ``a whole number of at least 1``, ``one of 'pre', 'post'``."""
    options = list(_options(annotation))
    texts = [_describe_one(base, metadata) for base, metadata in options if base is not type(None)]
    quoted = choices(annotation)
    if quoted:
        shown = ", ".join(f"'{choice}'" for choice in quoted)
        texts.append(f"one of {shown}" if len(quoted) > 1 else shown)
    texts = [text for text in dict.fromkeys(texts) if text]
    return ", or ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0]


def choices(annotation: Any) -> list[str]:
    """List the words that an annotation allows."""
    return [
        str(choice)
        for base, _ in _options(annotation)
        if get_origin(base) is Literal
        for choice in get_args(base)
        if isinstance(choice, str)
    ]


def _options(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Take unions and annotations apart: each type, with what was said about it."""
    if get_origin(annotation) is Annotated:
        base, *more = get_args(annotation)
        yield from _options(base, (*metadata, *more))
    elif get_origin(annotation) in (Union, types.UnionType):
        for option in get_args(annotation):
            yield from _options(option, metadata)
    else:
        yield annotation, metadata


def _describe_one(base: Any, metadata: tuple[Any, ...]) -> str:
    fields = [item for item in metadata if isinstance(item, FieldInfo)]
    described = next((item.description for item in fields if item.description), None)
    if described:
        return described
    if base in (int, float):
        return _describe_number(base, [rule for item in fields for rule in item.metadata])
    if get_origin(base) is tuple:
        lengths = [rule for item in fields for rule in item.metadata if isinstance(rule, MaxLen)]
        return f"a text, or a list of up to {lengths[0].max_length}" if lengths else "a text, or a list of texts"
    if isinstance(base, type) and issubclass(base, BaseModel):
        return "a mapping"
    if get_origin(base) is Literal:
        return "true" if True in get_args(base) else ""
    return {bool: "true or false", str: "a text"}.get(base, "a mapping")


def _describe_number(base: type, rules: Iterable[Any]) -> str:
    bounds = []
    for rule in rules:
        match rule:
            case Ge(ge=low):
                bounds.append(f"of at least {low:g}")
            case Gt(gt=low):
                bounds.append(f"above {low:g}")
            case Le(le=high):
                bounds.append(f"of at most {high:g}")
            case Lt(lt=high):
                bounds.append(f"below {high:g}" if high != 2**32 else "below 2^32")
    return " ".join(["a whole number" if base is int else "a number", " and ".join(bounds)]).strip()


def home_of(key: str) -> str | None:
    """Say where in a spec a key belongs, if anywhere: ``under 'training'``."""
    sections: dict[str, type[BaseModel]] = {
        "training": Training,
        "evaluation": Evaluation,
        "regularisation": Regularisation,
        "training.early_stopping": EarlyStopping,
    }
    if british(key) in ExperimentSpec.model_fields:
        return "at the top level, without indentation"
    return next((f"under '{name}'" for name, model in sections.items() if key in model.model_fields), None)


def nearest_key(key: str, known: Iterable[str]) -> str | None:
    """Give the key that is meant by an unknown one: by its other name, else by its spelling."""
    known = list(known)
    meant = _OTHER_NAMES.get(key.lower())
    return meant if meant in known else nearest(key, known)


def unknown_key(key: str, known: Iterable[str], path: Path, findings: Findings) -> None:
    """Note a key that nobody reads, and the one that may be meant."""
    known = list(known)
    near = nearest_key(key, known)
    message = f"unknown key '{printable(key)}'"
    home = None if near and path[:1] == ("dataset",) else home_of(key)  # there, 'targets' is most likely 'target'
    if home:
        findings.add(message, path, hint=f"'{printable(key)}' belongs {home}", key=key)
    elif near:
        findings.add(f"{message}; did you mean '{near}'?", path, key=key)
    else:
        findings.add(message, path, hint=f"the keys are: {', '.join(known)}", key=key)
