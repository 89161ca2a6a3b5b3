"""Targets that are made from sequences: the last step, to be forecast from those before."""

from __future__ import annotations

from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import load_dataset, record_hashes
from dlrun.data.dataset import Array
from dlrun.errors import DataError, SpecError
from dlrun.spec import load_spec
from dlrun.spec.sources import NpySource, NpzSource


def npz(folder: Path, x: Array, **options: Any) -> NpzSource:
    np.savez(folder / "a.npz", x=x)
    return NpzSource(source="npz", path=(str(folder / "a.npz"),), next_step=True, **options)


def owner(array: Any) -> Any:
    """Whose memory an array looks at."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array


VIDEO = np.random.default_rng(1).random((5, 4, 3, 2, 1)).astype(np.float32)


def test_the_last_frame_is_the_target_and_the_one_before_its_forecast(tmp_path: Path) -> None:
    dataset = load_dataset(npz(tmp_path, VIDEO))

    assert dataset.task == "forecasting"
    np.testing.assert_array_equal(dataset.inputs, VIDEO[:, :3])
    np.testing.assert_array_equal(dataset.targets, VIDEO[:, 3].reshape(5, 6))
    (before,) = dataset.forecasts
    assert before.name == "last_value"
    np.testing.assert_array_equal(before.values, VIDEO[:, 2].reshape(5, 6))


def test_a_file_of_one_array_is_mapped_and_gives_the_same(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VIDEO)
    mapped = load_dataset(NpySource(source="npy", path=str(tmp_path / "x.npy"), next_step=True))

    dataset = load_dataset(npz(tmp_path, VIDEO))

    assert isinstance(owner(mapped.inputs), mmap)
    np.testing.assert_array_equal(mapped.inputs, dataset.inputs)
    np.testing.assert_array_equal(mapped.targets, dataset.targets)
    rows = np.arange(5)
    np.testing.assert_array_equal(record_hashes(mapped, rows), record_hashes(dataset, rows))


def test_sequences_of_numbers_have_one_number_for_a_target(tmp_path: Path) -> None:
    dataset = load_dataset(npz(tmp_path, np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]])))

    assert dataset.inputs.tolist() == [[1, 2], [4, 5]]
    assert dataset.targets.tolist() == [3, 9]
    assert dataset.forecasts[0].values.tolist() == [2, 5]


def test_channels_that_come_first_are_put_last_before_steps_are_told_apart(tmp_path: Path) -> None:
    dataset = load_dataset(npz(tmp_path, np.moveaxis(VIDEO, -1, 1), channels="first"))

    np.testing.assert_array_equal(dataset.targets, VIDEO[:, 3].reshape(5, 6))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((4, 1, 2)), "at least two steps"),
        (np.array([[1, 2, np.nan], [1, 2, 3], [1, 2, np.nan]]), "is missing in rows 1, 3 (of 3)"),
    ],
)
def test_sequences_without_a_last_step_are_refused(tmp_path: Path, x: Array, message: str) -> None:
    with pytest.raises(DataError) as caught:
        load_dataset(npz(tmp_path, x))

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("dataset: {source: npz, path: a.npz, targets: z, next_step: true}", "the last step of each row is the target"),
        ("task: autoencoder\ndataset: {source: npz, path: a.npz, next_step: true}", "an autoencoder's targets are its"),
        ("dataset: {source: npy, path: a.npy}", "'targets' is missing"),
    ],
)
def test_two_kinds_of_targets_at_once_are_refused(tmp_path: Path, spec: str, message: str) -> None:
    (tmp_path / "spec.yaml").write_text(f"{spec}\nlayers: [Flatten]\n")

    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path / "spec.yaml")

    assert message in str(caught.value)
