"""Arrays that a user saved: npz archives and pairs of npy files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dlrun.data import targets
from dlrun.data.assembly import assemble
from dlrun.data.chunks import any_row, rows_where
from dlrun.data.dataset import Array, DataFile, Dataset, Task
from dlrun.data.identity import ArrayRecords
from dlrun.data.next_step import next_step
from dlrun.data.roles import NAMED, check_length, unknown_column
from dlrun.data.sources import archives, columns
from dlrun.data.sources.files import examine_all
from dlrun.errors import DataError
from dlrun.spec.sources import NpySource, NpzSource

CHANNEL_AXES = (4, 5)
"""How many axes images and video have."""

_NO_TASK: Task = "autoencoder"
"""What inputs alone make."""


def load_npz(source: NpzSource, task: Task | None, roles: tuple[str, ...] = ()) -> Dataset:
    """Load an npz archive; a second one is the provided test set.

    Args:
        source: names files and arrays; paths are absolute.
        task: what the spec says of the targets; None to find out.
        roles: arrays (rows,) for evaluation; they land in ``columns``.

    Returns:
        Inputs (rows, ...) in the file's own type, booleans as bytes.

    Raises:
        DataError: a file cannot be read or has changed, an array is missing or of a wrong shape or type, or the
            targets are not what the task says.
    """
    files = examine_all(source.path, source.sha256)
    alone = task == "autoencoder" or source.next_step
    names = (source.inputs,) if alone else (source.inputs, source.targets)
    if source.inputs == source.targets and not alone:
        raise DataError(f"inputs and targets are the same array '{source.inputs}'")
    parts = [archives.read_npz(Path(path), names) for path in source.path]
    pairs = [_pair(part[source.inputs], None if alone else part[source.targets]) for part in parts]
    dataset = _assemble(source.path, pairs, source.targets, _NO_TASK if alone else task, files, source.channels)
    if source.next_step:
        dataset = next_step(dataset)
    return replace(dataset, columns=_columns(source, roles, [len(inputs) for inputs, _ in pairs]))


def _columns(source: NpzSource, roles: tuple[str, ...], rows: Sequence[int]) -> dict[str, Array]:
    """Read the arrays that evaluation names, the test archive's values below those of the first."""
    if source.targets in roles:
        raise DataError(f"'{source.targets}' ({NAMED}) is the target: what is predicted must not decide the split")
    read: dict[str, list[Array]] = {name: [] for name in roles}
    for path, count in zip(source.path, rows, strict=True) if roles else ():
        there = [name for name in archives.names_in(Path(path)) if name not in (source.inputs, source.targets)]
        for name in roles:
            if name not in there:
                raise unknown_column(name, there, f"'{path}'")
        for name, values in archives.read_npz(Path(path), roles).items():
            where = f"column '{name}' ({NAMED}) of '{path}'"
            check_length(values, count, where)
            read[name].append(_cells(values, where))
    return {name: columns.join(parts, name, source.path) for name, parts in read.items()}


def _cells(values: Array, where: str) -> Array:
    """Return numbers and booleans as they are, texts and dates as objects (None: no date)."""
    if values.dtype.kind == "M":
        texts = np.datetime_as_string(values).astype(object)
        texts[np.isnat(values)] = None
        return texts
    if values.dtype.kind not in "biufU":
        raise DataError(f"{where} is of type {values.dtype}; expected numbers, texts or dates")
    return values.astype(object) if values.dtype.kind == "U" else values


def load_npy(source: NpySource, task: Task | None) -> Dataset:
    """Load inputs and targets of an npy file each; otherwise as `load_npz`.

    The inputs are mapped from their file, which may be larger than memory.
    """
    files = examine_all([path for path in (source.path, source.targets) if path is not None], source.sha256)
    values = None if source.targets is None else archives.read_npy(Path(source.targets))
    pair = _pair(archives.map_npy(Path(source.path)), values)
    task = _NO_TASK if source.next_step else task
    dataset = _assemble((source.path,), [pair], Path(source.targets or "").stem, task, files, source.channels)
    return next_step(dataset) if source.next_step else dataset


