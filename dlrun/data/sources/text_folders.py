"""Texts in files of their own, one folder a class."""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path

import numpy as np

from dlrun.data.assembly import assemble
from dlrun.data.dataset import Dataset, TextRows
from dlrun.data.identity import ArrayRecords
from dlrun.data.sources.folders import find_class_files, folder_file, note_on_others
from dlrun.errors import DataError
from dlrun.spec.sources import TextFolderSource

ENDINGS = frozenset({".txt"})


def load(source: TextFolderSource) -> Dataset:
    """Load a folder of texts: a row for each file, the name of the file as its id.

    Args:
        source: names the folder (absolute), the classes and the encoding.

    Raises:
        DataError: the folder is not as it should be or has changed, or a file cannot be read, or is no text.
    """
    files = find_class_files(source.path, ENDINGS, source.classes)
    texts, digests, size = [], [], 0
    for row in range(len(files)):
        content = files.read(row)
        digests.append(hashlib.sha256(content).hexdigest())
        size += len(content)
        texts.append(_as_utf8(content, files.path(row), source.encoding))
    rows = TextRows.of_encoded(texts)
    # The names of classes, not their numbers, which hang on what other classes the spec lists.
    named = np.array(files.classes, object)[files.labels]
    return assemble(
        Path(source.path).name,
        "binary" if len(files.classes) == 2 else "multiclass",
        rows,
        files.labels,
        validation_from=files.validation_from,
        test_from=files.test_from,
        class_names=files.classes,
        ids={"file": np.array(files.names, object)},
        records=ArrayRecords(rows, named),
        files=(folder_file(files, size, digests, source.sha256),),
        notes=note_on_others(files, ENDINGS),
    )


def _as_utf8(content: bytes, path: Path, encoding: str) -> bytes:
    """Return a text in UTF-8, without a byte order mark."""
    body = content.removeprefix(codecs.BOM_UTF8) if codecs.lookup(encoding).name == "utf-8" else content
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        place = error.start + len(content) - len(body)
        raise DataError(
            f"'{path}' is not {encoding} text: byte 0x{content[place]:02x} at position {place} ({error.reason})",
            hint="save it in that encoding, or say which one it has, such as `encoding: latin-1`",
        ) from error
    if "\0" in text:
        hint = "if it is text in UTF-16, say `encoding: utf-16`"
        raise DataError(f"'{path}' holds a NUL byte: that is no {encoding} text", hint=hint)
    return text.encode("utf-8", "replace")
