"""Tables and arrays of a run folder that a stranger wrote: read, or refused in words before memory is taken."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dlrun.errors import RunFolderError
from dlrun.runs import formats
from dlrun.runs.formats import load_csv, load_npz, save_csv, save_npz
from dlrun.untrusted import zips


def npy(descr: str, shape: str, content: bytes = bytes(480)) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def archive(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as stream:
        for name, content in members:
            stream.writestr(name, content)
    return path


def test_arrays_come_back_as_they_were_and_may_be_written_to(tmp_path: Path) -> None:
    arrays = {
        "dense/kernel": np.arange(6.0, dtype=np.float32).reshape(2, 3),
        "names": np.array(["α", "b"]),
        "none": np.empty((0, 3)),
        "swapped": np.arange(3, dtype=">i8"),
        "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "one": np.asarray(7),
    }
    save_npz(tmp_path / "a.npz", arrays)

    read = load_npz(tmp_path / "a.npz")

    assert list(read) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype.isnative
        assert read[name].flags.writeable


@pytest.mark.parametrize(
    "name", ["../x.npy", "/etc/x.npy", "a/../../x.npy", "..\\x.npy", "a\x1b[2J.npy", "a\u202eb.npy"]
)
def test_a_member_that_would_lie_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "a.npz", ("x.npy", npy("'<f4'", "(3,)")), (name, npy("'<f4'", "(3,)")))

    with pytest.raises(RunFolderError, match="no plain name") as refused:
        load_npz(path)
    assert refused.value.message.isprintable()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", *[("x.npy", npy("'<f4'", "(3,)"))] * 2)

    with pytest.raises(RunFolderError, match=r"more than one member 'x\.npy'"):
        load_npz(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_what_is_packed_as_we_never_pack_is_refused(tmp_path: Path, method: int) -> None:
    path = archive(tmp_path / "a.npz", ("x.npy", npy("'<f4'", "(3,)")), method=method)

    with pytest.raises(RunFolderError, match="packed in another way"):
        load_npz(path)


@pytest.mark.parametrize(
    "content",
    [
        npy("'<f4'", "(30, ((4)"),
        npy("'<f4'", "(-1, 4)"),
        npy("'<f4'", "(" + "-" * 5000 + "1,)"),
        npy("'<f4'", "(" * 300 + ")" * 300),
        npy("'<f4'", f"({'9' * 5000},)"),
        npy("[" * 90 + "'<f4'" + "]" * 90, "(1,)"),
        npy("'<f4'", "(True, 1e5)"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(1000),
        b"\x93NUMPY\x01\x00\x10",
        b"\x93NUMPY\x09\x00\x10\x00",
        npy("'<f4'", "(1000000000000,)"),
        npy("'|V0'", "(1000000000000,)"),
        npy("'<U0'", "(1000000000000,)"),
        npy("'|O'", "(1,)", b"cos\nsystem\n."),
        npy("[('a', '<f4'), ('b', '|O')]", "(1,)"),
    ],
)
def test_an_array_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = archive(tmp_path / "a.npz", ("x.npy", content))

    with pytest.raises(RunFolderError, match=r"a\.npz"):
        load_npz(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "SMALL_BYTES", 1 << 16)
    save_npz(tmp_path / "a.npz", {"zeros": np.zeros(1_000_000)})

    with pytest.raises(RunFolderError, match=r"would unpack from [\d,]+ to 8,000,\d+ bytes"):
        load_npz(tmp_path / "a.npz")


def test_many_small_members_that_are_a_bomb_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "SMALL_BYTES", 1 << 16)
    save_npz(tmp_path / "a.npz", {f"zeros{part}": np.zeros(8000) for part in range(100)})

    with pytest.raises(RunFolderError, match=r"a\.npz' would unpack from [\d,]+ to 6,4\d\d,\d+ bytes"):
        load_npz(tmp_path / "a.npz")


def test_a_list_of_members_that_takes_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_DIRECTORY", 1000)
    save_npz(tmp_path / "a.npz", {f"x{part}": np.zeros(1) for part in range(30)})

    with pytest.raises(RunFolderError, match="the list of its members takes"):
        load_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("load", [load_npz, load_csv])
def test_a_pipe_is_not_waited_for(tmp_path: Path, load: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "a")

    with pytest.raises(RunFolderError, match="is not a file"):
        load(tmp_path / "a")


def test_a_table_comes_back_as_texts(tmp_path: Path) -> None:
    save_csv(tmp_path / "a.csv", ["a", "b"], [[1, None], ["two\nlines", "\0"]])

    assert load_csv(tmp_path / "a.csv") == (["a", "b"], [["1", ""], ["two\nlines", "\0"]])


def test_a_line_that_does_not_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LONGEST_LINE", 100)
    (tmp_path / "a.csv").write_text("a,b\n" + "1," * 5000)

    with pytest.raises(RunFolderError, match="a line has more than 100 characters"):
        load_csv(tmp_path / "a.csv")


def test_a_table_larger_than_any_of_ours_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MOST_TABLE", 100)
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 50)

    with pytest.raises(RunFolderError, match="has 204 bytes; at most 100 are read"):
        load_csv(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"a,b\n1\n", b"a\n1,2\n", b"a,b\n\xff,2\n", b'a,b\n"' + b"x" * 140_000 + b'",2\n']
)
def test_a_damaged_table_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)

    with pytest.raises(RunFolderError, match=r"a\.csv is damaged"):
        load_csv(tmp_path / "a.csv")


def test_the_checksum_of_a_member_is_compared(tmp_path: Path) -> None:
    save_npz(tmp_path / "a.npz", {"x": np.arange(3.0)})
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(b"PK\x01\x02") + 16] ^= 1
    (tmp_path / "a.npz").write_bytes(content)

    with pytest.raises(RunFolderError, match="CRC"):
        load_npz(tmp_path / "a.npz")


def test_an_archive_of_another_program_is_read_as_numpy_reads_it(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, x=np.arange(4), y=np.array(["2024-01-31"], "M8[D]"))
    (tmp_path / "a.npz").write_bytes(stream.getvalue())

    read = load_npz(tmp_path / "a.npz")

    assert read["x"].tolist() == [0, 1, 2, 3]
    assert str(read["y"][0]) == "2024-01-31"
