"""Bad data files, end to end: exit code 3, one message with the path, no traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Dlrun = Callable[..., Any]

LAYERS = "layers: [Dense: 4]\n"
CSV = "dataset: {source: csv, path: data.csv, target: y}\n"
NPZ = "dataset: {source: npz, path: data.npz, inputs: x, targets: y}\n"
IMAGES = "dataset: {source: image_folder, path: pictures, size: [4, 4]}\n"
ROWS = "x,y\n" + "".join(f"{row},{row % 2}\n" for row in range(40))


def checked(dlrun: Dlrun, folder: Path, dataset: str) -> Any:
    (folder / "spec.yaml").write_text(dataset + LAYERS)
    done = dlrun("check", "spec.yaml", "--data")
    assert "Traceback" not in done.err
    assert "\x1b" not in done.out + done.err
    return done


def refused(dlrun: Dlrun, folder: Path, dataset: str, words: str) -> None:
    done = checked(dlrun, folder, dataset)

    assert done.code == 3
    assert words in done.err


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no file"),
        (os.mkdir, "is a folder"),
        (os.mkfifo, "not an ordinary file"),
        (lambda path: path.symlink_to(path), "data.csv' is a link that leads nowhere"),
        (lambda path: path.symlink_to("gone.csv"), "data.csv' is a link that leads nowhere"),
        (lambda path: path.symlink_to("/dev/zero"), "not an ordinary file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(100)), "NUL byte"),
    ],
    ids=["missing", "folder", "FIFO", "link to itself", "broken link", "device", "0 bytes", "another kind"],
)
def test_what_is_no_table_is_a_data_error(
    dlrun: Dlrun, tmp_path: Path, make: Callable[[Path], Any], words: str
) -> None:
    make(tmp_path / "data.csv")

    refused(dlrun, tmp_path, CSV, words)


def test_a_file_that_may_not_be_read_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(CSV + LAYERS)
    (tmp_path / "data.csv").write_text(ROWS)
    (tmp_path / "data.csv").chmod(0)
    command = [sys.executable, "-m", "dlrun", "check", "spec.yaml", "--data"]
    if os.geteuid() == 0:  # root may read everything, unless it gives that right away
        if not shutil.which("setpriv"):
            pytest.skip("root may read everything, and there is no setpriv")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 3
    assert "data.csv' cannot be read: Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def test_hdf5_is_no_format_that_is_read(dlrun: Dlrun, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.zeros((4, 2))
        file["y"] = h5py.ExternalLink("/etc/hostname", "/")
    (tmp_path / "data.npz").write_bytes((tmp_path / "data.h5").read_bytes())

    refused(dlrun, tmp_path, NPZ, "data.npz' is damaged, or not what its name says")
    refused(dlrun, tmp_path, CSV.replace("data.csv", "data.h5"), "data.h5' ")
    done = checked(dlrun, tmp_path, "dataset: data.h5\n")
    assert done.code == 2
    assert "'data.h5'" in done.err


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9])
def test_a_truncated_archive_is_a_data_error(dlrun: Dlrun, tmp_path: Path, cut: float) -> None:
    np.savez_compressed(tmp_path / "data.npz", x=np.random.default_rng(0).random((40, 3)), y=np.arange(40) % 2)
    content = (tmp_path / "data.npz").read_bytes()
    (tmp_path / "data.npz").write_bytes(content[: int(len(content) * cut)])

    refused(dlrun, tmp_path, NPZ, "data.npz' is damaged")


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = (8, 6), form: str | None = None) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, 3).save(path, form)


def pictures(folder: Path) -> Path:
    for number in range(4):
        for name in ("cat", "dog"):
            picture(folder / "pictures" / name / f"{number}.png", size=(8 + number, 6))
    return folder / "pictures"


def test_pictures_of_odd_kinds_are_read(dlrun: Dlrun, tmp_path: Path) -> None:
    home = pictures(tmp_path)
    picture(home / "cat" / "print.jpg", "CMYK")
    picture(home / "cat" / "grey.png", "L")
    picture(home / "dog" / "really a gif.jpg", "P", form="GIF")
    (home / "dog" / "._0.png").write_bytes(b"what a Mac leaves on other disks")

    done = checked(dlrun, tmp_path, IMAGES + "evaluation: {test: none}\n")

    assert done.code == 0, done.err
    assert "shape (11, 4, 4, 3)" in done.out


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda home: (home / "dog" / "4.png").write_bytes(b""), "4.png"),
        (lambda home: (home / "dog" / "4.jpg").write_bytes((home / "dog" / "0.png").read_bytes()[:40]), "4.jpg"),
        (lambda home: (home / "dog" / "again").symlink_to(home), "again' is a link to"),
        (lambda home: (home / "dog" / "4.png").symlink_to(home / "nowhere"), "4.png' is a link that leads nowhere"),
        (lambda home: (home / "bird").mkdir(), "bird"),
        (lambda home: (home / "dog" / "\x1b[31m.png").write_bytes(b""), "\\x1b[31m.png"),
    ],
    ids=["0 bytes", "truncated", "loop of links", "broken link", "empty class", "ANSI in a name"],
)
def test_folders_with_something_wrong_are_a_data_error(
    dlrun: Dlrun, tmp_path: Path, make: Callable[[Path], Any], words: str
) -> None:
    make(pictures(tmp_path))

    refused(dlrun, tmp_path, IMAGES, words)


@pytest.mark.parametrize("batch", [1000, 10_000_000])
def test_a_batch_may_be_larger_than_the_data(dlrun: Dlrun, tmp_path: Path, batch: int) -> None:
    (tmp_path / "data.csv").write_text(ROWS)

    assert checked(dlrun, tmp_path, f"{CSV}task: binary\ntraining: {{batch_size: {batch}}}\n").code == 0
