"""Names that a spec may use, and what they stand for: immutable tables, readable without TensorFlow.

A table maps names to references such as "keras.layers:Dense". Nothing is registered by importing: Keras's names come
from the generated signatures.json (`python -m dlrun.registry.generate` after a change of Keras), dlrun's own metrics
from `builtin`, plugins from the entry points of installed packages. Only `load` and `instantiate` import Keras.
"""

from dlrun.registry.build import instantiate
from dlrun.registry.calls import Call, positional, read_call
from dlrun.registry.check import check_call
from dlrun.registry.entry import KINDS, Entry, Parameter
from dlrun.registry.loading import load
from dlrun.registry.lookup import registry
from dlrun.registry.nearest import nearest
from dlrun.registry.plugins import plugin_datasets
from dlrun.registry.plugins import read as read_entry
from dlrun.registry.spelling import american, british
from dlrun.registry.table import Registry

__all__ = [
    "KINDS",
    "Call",
    "Entry",
    "Parameter",
    "Registry",
    "american",
    "british",
    "check_call",
    "instantiate",
    "load",
    "nearest",
    "plugin_datasets",
    "positional",
    "read_call",
    "read_entry",
    "registry",
]
