"""Reads the ``dataset`` section: a source's name, or a mapping with its options; paths become absolute."""

from __future__ import annotations

import os
from typing import Any

from dlrun.errors import Path
from dlrun.registry.nearest import nearest
from dlrun.registry.values import show
from dlrun.spec.document import Findings, Raw
from dlrun.spec.fields import fields_of, no_doubles, texts_of
from dlrun.spec.files import printable
from dlrun.spec.paths import FolderOf, from_the_root
from dlrun.spec.sources import GENERATOR_OPTIONS, SOURCES, DatasetSpec, GeneratedSource, PluginSource
from dlrun.spec.wording import build

_COLUMNS = ("target", "features", "ids")
TEXT_OPTIONS = frozenset({*_COLUMNS, "path", "classes", "missing", "sha256"})
"""Options that take one text or a list of them."""
_ONE_PATH = {"npy": ("path", "targets"), "image_folder": ("path",), "text_folder": ("path",)}
_FILE_ENDINGS = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".npz": "npz", ".npy": "npy"}


def parse_dataset(raw: Raw, path: Path, folder_of: FolderOf, findings: Findings) -> DatasetSpec | None:
    """Read ``imdb`` or ``{source: imdb, num_words: 5000}``."""
    raw = {"source": raw} if isinstance(raw, str) else raw
    if not isinstance(raw, dict):
        hint = "write a name, such as imdb, or {source: csv, path: FILE, target: COLUMN}"
        findings.add(f"expected a data set's name or a mapping with 'source', not {show(raw)}", path, hint=hint)
        return None
    name = raw.get("source")
    if not isinstance(name, str):
        message = f"expected a source's name, not {show(name)}" if "source" in raw else "'source' is missing"
        findings.add(message, (*path, "source") if "source" in raw else path, hint=_all_sources())
        return None
    if name in SOURCES:
        source: DatasetSpec | None = _built_in(name, raw, path, folder_of, findings)
        return source
    return _plugin(name, raw, path, findings)


def _built_in(name: str, raw: dict[str, Raw], path: Path, folder_of: FolderOf, findings: Findings) -> Any:
    """Read the options of a built-in source."""
    model = SOURCES[name]
    known: dict[str, object] = dict(model.model_fields)
    if model is GeneratedSource:
        known |= dict.fromkeys(GENERATOR_OPTIONS[name])
    before = len(findings.problems)
    values = fields_of(raw, known, path, findings)
    assert values is not None
    if isinstance(values.get("text"), int) and not isinstance(values["text"], bool):
        values["text"] = str(values["text"])  # columns can have numbers for names
    for key in TEXT_OPTIONS & values.keys() - set(_ONE_PATH.get(name, ())):
        if values[key] is not None:
            values[key] = texts_of(values[key], (*path, key), findings)
    if isinstance(values.get("time"), int) and not isinstance(values["time"], bool):
        values["time"] = str(values["time"])  # a column of a table without a header
    if len(findings.problems) > before:
        return None
    source = build(model, values, path, findings)
    if source is None:
        return None
    _cross_check(values, path, findings)
    return source if len(findings.problems) > before else _absolute(source, path, folder_of, findings)


def _cross_check(values: dict[str, Raw], path: Path, findings: Findings) -> None:
    """Note columns with two roles, columns by name where there are none, hashes that fit no file."""
    roles = {key: values[key] for key in _COLUMNS if values.get(key)}
    windows = values["source"] == "timeseries"  # where the past of the target is an input like any other
    if values.get("text") is not None:
        if roles.pop("features", None):
            hint = "leave 'features' out, or leave 'text' out and give every column by 'features'"
            findings.add("'text' is the input alone, and 'features' names inputs too", (*path, "text"), hint=hint)
        roles["text"] = (values["text"],)
    for index, (key, columns) in enumerate(roles.items()):
        no_doubles(columns, (*path, key), findings)
        for other in list(roles)[:index]:
            both = [column for column in columns if column in roles[other]]
            if both and not windows:
                findings.add(f"'{printable(both[0])}' stands in '{other}' too: a column has one role", (*path, key))
        if values.get("header") is False and (named := [text for text in columns if not text.isdecimal()]):
            message = f"without a header, columns are counted from 0; '{printable(named[0])}' is no number"
            findings.add(message, (*path, key))
    no_doubles(values.get("classes") or (), (*path, "classes"), findings)
    if values.get("source") == "npz" and values.get("inputs", "x") == values.get("targets", "y"):
        findings.add("inputs and targets are the same array", path)
    if values.get("next_step") is True and values.get("targets") not in (None, "y"):
        message = "it would have no effect: with 'next_step' the last step of each row is the target"
        findings.add(message, (*path, "targets"), hint="leave one of the two out")
    paths = _files_of(values)
    if values.get("sha256") is not None and len(values["sha256"]) != paths:
        findings.add(f"expected {paths} of them, one a file, not {len(values['sha256'])}", (*path, "sha256"))


def _files_of(values: dict[str, Raw]) -> int:
    """Count the files, or folders, that a source names: an npy file of targets only where there are any."""
    alone = _ONE_PATH.get(str(values["source"]))
    if alone is None:
        return len(values.get("path", ()))
    return sum(option == "path" or values.get(option) is not None for option in alone)


def _absolute(source: Any, path: Path, folder_of: FolderOf, findings: Findings) -> Any:
    """Write a source's paths from the root."""
    updates: dict[str, Any] = {}
    for key in _ONE_PATH.get(source.source, ("path",)):
        value = getattr(source, key, None)
        if value is None:
            continue
        names = (value,) if isinstance(value, str) else value
        full = tuple(from_the_root(name, (*path, key), folder_of, findings) for name in names)
        updates[key] = full[0] if isinstance(value, str) else full
    return source.model_copy(update=updates) if updates else source


def _plugin(name: str, raw: dict[str, Raw], path: Path, findings: Findings) -> PluginSource | None:
    """Take the options of an installed package's source as they are, or say which source may be meant."""
    from dlrun.registry.plugins import plugin_datasets

    plugins = plugin_datasets()
    if name in plugins:
        return build(PluginSource, raw, path, findings)
    shown = printable(name)
    near = nearest(name, [*SOURCES, *plugins])
    ending = os.path.splitext(name)[1].lower()
    if ending in _FILE_ENDINGS:
        hint = f"a file is read with {{source: {_FILE_ENDINGS[ending]}, path: {shown}, ...}}"
        findings.add(f"'{shown}' is no source", path, hint=hint)
    elif near:
        findings.add(f"unknown source '{shown}'; did you mean '{near}'?", path)
    else:
        findings.add(f"unknown source '{shown}'", path, hint="'dlrun list datasets' shows all")
    return None


def _all_sources() -> str:
    return f"there are: {', '.join(SOURCES)}"