def _pair(inputs: Array, values: Array | None) -> tuple[Array, Array]:
    """Put inputs and targets together; where there are none yet, as many of them as there are rows, (rows, 0)."""
    return inputs, np.empty((len(inputs) if inputs.ndim else 0, 0)) if values is None else values


def _assemble(
    paths: tuple[str, ...],
    pairs: list[tuple[Array, Array]],
    target_name: str,
    task: Task | None,
    files: tuple[DataFile, ...],
    channels: str,
) -> Dataset:
    for path, (inputs, values) in zip(paths, pairs, strict=True):
        _check_inputs(path, inputs, channels)
        if values.ndim == 0 or len(values) != len(inputs):
            raise DataError(f"'{path}': inputs have {len(inputs):,} rows, targets have shape {values.shape}")
        if len(inputs) == 0:
            raise DataError(f"'{path}' has no rows")
    if len(pairs) == 2:
        _check_alike(paths, pairs)
    inputs, values = (np.concatenate(part) if len(pairs) == 2 else part[0] for part in zip(*pairs, strict=True))
    test_from = len(pairs[0][0]) if len(pairs) == 2 else None
    if task == "autoencoder":
        made = targets.made_by_folds(len(inputs))
    else:
        made = targets.encode(targets.columns_of(values, target_name), task, test_from)
    return assemble(
        Path(paths[0]).stem,
        made.task,
        _as_taken(inputs, channels),
        made.values,
        test_from=test_from,
        class_names=made.class_names,
        files=files,
        # The targets as they are in the file: the number of a class depends on which others there are.
        records=ArrayRecords(inputs, values),
    )


def _as_taken(inputs: Array, channels: str) -> Array:
    """Take booleans for bytes and put the channels last, both without a copy."""
    numbers = inputs.view(np.uint8) if inputs.dtype == bool else inputs
    return np.moveaxis(numbers, 1, -1) if channels == "first" else numbers


def _check_inputs(path: str, inputs: Array, channels: str) -> None:
    if inputs.dtype.kind not in "biuf":
        raise DataError(f"'{path}': the inputs are of type {inputs.dtype}; expected numbers")
    if inputs.ndim < 2 or 0 in inputs.shape[1:]:
        hint = "one column of numbers has the shape (rows, 1): `x.reshape(-1, 1)`" if inputs.ndim == 1 else None
        raise DataError(f"'{path}': the inputs have the shape {inputs.shape}; expected (rows, ...)", hint=hint)
    if channels == "first" and inputs.ndim not in CHANNEL_AXES:
        raise DataError(
            f"'{path}': the inputs have the shape {inputs.shape}, in which no axis is that of channels",
            hint="images have four axes, such as (rows, 3, 100, 100), and video has five; leave `channels` out",
        )
    if inputs.dtype.kind == "f" and any_row(inputs, np.isinf):
        rows = rows_where(inputs, np.isinf)
        raise DataError(f"'{path}': the inputs are infinite in {targets.rows_text(rows)}")


def _check_alike(paths: tuple[str, ...], pairs: list[tuple[Array, Array]]) -> None:
    (train, train_targets), (test, test_targets) = pairs
    for what, one, other in (("inputs", train, test), ("targets", train_targets, test_targets)):
        if one.shape[1:] != other.shape[1:]:
            raise DataError(
                f"a row of {what} has the shape {one.shape[1:]} in '{paths[0]}', but {other.shape[1:]} in '{paths[1]}'"
            )
        # NumPy would join numbers and texts without a word, as texts.
        if (one.dtype.kind in "U") != (other.dtype.kind in "U"):
            raise DataError(f"{what} are {one.dtype} in '{paths[0]}', but {other.dtype} in '{paths[1]}'")
