"""Inputs that are mapped from an npy file, and axes of images and video: the same as in memory, and never copied."""

from __future__ import annotations

import tracemalloc
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun import fingerprint
from dlrun.data import chunks, fit_steps, inspect, load_dataset, record_hashes
from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset
from dlrun.data.gaps import misses_any
from dlrun.data.layout import axes_of
from dlrun.data.row_hashes import hash_rows
from dlrun.errors import DataError
from dlrun.models import input_facts
from dlrun.spec.sources import NpySource, NpzSource
from dlrun.spec.steps import Normalise

RANDOM = np.random.default_rng(3)


def load_npy(folder: Path, x: Any, y: Any, **options: Any) -> Dataset:
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    return load_dataset(NpySource(source="npy", path=str(folder / "x.npy"), targets=str(folder / "y.npy"), **options))


def is_mapped(array: Any) -> bool:
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["f4", "f8", "u1", "?"])
def test_npy_inputs_are_mapped_and_mean_what_an_array_in_memory_means(tmp_path: Path, kind: str, order: Any) -> None:
    x = np.asarray(RANDOM.normal(0.5, 1, (50, 6)) > 0, kind, order=order)
    y = np.arange(50.0)

    dataset = load_npy(tmp_path, x, y)

    plain = assemble("x", "regression", x.astype(np.uint8) if kind == "?" else x, y)
    assert is_mapped(dataset.inputs)
    assert dataset.fingerprint == plain.fingerprint
    assert inspect(dataset, np.arange(40)) == inspect(plain, np.arange(40))
    np.testing.assert_array_equal(dataset.hashes, plain.hashes)
    np.testing.assert_array_equal(record_hashes(dataset, np.arange(9)), record_hashes(plain, np.arange(9)))


def test_numbers_in_another_byte_order_are_read_as_a_whole(tmp_path: Path) -> None:
    x = RANDOM.normal(size=(5, 2))

    dataset = load_npy(tmp_path, x.astype(">f8"), np.arange(5.0) / 7)

    assert not is_mapped(dataset.inputs)
    np.testing.assert_array_equal(dataset.inputs, x)


@pytest.mark.parametrize("gap", [np.nan, np.inf])
def test_values_that_no_model_takes_are_found_in_any_part(
    tmp_path: Path, gap: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_CELLS", 8)
    x = np.zeros((30, 2, 2))
    x[[17, 29], 1, 1] = gap

    if np.isinf(gap):
        with pytest.raises(DataError, match="infinite in rows 18, 30"):
            load_npy(tmp_path, x, np.arange(30.0))
    else:
        dataset = load_npy(tmp_path, x, np.arange(30.0))
        assert misses_any(dataset)
        with pytest.raises(DataError, match="missing after the last step: in 2 of 30 rows"):
            fit_steps([], dataset, np.arange(20)).apply(np.arange(30))


@pytest.mark.parametrize("shape", [(60, 5), (60, 4, 3), (60, 4, 3, 2)])
@pytest.mark.parametrize("kind", ["f4", "u1", "i8"])
def test_parts_of_any_size_give_the_same_figures(
    shape: tuple[int, ...], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = RANDOM.normal(100, 30, shape).astype(kind)
    dataset, rows = assemble("x", "regression", x, np.arange(60.0)), np.arange(7, 60)
    whole = asdict(inspect(dataset, rows)), input_facts(x, rows), hash_rows(x, dataset.targets)

    monkeypatch.setattr(chunks, "CHUNK_CELLS", 31)
    summary, facts, hashes = asdict(inspect(dataset, rows)), input_facts(x, rows), hash_rows(x, dataset.targets)

    for feature, other in zip(summary.pop("features"), whole[0].pop("features"), strict=True):
        figures = {key: feature.pop(key) for key in ("mean", "std")}  # sums of parts, to the last digits
        assert figures == pytest.approx({key: other.pop(key) for key in ("mean", "std")}, rel=1e-12)
        assert feature == other
    assert (summary, facts) == whole[:2]
    np.testing.assert_array_equal(hashes, whole[2])


def test_nothing_that_looks_at_all_rows_copies_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_CELLS", 1 << 14)
    x = RANDOM.normal(size=(4000, 500)).astype(np.float32)  # 8 MB
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", np.arange(4000.0))
    source = NpySource(source="npy", path=str(tmp_path / "x.npy"), targets=str(tmp_path / "y.npy"))
    load_dataset(source)  # what is imported on the way is not counted

    tracemalloc.start()
    dataset = load_dataset(source)
    rows = np.arange(4000)
    inspect(dataset, rows)
    record_hashes(dataset, rows)
    fit_steps([Normalise()], dataset, rows)
    input_facts(dataset.inputs, rows)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < x.nbytes / 4


def test_the_fingerprint_does_not_depend_on_how_values_lie_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    x = RANDOM.integers(0, 255, (9, 3, 5, 4), np.uint8)
    monkeypatch.setattr(fingerprint, "CHUNK_BYTES", 100)

    turned = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, -1, 1)), 1, -1)

    assert not turned.flags.c_contiguous
    assert fingerprint.of_arrays({"x": turned}) == fingerprint.of_arrays({"x": x})
    assert fingerprint.of_arrays({"x": np.float32(3)[None][0:1]}) == fingerprint.of_arrays({"x": np.full(1, 3, "f4")})


