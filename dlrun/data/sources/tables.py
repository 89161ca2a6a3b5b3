"""CSV and Parquet files: which columns are inputs and which are targets, and one matrix of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlrun.data import scratch, targets
from dlrun.data.assembly import assemble
from dlrun.data.dataset import Array, Dataset, Task, TextRows
from dlrun.data.roles import NAMED
from dlrun.data.sources import columns, csv_files, parquet_files
from dlrun.data.sources.files import examine_all
from dlrun.data.sources.table_matrix import Table, fill, matrix_of
from dlrun.data.sources.table_records import table_records
from dlrun.data.texts import is_number
from dlrun.errors import DataError
from dlrun.spec.sources import ParquetSource, TableSource

if TYPE_CHECKING:
    import pandas as pd


def load(source: TableSource | ParquetSource, task: Task | None, roles: tuple[str, ...] = ()) -> Dataset:
    """Load a table; a second file is the provided test set, its columns found by name.

    Args:
        source: names files and columns; paths are absolute.
        task: what the spec says of the targets; None to find out.
        roles: columns for evaluation: no inputs unless ``features`` names them; they land in ``columns``.

    Returns:
        Inputs (rows, features) float64, NaN where a value is missing; texts as codes, listed in ``categories``. Above
        1 GiB they are mapped from a scratch file, to which the numbers of Parquet files go a part at a time. With
        ``text``, texts.

    Raises:
        DataError: a file cannot be read or has changed, a column is missing or holds what no model takes, or the
            targets are not what the task says.
    """
    files = examine_all(source.path, source.sha256)
    left = _left_in_files(source, roles)
    frames = [_read(source, path, left) for path in source.path]
    names = [_names(path, frame, left) for path, frame in zip(source.path, frames, strict=True)]
    features = _features(source, roles, names[0])
    inputs = [source.text] if source.text else features
    parts = [
        _plain_columns(frame, [*(name for name in inputs if name not in left), *source.target], path)
        for frame, path in zip(frames, source.path, strict=True)
    ]
    table = {name: columns.join([part[name] for part in parts], name, source.path) for name in parts[0]}
    matrix = matrix_of(table, features, sum(map(len, frames)), f"the inputs of '{source.path[0]}'")
    if left:
        fill(matrix.values, source.path, left, features)
    test_from = len(frames[0]) if len(frames) == 2 else None
    if task == "autoencoder":  # target columns, if the spec names any, are only kept out of the inputs
        made = targets.made_by_folds(len(matrix.values))
    else:
        made = targets.encode([targets.TargetColumn(name, table[name]) for name in source.target], task, test_from)
    return assemble(
        Path(source.path[0]).stem,
        made.task,
        matrix.values if source.text is None else _texts(table[source.text], source.text),
        made.values,
        test_from=test_from,
        feature_names=tuple(features),
        target_names=source.target,
        class_names=made.class_names,
        categories=matrix.categories,
        ids=_ids(frames, source),
        columns=_columns(frames, source, roles),
        records=table_records(frames, features, matrix.values, matrix.categories, names),
        files=files,
        notes=matrix.notes,
    )


def _read(source: TableSource | ParquetSource, path: str, left: Sequence[str]) -> pd.DataFrame:
    if isinstance(source, TableSource):
        return csv_files.read(path, csv_files.CsvForm(source.header, source.separator, source.missing))
    return parquet_files.read(path, left)


def _names(path: str, frame: pd.DataFrame, left: Sequence[str]) -> Sequence[str]:
    """Name all columns of a file, those that were left in it too."""
    return parquet_files.read_head(path).names if left else list(frame.columns)


def _left_in_files(source: TableSource | ParquetSource, roles: Sequence[str]) -> tuple[str, ...]:
    """Name the inputs that are not read with all else: numbers of Parquet files that are large as a matrix."""
    if isinstance(source, TableSource):
        return ()
    heads = [parquet_files.read_head(path) for path in source.path]
    features = _features(source, roles, list(heads[0].names))
    if 8 * sum(head.rows for head in heads) * len(features) <= scratch.IN_MEMORY:
        return ()
    numbers = frozenset.intersection(*(head.numbers for head in heads))
    return tuple(name for name in features if name in numbers and name not in roles)


def _features(source: TableSource | ParquetSource, roles: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the names of the input columns (none beside a text), after checking every name that the spec has."""
    text = () if source.text is None else (source.text,)
    options = {"target": source.target, "features": source.features or (), "ids": source.ids, "text": text}
    for option, wanted in options.items():
        _require(wanted, names, f"{option} of the spec", source.path[0])
        if len(set(wanted)) < len(wanted):
            raise DataError(f"`{option}` names a column twice: {', '.join(wanted)}")
    _require(roles, names, NAMED, source.path[0])
    if twice := set(source.target) & set(roles):
        raise DataError(f"'{min(twice)}' ({NAMED}) is the target: what is predicted must not decide the split")
    if text and source.features:
        raise DataError("`text` is the input alone, and `features` names inputs too", hint="leave one of them out")
    if twice := set(source.target) & {*source.ids, *(source.features or ()), *text}:
        raise DataError(f"'{min(twice)}' cannot be a target and an input or an id at the same time")
    if twice := set(source.ids) & {*(source.features or ()), *text}:
        raise DataError(f"'{min(twice)}' cannot be an input and an id at the same time")
    if text:
        return []
    if source.features is not None:  # in the spec's order, which decides the order of the inputs
        features = list(source.features)
    else:
        features = [name for name in names if name not in {*source.target, *source.ids, *roles}]
    if not features:
        raise DataError(f"'{source.path[0]}' has no columns left for the inputs")
    return features


