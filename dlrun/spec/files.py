"""Gets the text of a spec's file: nothing but a readable, small UTF-8 file with printable characters comes through."""

from __future__ import annotations

import errno
import os
import re
import stat
from difflib import get_close_matches
from pathlib import Path

from dlrun.errors import Place, Problem, SpecError

MAX_BYTES = 1_000_000
"""Far above any spec written by hand, far below what would keep a parser busy."""

LINE_BREAK = re.compile(r"\r\n|\r|\n")
# All that YAML forbids, and the odd line breaks of Unicode, which editors and parsers count differently.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_CONFLICT = re.compile(r"^(<{7}|>{7}|\|{7})( |$)|^={7}$")
_SHOWN = 160


def read_text(file: str) -> str:
    """Read a spec's file.

    Raises:
        SpecError: it is missing, not a plain file, too large, not UTF-8, holds characters that YAML does not allow, or
            has a merge conflict in it.
    """
    text = _decode(_read_bytes(file), file)
    problems = text_problems(text, file)
    if problems:
        raise SpecError(problems)
    return text


def place_in(lines: list[str], file: str, line: int, column: int) -> Place:
    """Point at a spot. Line and column count from 0 here, as parsers count."""
    text = lines[line] if line < len(lines) else ""
    return Place(file, line + 1, column + 1, text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def text_problems(text: str, file: str) -> list[Problem]:
    """Find characters that YAML does not allow, and what a merge left behind."""
    lines = LINE_BREAK.split(text)
    bad = _FORBIDDEN.search(text)
    if bad:
        before = LINE_BREAK.split(text[: bad.start()])
        place = place_in(["" for _ in before], file, len(before) - 1, len(before[-1]))
        name = "a NUL byte" if bad[0] == "\0" else f"the character U+{ord(bad[0]):04X}"
        hint = None if bad[0] == "\0" else f'inside a text in double quotes it can be written as "{_escape(bad[0])}"'
        return [Problem(f"the file holds {name}, which YAML does not allow", place=place, hint=hint)]
    return [
        Problem(
            "a merge conflict was left in the file",
            place=place_in(lines, file, index, 0),
            hint="keep one of the two versions and delete the markers",
        )
        for index, line in enumerate(lines)
        if _CONFLICT.match(line)
    ]


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _read_bytes(file: str) -> bytes:
    """Read a plain file without ever waiting for one that is none, such as a pipe."""
    if file == "-":
        raise _refused(file, "a spec is read from a file, not from standard input", "give the name of a file")
    try:
        # Non-blocking: opening a pipe that nobody writes to would wait for ever.
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise _not_opened(file, error) from error
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        if stat.S_ISDIR(mode):
            raise _is_folder(file)
        raise _refused(file, "is not a plain file", "a spec is read from a file on disk")
    with os.fdopen(handle, "rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _refused(file, f"is larger than {MAX_BYTES // 1_000_000} MB", "is this a spec, or a data file?")
    return content


def _refused(file: str, message: str, hint: str | None) -> SpecError:
    return SpecError([Problem(message if file == "-" else f"'{printable(file)}' {message}", hint=hint)])


def _not_opened(file: str, error: OSError | ValueError) -> SpecError:
    """Say why a file could not be opened, and which file may be meant."""
    code = error.errno if isinstance(error, OSError) else None
    if code in {errno.ENOENT, errno.ENOTDIR}:
        return _refused(file, "does not exist", _near_files(Path(file)))
    if code == errno.EISDIR or (code == errno.EACCES and os.path.isdir(file)):
        return _is_folder(file)
    if code in {errno.EACCES, errno.EPERM}:
        return _refused(file, "may not be read", "permission denied: see its owner and mode")
    if code == errno.ELOOP:
        return _refused(file, "is a link that leads back to itself", None)
    reason = error.strerror if isinstance(error, OSError) else "a name cannot hold a NUL byte"
    return _refused(file, f"cannot be opened: {reason}", None)


def _is_folder(file: str) -> SpecError:
    found = _specs_in(Path(file))
    return _refused(file, "is a folder", f"specs in it: {', '.join(found)}" if found else "give the name of a file")


def _near_files(path: Path) -> str | None:
    """Suggest a file beside the missing one."""
    found = {Path(name).stem: name for name in _specs_in(path.parent)}
    near = get_close_matches(path.stem, found, 1)
    return f"did you mean '{printable(str(path.parent / found[near[0]]))}'?" if near else None


def _specs_in(folder: Path) -> list[str]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith((".yaml", ".yml")))
    except (OSError, ValueError):
        return []
    return [printable(name) for name in names[:50]]


def printable(text: str, most: int = 80) -> str:
    """Make a text fit to show: control characters and half surrogates escaped, and not endless."""
    shown = text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:most])
    return shown if len(shown) <= most else f"{shown[:most]}..."


def _decode(content: bytes, file: str) -> str:
    """Take UTF-8, with or without a byte order mark, and nothing else."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or (b"\0" in content[:4] and content[:4].count(0) >= 2):
        raise _refused(file, "is UTF-16 or UTF-32", "save it as UTF-8")
    if b"\0" in content[:2]:
        raise _refused(file, "is UTF-16, or no text at all", "save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        lines = LINE_BREAK.split(before)
        place = place_in(["" for _ in lines], file, len(lines) - 1, len(lines[-1]))
        byte = error.object[error.start]
        message = f"the byte 0x{byte:02X} is not UTF-8; the file may be Latin-1"
        raise SpecError([Problem(message, place=place, hint="save it as UTF-8")]) from error
