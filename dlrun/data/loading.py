"""From a dataset section to a `Dataset`: which source reads it, and what the run's own spec records of its files."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.data import targets
from dlrun.data.dataset import Dataset, Task
from dlrun.data.download import OnProgress, no_progress
from dlrun.data.roles import with_columns
from dlrun.errors import DataError
from dlrun.spec.sources import (
    ArraySource,
    BallSource,
    BundledSource,
    CaliforniaSource,
    Cifar100Source,
    DatasetSpec,
    GeneratedSource,
    ImageFolderSource,
    NpySource,
    NpzSource,
    ParquetSource,
    ResponseSource,
    ReviewsSource,
    SeasonalSource,
    TableSource,
    TextFolderSource,
    TimeseriesSource,
    TokenSource,
)

FILE_SOURCES = (
    *(TableSource, ParquetSource, NpzSource, NpySource),
    *(ImageFolderSource, TextFolderSource, TimeseriesSource),
)


def load_dataset(
    source: DatasetSpec,
    *,
    task: Task | None = None,
    columns: Sequence[str] = (),
    on_progress: OnProgress = no_progress,
) -> Dataset:
    """Read a data set.

    Args:
        source: where it comes from; paths in it are absolute.
        task: what the spec says of the targets; None lets the source, or the targets themselves, decide.
        columns: names that evaluation gives: columns that tell groups, times or folds apart. In a table one is no input
            unless ``features`` names it; of an archive it is an array; elsewhere it is a feature or an id.
        on_progress: hears of a download.

    Returns:
        The data, with ``columns`` filled; nothing is fitted.

    Raises:
        DataError: whatever is wrong with the data: missing, damaged, or not what the spec says.
        SpecError: a generator's option that does not exist.
    """
    roles = tuple(dict.fromkeys(columns))
    try:
        dataset = with_columns(_read(source, task, roles, on_progress), roles)
    except MemoryError as error:
        raise DataError(
            f"'{source.source}' does not fit into this machine's memory",
            hint="use fewer rows or columns, or a machine with more memory",
        ) from error
    return dataset if task is None or task == dataset.task else targets.retarget(dataset, task)


def _read(source: DatasetSpec, task: Task | None, roles: tuple[str, ...], on_progress: OnProgress) -> Dataset:
    from dlrun.data.sources import (
        arrays,
        bundled,
        cifar,
        generated,
        image_folder,
        keras_arrays,
        keras_tokens,
        made,
        plugins,
        reviews,
        tables,
        text_folders,
        timeseries,
    )

    match source:
        case TokenSource():
            return keras_tokens.load(source, on_progress)
        case ArraySource(source="cifar10"):
            return cifar.load("cifar10", "fine", on_progress)
        case Cifar100Source():
            return cifar.load("cifar100", source.label_mode, on_progress)
        case ArraySource():
            return keras_arrays.load(source.source, on_progress)
        case CaliforniaSource():
            return keras_arrays.load_california(source.version, on_progress)
        case BundledSource():
            return bundled.load(source.source)
        case GeneratedSource():
            return generated.load(source)
        case ReviewsSource():
            return reviews.load(source)
        case TextFolderSource():
            return text_folders.load(source)
        case TableSource() | ParquetSource():
            return tables.load(source, task, roles)
        case NpzSource():
            return arrays.load_npz(source, task, roles)
        case NpySource():
            return arrays.load_npy(source, task)
        case ImageFolderSource():
            return image_folder.load(source)
        case SeasonalSource():
            return made.make_series(source)
        case BallSource():
            return made.make_bouncing_ball(source)
        case ResponseSource():
            return made.make_dose_response(source)
        case TimeseriesSource():
            return timeseries.load(source)
        case _:
            return plugins.load(source)


def resolved_source(source: DatasetSpec, dataset: Dataset) -> DatasetSpec:
    """Return the source with the sha256 of the files (of a folder: one of all) that were read, for the run's spec."""
    if isinstance(source, FILE_SOURCES):
        return source.model_copy(update={"sha256": tuple(file.sha256 for file in dataset.files)})
    return source
