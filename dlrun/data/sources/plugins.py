"""Data sets that an installed package offers."""

from __future__ import annotations

import inspect

from dlrun.data import catalogue
from dlrun.data.dataset import Dataset
from dlrun.errors import DataError, DlrunError, Problem, SpecError
from dlrun.spec.sources import PluginSource

FILE_KINDS = ("csv", "parquet", "npz", "npy", "image_folder")


def load(source: PluginSource) -> Dataset:
    """Call the plugin with the spec's options.

    Raises:
        SpecError: no installed package offers this source, or it does not take the options.
        DataError: the plugin fails, or returns something else than a `Dataset`.
    """
    from dlrun.registry.loading import load as import_entry
    from dlrun.registry.nearest import nearest
    from dlrun.registry.plugins import plugin_datasets

    offered = plugin_datasets()
    if source.source not in offered:
        close = nearest(source.source, [*catalogue.SOURCES, *FILE_KINDS, *offered])
        hint = f"did you mean '{close}'?" if close else "`dlrun list datasets` names them all"
        raise SpecError([Problem(f"there is no data source '{source.source}'", ("dataset", "source"), hint)])
    make = import_entry(offered[source.source])
    # Options are compared first, so a TypeError from within the plugin is not taken for a wrong option.
    try:
        inspect.signature(make).bind(**source.options)
    except (TypeError, ValueError) as error:
        raise SpecError([Problem(f"the data source '{source.source}' {error}", ("dataset",))]) from error
    try:
        dataset = make(**source.options)
    except DlrunError:
        raise
    except Exception as error:  # other people's code, which may raise anything
        raise DataError(f"the plugin '{source.source}' failed: {type(error).__name__}: {error}") from error
    if not isinstance(dataset, Dataset):
        raise DataError(f"the plugin '{source.source}' returned {type(dataset).__name__}, not a dlrun Dataset")
    return dataset
