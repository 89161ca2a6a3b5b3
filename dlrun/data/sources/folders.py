"""Folders of files, one folder a class: which file is which row, and one digest of them all.

Either the folder holds the class folders, or it holds ``train`` and perhaps ``validation`` and ``test``, and these hold
the class folders. What lies deeper belongs to the class folder above it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from dlrun import fingerprint
from dlrun.data.dataset import DataFile, Indices
from dlrun.data.sources.files import unreadable
from dlrun.data.sources.walking import files_below, folders_in
from dlrun.errors import DataError

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
_MOST_LISTED = 5


@dataclass(frozen=True)
class ClassFiles:
    """The files of class folders, a row each: training rows, then provided validation rows, then provided test rows.

    Within a part, rows stand by class and then by name, in the order of code points: the same on every machine.

    Args:
        root: the folder.
        classes: names of the class folders, in the order of class indices.
        names: of each row's file below ``root``, with ``/`` between folders, (rows,).
        labels: the class index of each row, (rows,) int64.
        validation_from: the first provided validation row.
        test_from: the first provided test row.
        others: files in class folders that are of another kind, by name; they are no rows.
    """

    root: Path
    classes: tuple[str, ...]
    names: tuple[str, ...]
    labels: Indices
    validation_from: int
    test_from: int
    others: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def path(self, row: int) -> Path:
        """Where a row's file lies."""
        return self.root / self.names[row]

    def read(self, row: int) -> bytes:
        """Read a row's whole file.

        Raises:
            DataError: it cannot be read.
        """
        try:
            return self.path(row).read_bytes()
        except OSError as error:
            raise unreadable(self.path(row), error) from error


def find_class_files(root: str, endings: Collection[str], classes: Sequence[str] | None = None) -> ClassFiles:
    """List the files of class folders. Hidden files and folders (``.x``, so ``._x`` too) are passed over.

    Args:
        root: the folder, absolute.
        endings: of file names, in lower case, such as ``{".txt"}``; capitals in a name do not count.
        classes: the class folders that are meant, in this order; None for all there are, sorted.

    Raises:
        DataError: there is no such folder or it cannot be read; fewer than two classes; a class folder is missing in a
            part or has no file of the kind; a link leads back to a folder that is read anyway.
    """
    top = Path(root)
    parts = _parts(top, classes)
    named = _named(parts, classes) if classes is not None else _found(top, parts)
    names: list[str] = []
    others: list[str] = []
    labels: list[int] = []
    starts: dict[Part, int] = {}
    for part in PARTS:
        starts[part] = len(names)
        for label, name in enumerate(named if part in parts else ()):
            home = parts[part] / name
            files = list(files_below(top, home, [top, parts[part]]))
            wanted = sorted(file for file in files if os.path.splitext(file)[1].lower() in endings)
            if not wanted:
                found = f"{len(files):,} of another kind" if files else "none at all"
                raise DataError(f"'{home}' has no files that end in {', '.join(sorted(endings))}: {found}")
            names += wanted
            others += sorted(set(files) - set(wanted))
            labels += [label] * len(wanted)
    return ClassFiles(
        top, named, tuple(names), np.array(labels, np.int64), starts["validation"], starts["test"], tuple(others)
    )


def folder_digest(contents: Iterable[tuple[str, str]]) -> str:
    """Digest the files of a folder: one sha256 that changes with every name and every content.

    Args:
        contents: name below the folder, with ``/`` between folders, and hexadecimal sha256 of each file, in any order.

    Returns:
        The sha256 of the lines "name, NUL, sha256, newline" in the order of the names.
    """
    digest = hashlib.sha256()
    for name, sha256 in sorted(contents):
        digest.update(os.fsencode(name) + f"\0{sha256}\n".encode())
    return digest.hexdigest()


def examine_folder(files: ClassFiles, sha256: Sequence[str] | None = None) -> DataFile:
    """Read every file once, and note the sizes and the digest of all.

    Args:
        files: of the folder.
        sha256: what the digest must be, the only entry; None for anything.

    Raises:
        DataError: a file cannot be read, or the folder has changed.
    """
    sizes, digests = 0, []
    for row in range(len(files)):
        try:
            sizes += files.path(row).stat().st_size
            digests.append(fingerprint.of_file(files.path(row)))
        except OSError as error:
            raise unreadable(files.path(row), error) from error
    return folder_file(files, sizes, digests, sha256)


