"""npz and npy files: what is read, and what is refused before it is."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlrun.data import load_dataset
from dlrun.data.dataset import Dataset
from dlrun.data.sources import archives
from dlrun.errors import DataError
from dlrun.spec.sources import NpySource, NpzSource
from dlrun.untrusted import zips

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 1, 0])


def npz(path: Path, **arrays: Any) -> str:
    np.savez_compressed(path, **arrays)
    return str(path)


def load(*paths: str, **options: Any) -> Dataset:
    return load_dataset(NpzSource(source="npz", path=paths, **options))


def test_arrays_are_found_by_name(tmp_path: Path) -> None:
    dataset = load(npz(tmp_path / "a.npz", images=X.reshape(4, 3, 1), labels=Y), inputs="images", targets="labels")

    np.testing.assert_array_equal(dataset.inputs, X.reshape(4, 3, 1))
    assert (dataset.task, dataset.targets.tolist(), dataset.name) == ("binary", [0, 1, 1, 0], "a")


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<i2", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type_and_order_of_numbers_is_read(tmp_path: Path, kind: str, order: Any) -> None:
    x = np.asarray(X, dtype=kind, order=order)

    dataset = load(npz(tmp_path / "a.npz", x=x, y=Y))

    np.testing.assert_array_equal(dataset.inputs, x)
    assert dataset.inputs.dtype.isnative
    assert dataset.inputs.dtype.kind != "b"


def test_text_labels_become_classes(tmp_path: Path) -> None:
    dataset = load(npz(tmp_path / "a.npz", x=X, y=np.array(["cat", "dog", "cat", "emu"])))

    assert (dataset.task, dataset.class_names, dataset.targets.tolist()) == (
        "multiclass",
        ("cat", "dog", "emu"),
        [0, 1, 0, 2],
    )


def test_a_second_archive_is_the_test_set(tmp_path: Path) -> None:
    dataset = load(npz(tmp_path / "a.npz", x=X, y=Y), npz(tmp_path / "b.npz", x=X[:1] + 1, y=Y[:1]))

    assert (dataset.test_rows.tolist(), dataset.inputs[4].tolist()) == ([4], [1, 2, 3])


def test_npy_files_hold_inputs_and_targets(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y + 0.5)

    dataset = load_dataset(NpySource(source="npy", path=str(tmp_path / "x.npy"), targets=str(tmp_path / "y.npy")))

    np.testing.assert_array_equal(dataset.inputs, X)
    assert (dataset.task, len(dataset.files)) == ("regression", 2)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, "holds no array 'y'; there is x"),
        ({"inputs": X, "y": Y}, "holds no array 'x'; there is inputs, y"),
        ({"x": X, "y": Y[:3]}, r"inputs have 4 rows, targets have shape \(3,\)"),
        ({"x": X[:, 0], "y": Y}, r"inputs have the shape \(4,\)"),
        ({"x": X[:, :0], "y": Y}, r"inputs have the shape \(4, 0\)"),
        ({"x": X[:0], "y": Y[:0]}, "has no rows"),
        ({"x": X.astype(str), "y": Y}, "inputs are of type <U"),
        ({"x": X.astype(complex), "y": Y}, "inputs are of type complex128"),
        ({"x": np.where(X == 4, np.inf, X), "y": Y}, "infinite in row 2"),
        ({"x": X, "y": np.where(Y, np.nan, 0.5)}, "missing in rows 2, 3"),
        ({"x": X, "y": Y * 3}, "classes or quantities"),
        ({"x": X, "y": np.zeros((4, 2, 2))}, "expected numbers or texts of shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(npz(tmp_path / "a.npz", **arrays))


def test_object_arrays_are_refused_and_not_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (open, (str(tmp_path / "sprung"), "w"))

    objects = np.array([Trap(), Trap(), Trap(), Trap()], object).reshape(4, 1)
    np.savez(tmp_path / "a.npz", x=objects, y=Y)
    np.save(tmp_path / "x.npy", objects)
    np.save(tmp_path / "y.npy", Y)

    with pytest.raises(DataError, match="Python objects, and reading those can run code"):
        load(str(tmp_path / "a.npz"))
    with pytest.raises(DataError, match="Python objects"):
        load_dataset(NpySource(source="npy", path=str(tmp_path / "x.npy"), targets=str(tmp_path / "y.npy")))
    assert not (tmp_path / "sprung").exists()


def headed(shape: str, kind: str) -> bytes:
    """An npy file with a header of a stranger's and 480 bytes behind it."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(480)


@pytest.mark.parametrize("read", [archives.read_npy, archives.map_npy])
@pytest.mark.parametrize(
    ("shape", "kind", "words"),
    [
        ("(30, ((4)", "<f4", "is damaged"),  # NumPy reads headers as Python, and lets go of its tokenizer's error
        ("(-1, 4)", "<f4", "is damaged"),
        ("(1000000000000,)", "<f4", "is cut short"),
        ("(1000000000000,)", "<U0", "values without content"),
        ("(1000000000000,)", "V0", "values without content"),
    ],
)
def test_a_header_of_a_strangers_takes_no_memory(
    tmp_path: Path, read: Callable[[Path], Any], shape: str, kind: str, words: str
) -> None:
    (tmp_path / "x.npy").write_bytes(headed(shape, kind))

    with pytest.raises(DataError, match=words):
        read(tmp_path / "x.npy")


def test_a_type_named_as_old_numpy_did_is_read_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(headed("(4,)", "|a3"))

    assert archives.read_npy(tmp_path / "x.npy").tolist() == [b""] * 4


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "SMALL_BYTES", 1 << 16)
    path = npz(tmp_path / "a.npz", x=np.zeros((1000, 1000)), y=np.arange(1000) / 7)

    with pytest.raises(DataError, match=r"would unpack from .* to 8,000,\d+ bytes"):
        load(path)