def _require(wanted: Iterable[str], names: Sequence[str], what: str, path: str) -> None:
    from dlrun.registry.nearest import nearest

    for name in wanted:
        if name not in names:
            close = nearest(name, names)
            # Numbers for names: the first row of data was taken for a header.
            if not close and name.isdigit() and all(is_number(known) for known in names):
                raise DataError(
                    f"'{path}' has no column '{name}' ({what})", hint="without a header, say `header: false`"
                )
            listed = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
            raise DataError(
                f"'{path}' has no column '{name}' ({what})",
                hint=(f"did you mean '{close}'? " if close else "") + f"its columns: {listed}",
            )


def _plain_columns(frame: pd.DataFrame, names: Sequence[str], path: str) -> Table:
    _require(names, list(frame.columns), "as in the first file", path)
    return {name: columns.plain(frame[name], f"column '{name}' of '{path}'") for name in names}


def _ids(frames: Sequence[pd.DataFrame], source: TableSource | ParquetSource) -> dict[str, Array]:
    """Return the columns that name rows, as texts, the test file's below those of the first."""
    for frame, path in zip(frames, source.path, strict=True):
        _require(source.ids, list(frame.columns), "as in the first file", path)
    return {name: np.concatenate([frame[name].astype(str).to_numpy(object) for frame in frames]) for name in source.ids}


def _columns(
    frames: Sequence[pd.DataFrame], source: TableSource | ParquetSource, roles: Sequence[str]
) -> dict[str, Array]:
    """Return the columns that evaluation names, the test file's values below those of the first."""
    read: dict[str, list[Array]] = {name: [] for name in roles}
    for frame, path in zip(frames, source.path, strict=True):
        _require(roles, list(frame.columns), NAMED, path)
        for name in roles:
            read[name].append(columns.raw(frame[name], f"column '{name}' ({NAMED}) of '{path}'"))
    return {name: columns.join(parts, name, source.path) for name, parts in read.items()}


def _texts(values: Array, name: str) -> TextRows:
    """Take a column of texts as the inputs."""
    if not columns.is_text(values):
        raise DataError(f"column '{name}' (text of the spec) holds numbers; expected texts")
    if (missing := np.array([value is None for value in values], bool)).any():
        raise DataError(
            f"column '{name}' (text of the spec) has no text in {targets.rows_text(missing)}",
            hint="take these rows out; in a CSV file, `missing: []` makes an empty text of an empty cell",
        )
    return TextRows.of(values.tolist())
