"""What a ``model.keras`` may hold: checked and read without TensorFlow, before Keras unpacks it in its safe mode.

Keras refuses most of what is refused here itself; that must not hang on its version.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlrun.data.dataset import Array
from dlrun.untrusted.files import RefusedError, parse_json
from dlrun.untrusted.zips import check_members, open_zip

MODEL = "model.keras"
CONFIG, WEIGHTS = "config.json", "model.weights.h5"
_MEMBERS = (CONFIG, WEIGHTS, "metadata.json")
_LARGEST_JSON = 1 << 26
_MOST_OBJECTS = 1_000_000
"""Groups and arrays of weights: a model of ours has some hundreds."""
_CODE = {"__lambda__", "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}


def check_model_file(path: Path, plugins: Mapping[str, Any]) -> None:
    """Refuse a model that holds code, files of others, or more than it weighs.

    Args:
        path: of the model.
        plugins: layers of installed packages that it may use, by their names.

    Raises:
        RefusedError: it is no such archive, or one of its parts is refused.
        OSError: it cannot be opened.
    """
    with open_zip(path) as archive:
        check_members(archive, path)
        names = set(archive.namelist())
        if missing := {CONFIG, WEIGHTS} - names:
            raise RefusedError(f"'{path}' has no {min(missing)}")
        if odd := sorted(name for name in names if name not in _MEMBERS and not name.startswith("assets/")):
            raise RefusedError(f"'{path}' holds '{odd[0][:80]}', which no model of Keras has")
        _check_config(_parsed(archive), plugins)
        _check_weights(archive)


def read_weights(path: Path) -> dict[str, Array]:
    """Read a model's variables without TensorFlow: ``layers/dense/vars/0``; its optimiser's are among them.

    Raises:
        RefusedError: it is no such archive, or its weights are refused.
        OSError: it cannot be opened.
    """
    import h5py

    with open_zip(path) as archive:
        check_members(archive, path)
        _check_weights(archive)
        with archive.open(WEIGHTS) as stream, h5py.File(stream, "r") as file:
            found = {dataset.name.lstrip("/"): np.asarray(dataset[()]) for dataset in _datasets(file)}
    return dict(sorted(found.items()))


def _parsed(archive: zipfile.ZipFile) -> Any:
    size = archive.getinfo(CONFIG).file_size
    if size > _LARGEST_JSON:
        raise RefusedError(f"its {CONFIG} has {size:,} bytes; at most {_LARGEST_JSON:,} are read")
    return parse_json(archive.read(CONFIG))


def _check_config(config: Any, plugins: Mapping[str, Any]) -> None:
    """Refuse objects that carry code, come from other modules than Keras's and the plugins', or read files."""
    modules = {getattr(layer, "__module__", None) for layer in plugins.values()}
    classes = {*plugins, *(getattr(layer, "__name__", "") for layer in plugins.values())}
    for part in _mappings(config):
        name, module, registered = (part.get(key) for key in ("class_name", "module", "registered_name"))
        if isinstance(name, str) and name in _CODE:
            raise RefusedError(f"it holds {name}, which carries code")
        known = module is None or (isinstance(module, str) and module.partition(".")[0] in ("keras", "builtins"))
        if not (known or str(module) in modules):
            raise RefusedError(f"it names the module {str(module)[:80]!r}, which is neither Keras's nor of a plugin")
        if isinstance(registered, str) and ">" in registered and registered.rpartition(">")[2] not in classes:
            raise RefusedError(f"it names {registered[:80]!r}, which no plugin of its spec has registered")
        if isinstance(part.get("vocabulary"), str):
            raise RefusedError(f"it names a file as a vocabulary: {part['vocabulary'][:80]!r}")


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(inner)


def _check_weights(archive: zipfile.ZipFile) -> None:
    """Refuse links to other files, and arrays that are larger than what is stored of them."""
    import h5py

    size = archive.getinfo(WEIGHTS).file_size
    with archive.open(WEIGHTS) as stream, h5py.File(stream, "r") as file:
        total = 0
        for dataset in _datasets(file):
            if dataset.external or dataset.is_virtual:
                raise RefusedError(f"its weights '{dataset.name}' lie in another file")
            if dataset.dtype.hasobject:
                raise RefusedError(f"its weights '{dataset.name}' are no numbers")
            total += dataset.nbytes
            if total > size:
                raise RefusedError(f"its weights would take {total:,} bytes, and {size:,} are there")


def _datasets(file: Any) -> Iterator[Any]:
    """Walk through the arrays of a file, each once, following no link."""
    import h5py

    waiting, seen = [file], 0
    known = {h5py.h5o.get_info(file.id).addr}
    while waiting:
        group = waiting.pop()
        for name in group:
            seen += 1
            if seen > _MOST_OBJECTS:
                raise RefusedError(f"it has more than {_MOST_OBJECTS:,} weights")
            if group.get(name, getclass=True, getlink=True) is not h5py.HardLink:
                raise RefusedError(f"its weights hold a link at '{group.name.rstrip('/')}/{name}'")
            item = group[name]
            if isinstance(item, h5py.Dataset):
                yield item
            elif (address := h5py.h5o.get_info(item.id).addr) not in known:
                known.add(address)
                waiting.append(item)