def folder_file(files: ClassFiles, size: int, digests: Sequence[str], sha256: Sequence[str] | None) -> DataFile:
    """Make the entry for a folder whose files have been read; for loaders that read them anyway.

    Args:
        files: of the folder.
        size: bytes in all of them.
        digests: hexadecimal sha256 of each row's file, (rows,).
        sha256: what the folder's digest must be, the only entry; None for anything.

    Raises:
        DataError: the folder has changed.
    """
    found = folder_digest(zip(files.names, digests, strict=True))
    if sha256 is not None and list(sha256) != [found]:
        raise DataError(
            f"the folder '{files.root}' has changed: the sha256 of its {len(files):,} files is {found}, the spec says "
            f"{', '.join(sha256)}",
            hint="bring the old files back, or take `sha256` out of the spec if the new ones are meant",
        )
    return DataFile(str(files.root), size, found)


def note_on_others(files: ClassFiles, endings: Collection[str]) -> tuple[str, ...]:
    """Say which files in class folders are of another kind and are no rows; nothing where there are none."""
    if not files.others:
        return ()
    more = ", ..." if len(files.others) > _MOST_LISTED else ""
    listed = ", ".join(files.others[:_MOST_LISTED]) + more
    what, out = ("file does not", "is") if len(files.others) == 1 else ("files do not", "are")
    ends = ", ".join(sorted(endings))
    return (f"{len(files.others):,} {what} end in {ends} and {out} left out: {listed}",)


def _parts(top: Path, classes: Sequence[str] | None) -> dict[Part, Path]:
    """Tell the folders that hold class folders: the one there is, or those of training, validation and test rows."""
    folders = folders_in(top)
    there: list[Part] = [part for part in PARTS if part in folders]
    # A class may be called "test", where the spec says so.
    if not there or set(there) <= set(classes or ()):
        return {"train": top}
    if "train" not in there:
        raise DataError(
            f"'{top}' has a folder '{there[0]}' and no folder 'train'",
            hint=f"if '{there[0]}' is a class, list the class folders under `classes`",
        )
    if strange := [name for name in folders if name not in PARTS]:
        raise DataError(
            f"'{top}' has a folder '{strange[0]}' beside 'train'; expected 'train', 'validation' and 'test' alone",
            hint="a validation set lies in a folder 'validation'; put all else somewhere else",
        )
    return {part: top / part for part in there}


def _named(parts: dict[Part, Path], classes: Sequence[str]) -> tuple[str, ...]:
    """Return the classes that are asked for, after looking for the folder of each in every part."""
    from dlrun.registry.nearest import nearest

    for home in parts.values():
        folders = folders_in(home)
        for name in classes:
            if name not in folders:
                close = nearest(name, folders)
                hint = f"did you mean '{close}'?" if close else f"its folders: {', '.join(folders[:30]) or 'none'}"
                raise DataError(f"'{home}' has no folder '{name}' (classes of the spec)", hint=hint)
    return tuple(classes)


def _found(top: Path, parts: dict[Part, Path]) -> tuple[str, ...]:
    """Name the classes by their folders, which must be the same in every part."""
    by_part = {part: folders_in(home) for part, home in parts.items()}
    for part, folders in by_part.items():
        for other, names in by_part.items():
            if lacking := [name for name in folders if name not in names]:
                both = [name for name in folders if name in names]
                raise DataError(
                    f"'{top}' has the class folder '{lacking[0]}' in '{part}', but not in '{other}'",
                    hint=f"name the class folders that are meant: `classes: [{', '.join(both)}]`" if both[1:] else None,
                )
    classes = tuple(by_part["train"])
    if len(classes) < 2:
        found = f"one class folder only: '{classes[0]}'" if classes else "no class folders"
        raise DataError(f"'{parts['train']}' has {found}; expected a folder for each class, two at least")
    return classes