def test_a_zip_bomb_that_lies_about_its_packed_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "SMALL_BYTES", 1 << 16)
    path = npz(tmp_path / "a.npz", x=np.zeros((1000, 1000)), y=np.arange(1000) / 7)
    content = bytearray(Path(path).read_bytes())
    entry = content.index(b"PK\x01\x02")  # of x, the first in the directory at the archive's end
    content[entry + 20 : entry + 24] = (1_000_000).to_bytes(4, "little")
    Path(path).write_bytes(content)

    with pytest.raises(DataError, match=r"would unpack from \d{1,2},\d+ to 8,000,\d+ bytes"):
        load(path)


def test_an_honest_archive_of_that_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "SMALL_BYTES", 1 << 16)
    x = np.random.default_rng(0).normal(size=(1000, 100))

    assert load(npz(tmp_path / "a.npz", x=x, y=np.arange(1000) / 7)).rows == 1000


def lying_header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue() + b"\0" * 64


@pytest.mark.parametrize("shape", [(1 << 20, 3), (1 << 40, 3), (9, 1)])
def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", lying_header(shape))
    (tmp_path / "x.npy").write_bytes(lying_header(shape))
    np.save(tmp_path / "y.npy", Y)

    with pytest.raises(DataError, match=r"cut short|would take"):
        load(str(tmp_path / "a.npz"))
    with pytest.raises(DataError, match=r"cut short|would take"):
        load_dataset(NpySource(source="npy", path=str(tmp_path / "x.npy"), targets=str(tmp_path / "y.npy")))


def test_every_truncation_of_an_archive_is_refused(tmp_path: Path) -> None:
    whole = Path(npz(tmp_path / "a.npz", x=X, y=Y)).read_bytes()

    for length in (1, 10, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        with pytest.raises(DataError, match="is damaged, or not what its name says"):
            load(str(tmp_path / "cut.npz"))


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(struct.pack("<d", 7.0))] ^= 1
    (tmp_path / "a.npz").write_bytes(content)

    with pytest.raises(DataError, match="CRC"):
        load(str(tmp_path / "a.npz"))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_checksum_of_a_packed_array_is_compared_too(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "a.npz", x=X, y=Y)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(b"PK\x01\x02") + 16] ^= 1  # the checksum of x, as the archive's directory has it
    (tmp_path / "a.npz").write_bytes(content)

    with pytest.raises(DataError, match="CRC"):
        load(str(tmp_path / "a.npz"))


def test_the_checksum_covers_what_stands_behind_the_array(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, values in (("x", X), ("y", Y)):
            stream = io.BytesIO()
            np.save(stream, values)
            archive.writestr(f"{name}.npy", stream.getvalue() + b"spare" * 10_000)  # more than zipfile reads ahead
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(struct.pack("<d", 7.0))] ^= 1
    (tmp_path / "a.npz").write_bytes(content)

    with pytest.raises(DataError, match="CRC"):
        load(str(tmp_path / "a.npz"))


def test_arrays_that_do_not_belong_in_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = npz(tmp_path / "a.npz", x=X, y=Y)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", X[:, 0])
    monkeypatch.setattr(zips, "MAX_BYTES", X[:, 0].nbytes - 1)

    with pytest.raises(DataError, match="would unpack from"):
        load(packed)
    with pytest.raises(DataError, match=r"y.npy' would take 32 bytes; at most 31 are read"):
        load_dataset(NpySource(source="npy", path=str(tmp_path / "x.npy"), targets=str(tmp_path / "y.npy")))


def test_a_folder_with_the_name_of_an_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").mkdir()

    with pytest.raises(DataError, match="is a folder"):
        load(str(tmp_path / "a.npz"))


def test_a_misspelt_array_gets_a_suggestion(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", images=X, labels=Y)

    with pytest.raises(DataError, match=r"no array 'imges'(?s:.)*did you mean 'images'"):
        load(path, inputs="imges", targets="labels")


def test_one_hot_targets_of_an_archive_are_labels_until_the_task_says_classes(tmp_path: Path) -> None:
    source = NpzSource(source="npz", path=(npz(tmp_path / "a.npz", x=X, y=np.eye(4)[:, :2] + np.eye(4)[:, 2:]),))

    assert load_dataset(source).task == "multilabel"
    assert load_dataset(source, task="multiclass").targets.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "content", [b"\x93NUMPY\x01\x00\x10", b"\x93NUMPY\x07\x00\x10\x00{}", b"text\n" * 50, b"\x80\x02cos\nsystem\n."]
)
def test_a_damaged_npy_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    np.save(tmp_path / "y.npy", Y)

    with pytest.raises(DataError, match="is damaged, or not what its name says"):
        load_dataset(NpySource(source="npy", path=str(tmp_path / "x.npy"), targets=str(tmp_path / "y.npy")))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [(X[:, :2], Y, "a row of inputs"), (X, np.eye(4), "a row of targets"), (X, Y.astype(str), "targets are int64")],
)
def test_a_test_archive_of_another_form_is_refused(tmp_path: Path, x: Any, y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(npz(tmp_path / "a.npz", x=X, y=Y), npz(tmp_path / "b.npz", x=x, y=y))


def test_inputs_as_their_own_targets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the same array 'x'"):
        load(npz(tmp_path / "a.npz", x=X, y=Y), targets="x")


def test_missing_inputs_stay_for_inspection(tmp_path: Path) -> None:
    x = np.where(X == 4, np.nan, X)

    assert np.isnan(load(npz(tmp_path / "a.npz", x=x, y=Y)).inputs).sum() == 1
