"""Follows an entry's reference to the class or function it names: the only import by name in dlrun."""

from __future__ import annotations

import importlib
from typing import Any

from dlrun.errors import UsageError
from dlrun.registry.entry import Entry


def load(entry: Entry) -> Any:
    """Import what an entry stands for.

    Raises:
        UsageError: if the import fails; the message names the package that brought the entry.
    """
    module, _, attributes = entry.reference.partition(":")
    if entry.origin == "dlrun":
        return getattr(importlib.import_module(module), attributes)
    try:
        target = importlib.import_module(module)
        for attribute in attributes.split("."):
            target = getattr(target, attribute)
    except (Exception, SystemExit) as problem:  # other people's module code, which may do anything
        reason = f"{type(problem).__name__}: {problem}"
        message = f"'{entry.name}' of package '{entry.origin}' cannot be loaded from '{entry.reference}': {reason}"
        raise UsageError(message, hint=f"reinstall or update '{entry.origin}'") from problem
    return target
