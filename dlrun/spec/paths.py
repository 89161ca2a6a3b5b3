"""Where a file that a spec names lies: relative to the folder of the file that says so, ``~`` written out."""

from __future__ import annotations

import os
from collections.abc import Callable

from dlrun.errors import Path
from dlrun.spec.document import Findings

FolderOf = Callable[[Path], str]
"""Tells the folder that a relative path at a place of the spec starts from."""


def from_the_root(name: str, path: Path, folder_of: FolderOf, findings: Findings) -> str | None:
    """Write the name of a file from the root; None, with a problem noted, where it can be no file's name.

    Args:
        name: as the spec says it.
        path: where it says so.
        folder_of: tells where a relative name starts from.
        findings: gets the problem.
    """
    if not name or "\0" in name:
        kind = "one with a NUL byte" if name else "an empty one"
        findings.add(f"expected the name of a file, not {kind}", path)
        return None
    return os.path.normpath(os.path.join(folder_of(path), os.path.expanduser(name)))
