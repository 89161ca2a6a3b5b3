"""What lies in a folder and below it: nothing hidden, and nothing that never ends."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dlrun.data.sources.files import ELSEWHERE, unreadable
from dlrun.errors import DataError


def folders_in(home: Path) -> list[str]:
    """List the folders in a folder, sorted, without hidden ones."""
    try:
        with os.scandir(home) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except NotADirectoryError:
        raise DataError(f"'{home}' is a file; expected a folder that has a folder for each class") from None
    except FileNotFoundError:
        raise DataError(f"there is no folder '{home}'", hint=ELSEWHERE) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise unreadable(home, error) from error


def files_below(top: Path, home: Path, above: Sequence[Path]) -> Iterator[str]:
    """Yield the files in a class folder and below it, by their names from ``top`` on, in no order that means anything.

    Folders behind links are read too. One that is met a second time would count its files twice, or never end.
    """
    seen = {_identity(folder): str(folder) for folder in above}
    prefix = len(str(top).rstrip(os.sep)) + 1
    waiting = [str(home)]
    while waiting:
        folder = waiting.pop()
        if (identity := _identity(folder)) in seen:
            hint = "remove the link"
            raise DataError(f"'{folder}' is a link to '{seen[identity]}', which is read already", hint=hint)
        seen[identity] = folder
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        waiting.append(entry.path)
                    elif entry.is_file():
                        yield entry.path[prefix:].replace(os.sep, "/")
                    else:
                        raise _no_file(entry.path)
        except OSError as error:
            raise unreadable(folder, error) from error


def _identity(folder: str | Path) -> tuple[int, int]:
    try:
        found = os.stat(folder)
    except OSError as error:
        raise unreadable(folder, error) from error
    return found.st_dev, found.st_ino


def _no_file(path: str) -> DataError:
    """Make the error for what is neither a file nor a folder: opening a named pipe would wait for ever."""
    if os.path.islink(path):
        return DataError(f"'{path}' is a link that leads nowhere", hint="remove it, or bring the file back")
    return DataError(f"'{path}' is neither a file nor a folder", hint="take it out of the folder")
