"""Folders of pictures, one folder a class: every file is read once, decoded and kept as bytes of pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlrun.data import scratch
from dlrun.data.assembly import assemble
from dlrun.data.chunks import stretches
from dlrun.data.dataset import Array, Dataset, Hashes, Indices
from dlrun.data.row_hashes import join
from dlrun.data.sources.folders import ClassFiles, find_class_files, folder_file, note_on_others
from dlrun.data.sources.pictures import BadPicture, Form, Pixels, decode, strictly
from dlrun.errors import DataError
from dlrun.spec.sources import ImageFolderSource

ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".gif", ".bmp"})
THREADS = 2
AT_A_TIME = 64
"""Files whose pixels may be in memory at once, beside the array that they go to."""
_LISTED = 5


@dataclass(frozen=True)
class _File:
    """What came of one file: pixels, or why there are none."""

    sha256: str
    bytes: int
    pixels: Pixels | None
    fault: str = ""


@dataclass(frozen=True)
class _Pictures:
    """What came of a folder: the pixels of the good rows, which rows these are, and what is wrong with the others."""

    pixels: Array
    good: Indices
    faults: dict[int, str]
    sha256: list[str]
    bytes: int


def load(source: ImageFolderSource) -> Dataset:
    """Load a folder of pictures; ``train``, ``validation`` and ``test`` in it are the provided parts.

    Returns:
        Inputs (rows, height, width, channels) uint8, in memory up to 1 GiB, else in a scratch file that is mapped; the
        names of the files as ids.

    Raises:
        DataError: the folder is not as expected, has changed, or some of its files are no pictures and the spec does
            not say ``on_bad: skip``.
    """
    files = find_class_files(source.path, ENDINGS, source.classes)
    form = Form(source.size or _size_of_first(files, source), source.colour)
    pictures = _read_all(files, form, resized=source.size is not None)
    folder = folder_file(files, pictures.bytes, pictures.sha256, source.sha256)
    warnings = _judge(files, pictures.faults, source)
    good = pictures.good
    names, labels = np.array(files.names, object)[good], files.labels[good]
    validation_from, test_from = np.searchsorted(good, [files.validation_from, files.test_from]).tolist()
    _require_classes(files, labels[:validation_from])
    return assemble(
        Path(source.path).name,
        "binary" if len(files.classes) == 2 else "multiclass",
        pictures.pixels,
        labels,
        validation_from=validation_from,
        test_from=test_from if test_from < len(labels) else None,
        class_names=files.classes,
        ids={"file": names},
        records=_Records(np.array([int(pictures.sha256[row][:16], 16) for row in good], np.uint64), labels),
        files=(folder,),
        notes=note_on_others(files, ENDINGS),
        warnings=warnings,
    )


@dataclass(frozen=True)
class _Records:
    """A record is a file's content and its class, whatever size it is brought to."""

    contents: Hashes
    labels: Indices

    def __call__(self, rows: Indices) -> Hashes:
        return join(self.contents[rows], self.labels[rows].astype(np.uint64))


def _size_of_first(files: ClassFiles, source: ImageFolderSource) -> tuple[int, int]:
    """Return height and width of the first file that can be read."""
    faults = {}
    with strictly():
        for row in range(len(files)):
            file = _read(files, row, Form(None, source.colour))
            if file.pixels is not None:
                return file.pixels.shape[0], file.pixels.shape[1]
            faults[row] = file.fault
    raise _bad(files, faults)


def _read_all(files: ClassFiles, form: Form, *, resized: bool) -> _Pictures:
    """Read and decode every file, some at a time; ``resized``: pictures of another size are brought to the form's."""
    assert form.size is not None
    shape = (len(files), *form.size, form.channels)
    pixels = scratch.array_for(shape, np.dtype(np.uint8), f"the pictures in '{files.root}'")
    good: list[int] = []
    faults: dict[int, str] = {}
    digests, size = [], 0
    for row, file in _decoded(files, form if resized else Form(None, form.colour)):
        digests.append(file.sha256)
        size += file.bytes
        if file.pixels is None:
            faults[row] = file.fault
            continue
        if file.pixels.shape != shape[1:]:
            raise _of_two_sizes(files, row, file.pixels.shape, form.size)
        pixels[len(good)] = file.pixels
        good.append(row)
    return _Pictures(pixels[: len(good)], np.array(good, np.int64), faults, digests, size)


def _decoded(files: ClassFiles, form: Form) -> Iterator[tuple[int, _File]]:
    """Yield each row and what came of its file, in the order of the rows."""
    with strictly(), ThreadPoolExecutor(THREADS) as pool:
        for stretch in stretches(len(files), AT_A_TIME):
            rows = range(stretch.start, stretch.stop)
            yield from zip(rows, pool.map(lambda row: _read(files, row, form), rows), strict=True)


def _read(files: ClassFiles, row: int, form: Form) -> _File:
    try:
        content = files.read(row)
    except DataError as error:
        return _File("", 0, None, error.message)
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        return _File(sha256, len(content), decode(content, form))
    except BadPicture as fault:
        return _File(sha256, len(content), None, str(fault))


def _judge(files: ClassFiles, faults: dict[int, str], source: ImageFolderSource) -> tuple[str, ...]:
    """Refuse files that are no pictures, or warn of them."""
    if not faults:
        return ()
    if source.on_bad == "fail":
        raise _bad(files, faults)
    return (f"{_told(files, faults)}: left out",)


def _bad(files: ClassFiles, faults: dict[int, str]) -> DataError:
    hint = "bring sound files, take these away, or write `on_bad: skip` to leave them out"
    return DataError(f"{_told(files, faults)}", hint=hint)


def _told(files: ClassFiles, faults: dict[int, str]) -> str:
    listed = [f"{files.names[row]} ({fault})" for row, fault in list(faults.items())[:_LISTED]]
    more = f" and {len(faults) - _LISTED:,} more" if len(faults) > _LISTED else ""
    count = f"{len(faults):,} of the {len(files):,} pictures in '{files.root}' cannot be read"
    return f"{count}: {', '.join(listed)}{more}"


def _of_two_sizes(files: ClassFiles, row: int, shape: Sequence[int], size: tuple[int, int]) -> DataError:
    return DataError(
        f"the pictures in '{files.root}' differ in size: the first is {size[0]} × {size[1]} pixels (height × width), "
        f"'{files.names[row]}' is {shape[0]} × {shape[1]}",
        hint=f"`size: [{size[0]}, {size[1]}]` brings them all to one size",
    )


def _require_classes(files: ClassFiles, labels: Indices) -> None:
    """Refuse a class of which no training picture could be read."""
    present = np.unique(labels)
    for label, name in enumerate(files.classes):
        if label not in present:
            raise DataError(f"'{files.root}' has no training picture of the class '{name}' that can be read")