@pytest.mark.parametrize("shape", [(6, 3, 4, 5), (6, 3, 2, 4, 5)])
def test_channels_may_come_first_and_are_read_last_without_a_copy(tmp_path: Path, shape: tuple[int, ...]) -> None:
    x = RANDOM.integers(0, 255, shape, np.uint8)

    mapped = load_npy(tmp_path, x, np.arange(6.0) / 7, channels="first")
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(6.0) / 7)
    packed = load_dataset(NpzSource(source="npz", path=(str(tmp_path / "a.npz"),), channels="first"))

    assert is_mapped(mapped.inputs)
    for dataset in (mapped, packed):
        np.testing.assert_array_equal(dataset.inputs, np.moveaxis(x, 1, -1))
    assert axes_of(mapped.inputs)[-1] == "channels"


def test_a_row_is_the_same_record_wherever_its_channels_lie(tmp_path: Path) -> None:
    x = RANDOM.integers(0, 255, (6, 3, 4, 5), np.uint8)

    # Which axis means what is the spec's affair; the ledger of looks knows what stands in the file.
    first = load_npy(tmp_path, x, np.arange(6.0) / 7, channels="first")
    last = load_npy(tmp_path, x, np.arange(6.0) / 7)

    np.testing.assert_array_equal(record_hashes(first, np.arange(6)), record_hashes(last, np.arange(6)))


def test_inputs_without_channels_cannot_have_them_first(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the shape \(6, 3\), in which no axis is that of channels"):
        load_npy(tmp_path, np.zeros((6, 3)), np.arange(6.0) / 7, channels="first")


def test_the_axes_of_video_are_known(tmp_path: Path) -> None:
    dataset = load_npy(tmp_path, np.zeros((4, 2, 3, 3, 1), np.uint8), np.arange(4.0) / 7)

    assert axes_of(dataset.inputs) == ("samples", "frames", "height", "width", "channels")


def test_a_normalised_video_has_a_mean_a_channel(tmp_path: Path) -> None:
    x = RANDOM.normal([0, 50], [1, 9], (20, 3, 4, 5, 2)).astype(np.float32)
    dataset = load_npy(tmp_path, x, np.arange(20.0) / 7)

    (state,) = fit_steps([Normalise()], dataset, np.arange(20)).state()

    np.testing.assert_allclose(state["offset"], x.astype(float).mean(axis=(0, 1, 2, 3)), rtol=1e-9)
