"""Puts built-in entries and plugins together: one registry for each kind."""

from __future__ import annotations

from functools import cache

from dlrun.registry.builtin import builtin
from dlrun.registry.entry import KINDS
from dlrun.registry.plugins import plugins
from dlrun.registry.table import Registry


@cache
def registry(kind: str) -> Registry:
    """Return the names of one of `KINDS`: dlrun's own, Keras's, and those of installed plugins.

    Raises:
        KeyError: if there is no such kind.
        UsageError: if a plugin has the name of a built-in entry, or two packages give the same name.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    own = builtin(kind)
    return Registry((*own, *plugins(kind, own)))
