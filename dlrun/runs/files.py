"""Writing and reading the files of a run folder: whole or not at all, in the formats that the folder promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from dlrun.runs import atomic, formats, record


class RunFiles(ABC):
    """The files in a run's folder, for a process that holds a lock on it or on a part of it.

    Names may have folders in them (``folds/i1-f3/outcome.npz``), which are made. All ``write_*`` raise RunFolderError
    when they cannot, and leave nothing half-written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    @property
    @abstractmethod
    def log(self) -> Path:
        """Where the log goes."""

    @abstractmethod
    def check_open(self) -> None:
        """Raise RuntimeError when nothing may be written any more."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Path]:
        """Give a temporary path with the suffix of ``name``; it becomes that file when the block ends well.

        Raises:
            RunFolderError: the file cannot be written; nothing is left of it.
        """
        self.check_open()
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            raise ValueError(f"{name!r} is not a name inside of a run folder")
        target = self.path / inside
        atomic.make_folders(self.path, target.parent)
        with atomic.staged(target) as temporary:
            yield temporary

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file whole."""
        with self.stage(name) as temporary:
            temporary.write_bytes(data)

    def write_text(self, name: str, text: str) -> None:
        """Write text as UTF-8, newlines as they are; what UTF-8 cannot say is escaped."""
        self.write_bytes(name, text.encode("utf-8", "backslashreplace"))

    def write_json(self, name: str, value: Any) -> None:
        """Write strict JSON: arrays as lists, NaN and infinities as null."""
        self.write_bytes(name, record.encode(value))

    def write_rows(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write CSV: None is an empty cell; text that a spreadsheet would take for a formula gets a ``'`` before it."""
        with self.stage(name) as temporary:
            formats.save_csv(temporary, header, rows)

    def write_arrays(self, name: str, **arrays: Any) -> None:
        """Write an npz without pickles: the same arrays give the same bytes."""
        with self.stage(name) as temporary:
            formats.save_npz(temporary, arrays)

    def write_state(self, name: str, arrays: Mapping[str, Any]) -> None:
        """Write an npz that does not live long: as it is, since packing takes ten times as long as writing."""
        with self.stage(name) as temporary:
            formats.save_npz(temporary, arrays, packed=False)

    def read_arrays(self, name: str) -> dict[str, Any]:
        """Read an npz that `write_arrays` wrote: arrays by name.

        Raises:
            RunFolderError: it is not there, or damaged.
        """
        return formats.load_npz(self.path / name)

    def has(self, name: str) -> bool:
        """Tell whether a file is there."""
        return (self.path / name).is_file()

    def remove(self, name: str) -> None:
        """Remove a file that is of no use any more, and its folder where that was the last one in it."""
        path = self.path / name
        with suppress(OSError):
            path.unlink(missing_ok=True)
            while (path := path.parent) != self.path:
                path.rmdir()

    def log_line(self, text: str) -> None:
        """Append a line to the log. It is for reading along: not synced, and a full disk does not end a run for it."""
        with suppress(OSError), self.log.open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text + "\n")
