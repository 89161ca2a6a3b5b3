"""CIFAR, on small archives of the real form: batches pickled as Python 2 did."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import cache, catalogue, load_dataset
from dlrun.data.sources import cifar, unpickling
from dlrun.errors import DataError
from dlrun.spec.sources import ArraySource, Cifar100Source


def python2_text(text: bytes) -> bytes:
    return b"T" + struct.pack("<i", len(text)) + text


def python2_array(array: np.ndarray) -> bytes:
    """Pickle a 2-D array of bytes as NumPy 1 under Python 2 did, flags as 0 and 1 and all."""
    shape = b"".join(b"J" + struct.pack("<i", length) for length in array.shape) + b"\x86"
    made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
    kind = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return made + b"(K\x01" + shape + kind + b"\x89" + python2_text(array.tobytes()) + b"tb"


def python2_list(values: list[Any]) -> bytes:
    items = [python2_text(item) if isinstance(item, bytes) else b"K" + bytes([item]) for item in values]
    return b"](" + b"".join(items) + b"e"


def python2_dict(content: dict[bytes, Any]) -> bytes:
    pairs = (
        python2_text(key) + (python2_array(value) if isinstance(value, np.ndarray) else python2_list(value))
        for key, value in content.items()
    )
    return b"\x80\x02}(" + b"".join(pairs) + b"u."


def archive(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def batch(rows: int, first: int, key: bytes = b"labels") -> bytes:
    pixels = (np.arange(rows * 3072) + first).reshape(rows, 3072).astype(np.uint8)
    return python2_dict({b"data": pixels, key: [row % 2 for row in range(rows)]})


def cifar10_members() -> dict[str, bytes]:
    members = {f"cifar-10-batches-py/data_batch_{number}": batch(2, number) for number in range(1, 6)}
    members["cifar-10-batches-py/test_batch"] = batch(3, 9)
    members["cifar-10-batches-py/batches.meta"] = python2_dict({b"label_names": [b"airplane", b"frog"]})
    return members


def install(name: str, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    source = catalogue.SOURCES[name]
    file = replace(source.files[0], bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    cache.path_of(file).write_bytes(content)
    monkeypatch.setitem(catalogue.SOURCES, name, replace(source, files=(file,)))


def test_batches_become_pictures_with_channels_last(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install("cifar10", archive(cifar10_members()), monkeypatch)

    dataset = load_dataset(ArraySource(source="cifar10"))

    assert dataset.inputs.shape == (13, 32, 32, 3)
    # Batch 1 counts up from 1: red is the first 1024 values, row by row; green follows.
    assert dataset.inputs[0, 0, 5, 0] == 6
    assert dataset.inputs[0, 2, 5, 1] == (1 + 1024 + 2 * 32 + 5) % 256
    assert dataset.class_names == ("airplane", "frog")
    assert dataset.targets.tolist() == [0, 1] * 5 + [0, 1, 0]
    assert dataset.test_rows.tolist() == [10, 11, 12]


@pytest.mark.tensorflow
def test_a_batch_is_read_as_keras_reads_it(tmp_path: Path) -> None:
    from keras.src.datasets.cifar import load_batch

    (tmp_path / "batch").write_bytes(batch(2, 3))
    with warnings.catch_warnings(action="ignore"):  # Keras rebuilds old dtypes in a way that NumPy warns about
        pixels, labels = load_batch(str(tmp_path / "batch"))

    ours = unpickling.load((tmp_path / "batch").read_bytes(), "batch")

    np.testing.assert_array_equal(ours[b"data"].reshape(-1, 3, 32, 32), pixels)
    assert ours[b"labels"] == labels


@pytest.mark.parametrize(("mode", "expected"), [("fine", ("apple", "bee")), ("coarse", ("fruit", "insects"))])
def test_cifar100_has_fine_and_coarse_labels(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, mode: str, expected: tuple[str, ...]
) -> None:
    key = f"{mode}_labels".encode()
    meta = {b"fine_label_names": [b"apple", b"bee"], b"coarse_label_names": [b"fruit", b"insects"]}
    members = {"train": batch(4, 0, key), "test": batch(2, 0, key), "meta": python2_dict(meta)}
    install("cifar100", archive({f"cifar-100-python/{name}": part for name, part in members.items()}), monkeypatch)

    dataset = load_dataset(Cifar100Source(source="cifar100", label_mode=mode))

    assert (dataset.class_names, dataset.rows, len(dataset.test_rows)) == (expected, 6, 2)


def test_members_elsewhere_in_the_archive_are_not_read(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = cifar10_members()
    members["../test_batch"] = members.pop("cifar-10-batches-py/test_batch")
    install("cifar10", archive(members), monkeypatch)

    with pytest.raises(DataError, match="lacks 'cifar-10-batches-py/test_batch'"):
        load_dataset(ArraySource(source="cifar10"))


def test_a_link_in_the_archive_is_not_followed(
    keras_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = cifar10_members()
    (tmp_path / "elsewhere").write_bytes(members.pop("cifar-10-batches-py/test_batch"))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("cifar-10-batches-py/test_batch")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "elsewhere")
        tar.addfile(link)
    install("cifar10", packed.getvalue(), monkeypatch)

    with pytest.raises(DataError, match="lacks 'cifar-10-batches-py/test_batch'"):
        load_dataset(ArraySource(source="cifar10"))


def test_oversized_members_are_refused(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install("cifar10", archive(cifar10_members()), monkeypatch)
    monkeypatch.setattr(cifar, "MAX_MEMBER_BYTES", 5000)

    with pytest.raises(DataError, match="is no CIFAR batch"):
        load_dataset(ArraySource(source="cifar10"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda members: members.update({"cifar-10-batches-py/test_batch": batch(2, 0, b"names")}), "without 'labels'"),
        (
            lambda members: members.update(
                {"cifar-10-batches-py/batches.meta": python2_dict({b"label_names": [b"a"]})}
            ),
            "labels from 0 to 1",
        ),
        (
            lambda members: members.update(
                {
                    "cifar-10-batches-py/test_batch": python2_dict(
                        {b"data": np.zeros((2, 9), np.uint8), b"labels": [0, 1]}
                    )
                }
            ),
            r"arrays of uint8 \(2, 9\) and labels \(2,\)",
        ),
        (
            lambda members: members.update(
                {
                    "cifar-10-batches-py/test_batch": python2_dict(
                        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [0, 1, 1]}
                    )
                }
            ),
            r"and labels \(3,\)",
        ),
        (
            lambda members: members.update({"cifar-10-batches-py/test_batch": b"\x80\x02" + python2_list([1]) + b"."}),
            "without 'data'",
        ),
        (lambda members: members.update({"cifar-10-batches-py/data_batch_1": b"\x80\x02}("}), "cannot be read"),
    ],
)
def test_archives_with_other_content_are_refused(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch, damage: Any, message: str
) -> None:
    members = cifar10_members()
    damage(members)
    install("cifar10", archive(members), monkeypatch)

    with pytest.raises(DataError, match=message):
        load_dataset(ArraySource(source="cifar10"))


def test_a_truncated_archive_is_refused(keras_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = archive(cifar10_members())
    install("cifar10", content[: len(content) // 2], monkeypatch)

    with pytest.raises(DataError, match="is damaged"):
        load_dataset(ArraySource(source="cifar10"))


@pytest.mark.parametrize(
    "hostile",
    [
        b"\x80\x02cos\nsystem\nU\x04trueR.",
        b"\x80\x02cbuiltins\neval\nU\x011\x85R.",
        b"\x80\x02c__main__\nx\n.",
        b"P1\n.",
    ],
)
def test_a_pickle_that_names_code_is_refused(hostile: bytes) -> None:
    with pytest.raises(DataError, match=r"names|refers"):
        unpickling.load(hostile, "the batch")
