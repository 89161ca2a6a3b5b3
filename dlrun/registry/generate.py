"""Writes signatures.json from the installed Keras: ``python -m dlrun.registry.generate``.

The table is what lets ``dlrun check`` and ``dlrun list`` do without TensorFlow. It holds Keras's own signatures and
names, nothing of dlrun's policy but what `excluded` and `signature.LEFT_OUT` keep out.
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from dlrun.registry.entry import KINDS
from dlrun.registry.excluded import EXCLUDED
from dlrun.registry.signature import inputs_of, parameters_of, summary_of
from dlrun.registry.spelling import fold

SIGNATURES = Path(__file__).with_name("signatures.json")

MODULES = {
    "layers": "keras.layers",
    "losses": "keras.losses",
    "optimisers": "keras.optimizers",
    "metrics": "keras.metrics",
    "initialisers": "keras.initializers",
    "regularisers": "keras.regularizers",
    "constraints": "keras.constraints",
    "activations": "keras.activations",
    "schedules": "keras.optimizers.schedules",
}
_HELPERS = ("deserialize", "serialize", "get")

# Keras's short names that stand for one class, found by asking Keras; the case variants of one name count once.
_SHORT_NAMES = (
    *("bce", "kld", "mae", "mape", "mse", "msle", "huber", "log_cosh", "logcosh", "kl_divergence", "cosine_similarity"),
    *("normal", "one", "uniform", "zero", "l1_l2", "ctc"),
)


def generate() -> dict[str, Any]:
    """Describe every public class and activation of the installed Keras, as the content of signatures.json."""
    import keras

    return {"keras": keras.__version__, **{kind: _describe_kind(kind) for kind in KINDS}}


def write(path: Path = SIGNATURES) -> None:
    """Write the table of the installed Keras to a file."""
    path.write_text(json.dumps(generate(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _describe_kind(kind: str) -> dict[str, Any]:
    module = importlib.import_module(MODULES[kind])
    names: dict[int, list[str]] = {}
    for name, target in sorted(vars(module).items()):
        if _is_wanted(kind, name, target):
            names.setdefault(id(target), []).append(name)
    rows = {_canonical(module, group): group for group in names.values()}
    return {name: _describe(kind, module, name, rows[name]) for name in sorted(rows, key=str.lower)}


def _is_wanted(kind: str, name: str, target: Any) -> bool:
    if name.startswith("_") or name in _HELPERS or getattr(target, "__name__", "") in EXCLUDED[kind]:
        return False
    if name in EXCLUDED[kind] or inspect.ismodule(target):
        return False
    return callable(target) if kind == "activations" else inspect.isclass(target)


def _canonical(module: ModuleType, names: list[str]) -> str:
    own = getattr(module, names[0]).__name__
    return own if own in names else names[0]


def _describe(kind: str, module: ModuleType, name: str, names: list[str]) -> dict[str, Any]:
    target = getattr(module, name)
    parameters = parameters_of(target, kind)
    row = {
        "reference": f"{MODULES[kind]}:{name}",
        "summary": summary_of(target),
        "aliases": _aliases(module, name, names, target),
        "required": [parameter.name for parameter in parameters if parameter.required],
        "optional": {parameter.name: parameter.default for parameter in parameters if not parameter.required},
    }
    return {**row, "inputs": list(inputs_of(target))} if kind == "layers" else row


def _aliases(module: ModuleType, name: str, names: list[str], target: Any) -> list[str]:
    """Collect the names that Keras has for a class: exported ones, the default ``name=``, what its ``get`` takes."""
    default_name = inspect.signature(target).parameters.get("name")
    found = {*names}
    if default_name is not None and isinstance(default_name.default, str):
        found.add(default_name.default)
    found |= {short for short in _SHORT_NAMES if _means(module, short, name)}
    return sorted(found - {name}, key=lambda alias: (alias.lower(), alias))


def _means(module: ModuleType, short: str, name: str) -> bool:
    """Ask Keras whether a short name stands for a class, as the class itself or as the function that it wraps."""
    get = getattr(module, "get", None)
    try:
        found = get(short) if get else None
    except ValueError:
        return False
    named = getattr(found, "__name__", type(found).__name__)
    return fold(named) == fold(name)


if __name__ == "__main__":
    write()
